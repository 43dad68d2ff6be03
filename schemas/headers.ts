import { Type } from '@sinclair/typebox'

/** Headers are never closed: clients and proxies add their own. */
export const IfMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      maxLength: 200,
      description: 'The `ETag` that was read: the change is refused with 412 when the resource has changed since.',
    }),
  ),
})

/** Printable ASCII, and no space at an end, where HTTP would drop it. */
export const IDEMPOTENCY_KEY_PATTERN = '^[!-~]([ -~]{0,253}[!-~])?$'

export const IdempotencyKey = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: IDEMPOTENCY_KEY_PATTERN,
      description: 'Makes the request repeatable for 24 hours: the same key and body get the first answer again.',
      example: '5f1d9a5e-1c1b-4f7e-9f0e-3a8f6a2f4c11',
    }),
  ),
})

export const LastEventId = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'The `id` of the last event that arrived: the next ones follow.',
    }),
  ),
})

export const Prefer = Type.Object({
  prefer: Type.Optional(
    Type.String({
      maxLength: 200,
      description: '`wait=20` waits for so many seconds, 60 at most, for the end of the run (RFC 7240).',
      example: 'wait=20',
    }),
  ),
})
