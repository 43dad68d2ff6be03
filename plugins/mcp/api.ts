import type { FastifyInstance, FastifyRequest } from 'fastify'
import { parseExact } from '../../db/exact-json.ts'
import type { Actor } from '../../src/access/actor.ts'
import type { ErrorDetail } from '../../src/errors.ts'

/** What a caller may ask for, by the operations of the API: their checks, limits and records are all there are. */
export type Api = {
  /** The service account that asks. */
  readonly staff: Extract<Actor, { type: 'service_account' }>
  /**
   * Asks for an operation as the caller would.
   *
   * @param path after `/api/v1`.
   * @returns the body of the answer, read so that no number loses digits.
   * @throws Refused
   */
  ask(method: Method, path: string, request?: { body?: unknown; headers?: Record<string, string> }): Promise<Answer>
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

// biome-ignore lint/suspicious/noExplicitAny: the document says what is in it
export type Answer = { body: any; etag: string | undefined }

/** An operation said no. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  readonly code: string
  readonly details: readonly ErrorDetail[]
  readonly requestId: string | undefined
  readonly afterSeconds: number | undefined

  constructor(
    message: string,
    {
      status,
      code,
      details = [],
      requestId,
      afterSeconds,
    }: { status: number; code: string; details?: readonly ErrorDetail[]; requestId?: string; afterSeconds?: number },
  ) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
    this.requestId = requestId
    this.afterSeconds = afterSeconds
  }
}

const verdicts = new WeakMap<FastifyRequest, boolean>()

/** Whether the token of a request held when an operation was last asked for with it; undefined before the first. */
export function heldLast(request: FastifyRequest): boolean | undefined {
  return verdicts.get(request)
}

/** Makes what asks for operations on behalf of whoever sent a request. */
export function apiOf(app: FastifyInstance, request: FastifyRequest): Api {
  const { actor, ip } = request
  if (actor.type !== 'service_account') throw new Error('only service accounts have tools')
  const authorization = request.headers.authorization ?? ''
  return {
    staff: actor,
    async ask(method, path, { body, headers } = {}) {
      const answer = await app.inject({
        method,
        // Nobody but this program has written what follows.
        validate: false,
        url: `/api/v1${path}`,
        // Who guesses is counted by where they are.
        remoteAddress: ip,
        headers: { ...headers, authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      })
      verdicts.set(request, answer.statusCode !== 401)
      const read = answer.body === '' ? {} : (parseExact(answer.body) as Record<string, unknown>)
      if (answer.statusCode >= 400) throw refusalOf(answer.statusCode, read, answer.headers['retry-after'])
      return { body: read, etag: answer.headers.etag }
    },
  }
}

function refusalOf(status: number, body: Record<string, unknown>, after: unknown): Refused {
  const { error, code, details, request_id } = body
  const seconds = Number(after)
  return new Refused(String(error), {
    status,
    code: String(code),
    // What stands in the query of an operation is an argument of its name.
    details: ((details ?? []) as ErrorDetail[]).map((each) => ({ ...each, path: each.path.replace(/^query\//, '/') })),
    requestId: String(request_id),
    ...(after === undefined || Number.isNaN(seconds) ? {} : { afterSeconds: seconds }),
  })
}
