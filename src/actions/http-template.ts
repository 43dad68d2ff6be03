import type { HttpRequestAction } from '../../schemas/actions/http-request.ts'
import type { Method } from '../egress/guard.ts'
import { escapePointer } from '../json-pointer.ts'
import type { Scope } from './action.ts'
import { render, type SecretUse } from './template.ts'

/** A request with its templates filled in. Header names in lower case; a body that is not a string goes as JSON. */
export type RenderedRequest = { method: Method; url: string; headers: Record<string, string>; body: unknown }

/** A place of the config whose template can't be filled in. The message names the place, and is for people. */
export class RenderError extends Error {
  override readonly name = 'RenderError'
}

const KEYED_METHODS = new Set<Method>(['POST', 'PUT', 'PATCH'])

/**
 * Fills in url, values of headers and strings of the body, and adds the headers that follow from them.
 *
 * @param secrets those that may be filled in; what became of them is noted there.
 * @throws RenderError
 */
export function renderRequest(
  config: HttpRequestAction,
  runId: string,
  scope: Scope,
  secrets: SecretUse,
): RenderedRequest {
  const fill = (template: string) => render(template, scope, { secrets })
  const method = config.method ?? 'POST'
  const url = renderAt('/url', () => fill(config.url).trim())
  const body = renderAt('/body', () => mapStrings(config.body, fill))
  const headers: Record<string, string> = {}
  if (KEYED_METHODS.has(method)) headers['idempotency-key'] = runId
  if (body !== undefined)
    headers['content-type'] = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
  for (const [name, template] of Object.entries(config.headers ?? {})) {
    // What a template engine says quotes the template, and this one may hold a secret.
    const path = `/headers/${escapePointer(name)}`
    headers[name.toLowerCase()] = renderAt(path, () => fill(template).trim(), { quote: false })
  }
  return { method, url, headers, body }
}

/** A JSON value with all its strings (not its keys) replaced. */
export function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, change)]))
}

function renderAt<T>(path: string, work: () => T, { quote } = { quote: true }): T {
  try {
    return work()
  } catch (error) {
    const detail = quote && error instanceof Error ? `: ${error.message}` : ''
    throw new RenderError(`the template ${path} can't be filled in${detail}`, { cause: error })
  }
}
