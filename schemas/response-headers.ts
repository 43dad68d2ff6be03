/** What the headers of answers say, by name, as OpenAPI writes it. */
export const HEADERS = {
  'X-Request-Id': {
    description: 'The request, also as `request_id` in errors, and in the log of the server.',
    schema: { type: 'string', format: 'uuid' },
  },
  'RateLimit-Limit': {
    description: 'How many requests the caller may make in a minute. Absent where the server sets no limit.',
    schema: { type: 'integer', format: 'int32' },
  },
  'RateLimit-Remaining': {
    description: 'How many of them are left. Absent where the server sets no limit.',
    schema: { type: 'integer', format: 'int32' },
  },
  'RateLimit-Reset': {
    description: 'Seconds until the minute is over. Absent where the server sets no limit.',
    schema: { type: 'integer', format: 'int32' },
  },
  'Access-Control-Allow-Origin': {
    description: 'The origin of the page that asks, where `CORS_ORIGIN` lets it.',
    schema: { type: 'string' },
  },
  ETag: {
    description: 'The version of what is shown, for `If-Match`.',
    schema: { type: 'string' },
  },
  'Idempotency-Replayed': {
    description: '`true` where this is the first answer again.',
    schema: { type: 'string', enum: ['true'] },
  },
  'Retry-After': {
    description: 'Seconds to wait before asking again.',
    schema: { type: 'integer', format: 'int32' },
  },
  'WWW-Authenticate': {
    description: 'The scheme that is wanted (RFC 6750); `Signature` where the body must be signed.',
    schema: { type: 'string', enum: ['Bearer', 'Signature'] },
  },
} as const

export type HeaderName = keyof typeof HEADERS
