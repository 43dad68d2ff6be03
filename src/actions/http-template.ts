import type { HttpRequestAction } from '../../schemas/actions/http-request.ts'
import type { Method } from '../egress/guard.ts'
import type { Fill } from './action.ts'
import { FillError, type Filled, type UsableSecrets } from './filling.ts'

/** A request with its templates filled in. Header names in lower case; a body that is not a string goes as JSON. */
export type RenderedRequest = { method: Method; url: string; headers: Record<string, string>; body: unknown }

/** A place of the config whose template can't be filled in. The message names the place, and is for people. */
export class RenderError extends Error {
  override readonly name = 'RenderError'
}

const KEYED_METHODS = new Set<Method>(['POST', 'PUT', 'PATCH'])

/** The parts of a config that are templates, each string as what it became. */
type Parts = Required<Pick<HttpRequestAction, 'url' | 'headers'>> & { body: unknown }

/**
 * Fills in url, values of headers and strings of the body, and adds the headers that follow from them.
 *
 * @param secrets those that may be filled in.
 * @returns the request, and what {@link Filled} says of it.
 * @throws RenderError
 */
export async function renderRequest(
  config: HttpRequestAction,
  runId: string,
  fill: Fill,
  secrets: UsableSecrets,
): Promise<{ request: RenderedRequest } & Pick<Filled, 'replaced' | 'made'>> {
  const { method = 'POST' } = config
  const templates: Parts = { url: config.url, headers: config.headers ?? {}, body: config.body }
  const { value, ...said } = await fill(templates, secrets).catch(explain)
  const { url, headers: filled, body } = value as Parts
  const headers: Record<string, string> = {}
  if (KEYED_METHODS.has(method)) headers['idempotency-key'] = runId
  if (body !== undefined)
    headers['content-type'] = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
  for (const [name, text] of Object.entries(filled)) headers[name.toLowerCase()] = text.trim()
  return { request: { method, url: url.trim(), headers, body }, ...said }
}

function explain(error: unknown): never {
  if (!(error instanceof FillError)) throw error
  const { path, message } = error
  // What a template engine says quotes the template, and one of a header may hold a secret.
  const detail = path.startsWith('/headers/') ? '' : `: ${message}`
  const which = path === '' ? 'the templates' : `the template ${path}`
  throw new RenderError(`${which} can't be filled in${detail}`, { cause: error })
}
