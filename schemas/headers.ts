import { Type } from '@sinclair/typebox'
import { component, ref } from './component.ts'

export const EntityTag = component(
  'EntityTag',
  Type.String({
    maxLength: 200,
    pattern: '^[ -~]+$',
    description: 'The `ETag` that was read: the change is refused with 412 when the resource has changed since.',
  }),
)

/** Printable ASCII, and no space at an end, where HTTP would drop it. */
export const IDEMPOTENCY_KEY_PATTERN = '^[!-~]([ -~]{0,253}[!-~])?$'

export const IdempotencyKey = component(
  'IdempotencyKey',
  Type.String({
    minLength: 1,
    maxLength: 255,
    pattern: IDEMPOTENCY_KEY_PATTERN,
    description: 'Makes the request repeatable for 24 hours: the same key and body get the first answer again.',
    example: '5f1d9a5e-1c1b-4f7e-9f0e-3a8f6a2f4c11',
  }),
)

/** Headers are never closed: clients and proxies add their own. */
export const IfMatch = Type.Object({ 'if-match': Type.Optional(ref(EntityTag)) })

export const Idempotent = Type.Object({ 'idempotency-key': Type.Optional(ref(IdempotencyKey)) })

export const LastEventId = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      pattern: '^[A-Za-z0-9_-]+$',
      description: 'The `id` of the last event that arrived: the next ones follow.',
    }),
  ),
})

export const Prefer = Type.Object({
  prefer: Type.Optional(
    Type.String({
      maxLength: 200,
      pattern: '^[ -~]*$',
      description: '`wait=20` waits for so many seconds, 60 at most, for the end of the run (RFC 7240).',
      example: 'wait=20',
    }),
  ),
})
