import createClient from 'openapi-fetch'
import type { Error as ErrorBody, ErrorDetail, paths } from './api.d.ts'
import { parseExactly } from './text/exact.ts'

/** The path under which a proxy serves all of this; empty without one. */
export const BASE = document.querySelector<HTMLMetaElement>('meta[name="base-path"]')?.content ?? ''

/** The server said no. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: string
  readonly details: readonly ErrorDetail[]
  readonly requestId: string | undefined

  constructor(status: number, { error, code, details, request_id }: ErrorBody) {
    super(error)
    this.status = status
    this.code = code
    this.details = details ?? []
    this.requestId = request_id
  }
}

/** The server was not reached, or what answered was not it. */
export class Away extends Error {
  override readonly name = 'Away'
}

/** Every operation of the API. The cookie goes along by itself. */
export const api = createClient<paths>({ baseUrl: BASE, credentials: 'same-origin', fetch: reach })

/** What stands in each answer, with its numbers as they were written. */
const bodies = new WeakMap<Response, unknown>()

async function reach(request: Request): Promise<Response> {
  try {
    const response = await fetch(request)
    if (!response.headers.get('content-type')?.startsWith('application/json')) return response
    const text = await response.text()
    const copy = new Response(text, response)
    bodies.set(copy, parseExactly(text))
    return copy
  } catch (cause) {
    // A page that was left takes its requests along: that is nobody's failure.
    if (request.signal.aborted) throw cause
    throw new Away('The server can’t be reached.', { cause })
  }
}

/**
 * The body of an answer, by what was asked.
 *
 * @throws Refusal where the server said no.
 * @throws Away where no answer came, or none of this server's.
 */
export async function answer<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked
  const body = bodies.get(response)
  // Who asked for a text reads it by themselves.
  if (response.ok) return (typeof data === 'string' ? data : (body ?? data)) as T
  const refusal = body ?? error
  if (isErrorBody(refusal)) throw new Refusal(response.status, refusal)
  throw new Away(`Something else answered, with ${response.status}.`)
}

function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === 'object' && body !== null && 'code' in body && 'error' in body
}
