import { type TUnsafe, Type } from '@sinclair/typebox'
import { closed, component } from './component.ts'

export const ErrorDetail = component(
  'ErrorDetail',
  closed(
    {
      path: Type.String({
        description:
          'Where it is wrong: a JSON pointer into the body (`/config/cron`), or `query/limit`, `params/orgId`, `headers/if-match`.',
      }),
      message: Type.String({ description: 'What is wrong there.' }),
      before: Type.Optional(Type.Unknown({ description: 'With `digest_mismatch`: what the caller saw there.' })),
      after: Type.Optional(Type.Unknown({ description: 'With `digest_mismatch`: what stands there now.' })),
    },
    {
      description: 'One thing wrong with one place of the request.',
      example: { path: '/name', message: 'must be string' },
    },
  ),
)

export const ErrorBody = component(
  'Error',
  closed(
    {
      error: Type.String({ description: 'A sentence, or a known string of the API.' }),
      code: Type.String({ description: 'Stable, for programs: snake_case. Others may come.' }),
      request_id: Type.String({ description: 'Also in the `X-Request-Id` header and in the log of the server.' }),
      details: Type.Optional(Type.Array(Type.Unsafe<{ path: string; message: string }>({ $ref: ErrorDetail.$id }))),
    },
    {
      description: 'The one shape of every error.',
      example: { error: 'invalid kind', code: 'invalid_kind', request_id: '6f0c1c5e-8f0f-4a86-8f42-0d9f7f1f8f5b' },
    },
  ),
)

/** The name of the response of each status of an error, and what it says, wherever it stands in the document. */
export const DESCRIPTIONS = {
  400: ['BadRequest', 'What was sent is not valid; `details` says where.'],
  401: ['Unauthorized', 'No token, or one that is not valid now.'],
  403: ['Forbidden', 'The caller is known, and may not do this.'],
  404: ['NotFound', 'It does not exist, or not in this space.'],
  409: ['Conflict', 'The request is fine, and the present state does not allow it.'],
  412: ['PreconditionFailed', 'It changed since it was read; the `ETag` header has its present version.'],
  413: ['BodyTooLarge', 'The body is larger than 1 MiB; an event, than 25 MiB.'],
  415: ['UnsupportedMediaType', 'The body is not uncompressed `application/json`.'],
  422: ['IdempotencyKeyReused', 'The `Idempotency-Key` was used with another request.'],
  428: ['PreconditionRequired', 'The caller must say what it saw, with `digest` or `If-Match`.'],
  429: ['TooManyRequests', 'Too many requests; `Retry-After` says when to come again.'],
  500: ['InternalError', 'A fault of the server.'],
  503: ['Unavailable', "The server or its database can't take work now; `Retry-After` says when to come again."],
} as const

export type ErrorStatus = keyof typeof DESCRIPTIONS
type ErrorResponse = TUnsafe<{ error: string; code: string; request_id: string }>

/** The entries of a route's `response` for these statuses, all with the shared error. */
export function errors<S extends ErrorStatus>(...statuses: S[]): Record<S, ErrorResponse> {
  const entries = statuses.map((status) => [status, { $ref: ErrorBody.$id, description: DESCRIPTIONS[status][1] }])
  return Object.fromEntries(entries)
}
