import { byName } from '../../db/queries/automation-secrets.ts'
import { HttpRequestAction } from '../../schemas/actions/http-request.ts'
import { isServerError } from '../egress/answer.ts'
import { EgressError } from '../egress/error.ts'
import type { Egress, EgressResponse } from '../egress/guard.ts'
import { MASK, maskHeaders, redactor } from '../secrets/redact.ts'
import type { SecretValues } from '../secrets/sealed.ts'
import { signatureHeaders } from '../secrets/standard-webhooks.ts'
import type { Action, ActionContext, ActionPreview, ActionResult, PreviewContext } from './action.ts'
import { mapStrings } from './filling.ts'
import { failedAnswer, shownAnswer } from './http-answer.ts'
import { requestProblems, requestProfile } from './http-checks.ts'
import { RenderError, type RenderedRequest, renderRequest } from './http-template.ts'
import { plainWarnings, replacedWarnings } from './preview-warnings.ts'

export type HttpRequestConfig = HttpRequestAction

export type HttpRequestDependencies = {
  egress: Pick<Egress, 'request' | 'check'>
  /** The Standard Webhooks secrets (`whsec_…`) of an automation that hold, the present one first. */
  signingSecrets: (automation: { organizationId: string; automationId: string }) => Promise<readonly string[]>
}

const DEFAULT_TIMEOUT_SECONDS = 15
/** More than is kept, so that a secret is masked whole before the cut. */
const MAX_ANSWER_BYTES = 32_768
const MAX_BODY_BYTES = 1_048_576

type Redact = ReturnType<typeof redactor>

/**
 * `http_request`: sends an HTTP request through the outbound guard.
 *
 * It is sent at least once: after a failure in which it may have been received it is repeated, with the run's id in
 * `Idempotency-Key` and `webhook-id` so that the receiver can tell. With `repeat: 'ask'` it is sent once at the most. What was
 * sent in headers, and named secrets wherever they were sent, are masked in what is kept.
 */
export function createHttpRequestAction(dependencies: HttpRequestDependencies): Action<HttpRequestConfig> {
  const { egress } = dependencies
  return {
    type: 'http_request',
    schema: HttpRequestAction,
    problems: (config, facts) => requestProblems(egress, config, facts),
    profile: requestProfile,
    preview: (config, context) => preview(egress, config, context),
    run: (config, context) => send(dependencies, config, context),
  }
}

async function send(
  { egress, signingSecrets }: HttpRequestDependencies,
  config: HttpRequestConfig,
  context: ActionContext,
): Promise<ActionResult> {
  const secrets = namedSecrets(context.secrets)
  const used = requestProfile(config).secrets
  const missing = used.find((name) => secrets[name] === undefined)
  if (missing !== undefined) return final(`the secret "${missing}" is not there`)
  const values = used.map((name) => secrets[name] ?? '')
  let redact: Redact = redactor({}, new Set(values))
  try {
    const { request, made } = await renderRequest(config, context.runId, context.fill, secrets)
    redact = redactor(request.headers, new Set([...values, ...made]))
    const body = bytesOf(request.body)
    if (body !== undefined && body.length > MAX_BODY_BYTES)
      return final(`the body is larger than ${MAX_BODY_BYTES} bytes`)
    if (config.signing === 'standard_webhooks') {
      const keys = await signingSecrets(context)
      if (keys.length === 0) return final('the request is to be signed, and the automation has no signing secret')
      Object.assign(request.headers, signatureHeaders(keys, context.runId, body ?? Buffer.alloc(0), new Date()))
    }
    if (config.repeat === 'ask') {
      // Filled in once more with masks in their places: to look for what was made of secrets could tell what it was.
      const masked = await renderRequest(config, context.runId, context.fill, null)
      await context.sending({ request: shownRequest(masked.request, config, context.runId) })
    }
    const timeoutMs = (config.timeout_seconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000
    const { signal } = context
    const answer = await egress.request({ ...request, body, timeoutMs, maxBytes: MAX_ANSWER_BYTES, signal })
    return resultOf(answer, request, config, redact)
  } catch (error) {
    if (error instanceof RenderError) return final(redact(error.message))
    if (!(error instanceof EgressError)) throw error
    return failureOf(error, config, redact)
  }
}

function final(error: string): ActionResult {
  return { ok: false, error, retry: 'no' }
}

function failureOf(error: EgressError, { repeat }: HttpRequestConfig, redact: Redact): ActionResult {
  const message = redact(error.message)
  if (error.isFinal) return { ok: false, error: message, retry: 'no', isUnsent: true }
  const isInDoubt = repeat === 'ask' && error.mayHaveBeenReceived
  return { ok: false, error: message, retry: isInDoubt ? 'unknown' : 'yes' }
}

/** Without a prototype, so that no name is there which nobody has set. */
function namedSecrets(secrets: SecretValues): Record<string, string> {
  return Object.assign(Object.create(null), byName(secrets))
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function resultOf(
  answer: EgressResponse,
  { url }: RenderedRequest,
  { expect_status: expected, repeat }: HttpRequestConfig,
  redact: Redact,
): ActionResult {
  const output = shownAnswer(answer, redact)
  const { status } = answer
  const isExpected = expected === undefined ? status >= 200 && status < 300 : expected.includes(status)
  if (isExpected) return { ok: true, output }
  const { error, retry } = failedAnswer(answer, new URL(url).host, new Date())
  // A server that failed may have done what it was asked for before it did.
  const isInDoubt = repeat === 'ask' && isServerError(status)
  return { ok: false, error: redact(error), retry: isInDoubt ? 'unknown' : retry, output }
}

async function preview(
  egress: HttpRequestDependencies['egress'],
  config: HttpRequestConfig,
  { scope, fill }: PreviewContext,
): Promise<ActionPreview> {
  const { warnings } = requestProfile(config)
  try {
    const { request, replaced } = await renderRequest(config, scope.run.id, fill, null)
    warnings.push(...replacedWarnings(replaced))
    const problem = egress.check(request.url)
    if (problem !== undefined) warnings.push(`the request would be refused: ${problem}`)
    warnings.push(...plainWarnings(request.url))
    const host = URL.parse(request.url)?.host
    const action = shownRequest(request, config, scope.run.id)
    return { action, hosts: host ? [host] : [], warnings }
  } catch (error) {
    if (!(error instanceof RenderError)) throw error
    return { action: { type: config.type }, hosts: [], warnings: [...warnings, error.message] }
  }
}

/** A request whose secrets are masked already, with the credentials that stand in its headers in clear masked too. */
function shownRequest(
  request: RenderedRequest,
  { type, signing, repeat = 'safe' }: HttpRequestConfig,
  runId: string,
): Record<string, unknown> {
  const redact = redactor(request.headers)
  const headers = maskHeaders(request.headers)
  if (signing === 'standard_webhooks')
    Object.assign(headers, { 'webhook-id': runId, 'webhook-timestamp': MASK, 'webhook-signature': MASK })
  const body = mapStrings(request.body, (text) => redact(text))
  return {
    type,
    method: request.method,
    url: redact(request.url),
    headers,
    ...(body === undefined ? {} : { body }),
    ...(repeat === 'ask' ? { repeat } : {}),
  }
}
