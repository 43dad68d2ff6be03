import { HttpRequestAction } from '../../schemas/actions/http-request.ts'
import { EgressError, type EgressErrorCode } from '../egress/error.ts'
import type { Egress, EgressResponse } from '../egress/guard.ts'
import { headerNameProblem } from '../egress/headers.ts'
import type { ErrorDetail } from '../errors.ts'
import { escapePointer } from '../json-pointer.ts'
import type { Action, ActionContext, ActionResult, Scope } from './action.ts'
import { failedAnswer, shownAnswer } from './http-answer.ts'
import { mapStrings, type Render, RenderError, type RenderedRequest, renderRequest } from './http-template.ts'
import { MASK, maskHeaders, redactor } from './redact.ts'
import { signatureHeaders } from './standard-webhooks.ts'

export type HttpRequestConfig = HttpRequestAction

export type HttpRequestDependencies = {
  egress: Pick<Egress, 'request' | 'check'>
  render: Render
  /** What is wrong with the form of a template, before there is anything to fill in; undefined when it is fine. */
  checkTemplate: (template: string) => string | undefined
  /** The Standard Webhooks secrets (`whsec_…`) of an automation that hold, the present one first. */
  signingSecrets: (automation: { organizationId: string; automationId: string }) => Promise<readonly string[]>
}

const DEFAULT_TIMEOUT_SECONDS = 15
/** More than is kept, so that a secret is masked whole before the cut. */
const MOST_ANSWER_BYTES = 32_768
const MOST_BODY_BYTES = 1_048_576
const SIGNATURE_NAMES = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
/** The request itself is refused, and will be every time. */
const FINAL = new Set<EgressErrorCode>(['blocked_address', 'invalid_url', 'invalid_header', 'invalid_method'])

/**
 * `http_request`: sends an HTTP request through the outbound guard.
 *
 * It is sent at least once: after a failure in which it may have been received it is repeated, with the run's id in
 * `Idempotency-Key` and `webhook-id` so that the receiver can tell. What was sent in headers is masked in what is kept.
 */
export function createHttpRequestAction(dependencies: HttpRequestDependencies): Action<HttpRequestConfig> {
  const { egress, render, checkTemplate } = dependencies
  return {
    type: 'http_request',
    schema: HttpRequestAction,
    validate: (config) => [
      ...urlProblems(egress, config),
      ...headerProblems(config),
      ...bodyProblems(config),
      ...templateProblems(checkTemplate, config),
    ],
    preview: (config, scope) => preview(egress, render, config, scope),
    run: (config, context) => send(dependencies, config, context),
  }
}

async function send(
  { egress, render, signingSecrets }: HttpRequestDependencies,
  config: HttpRequestConfig,
  { organizationId, automationId, runId, scope, signal }: ActionContext,
): Promise<ActionResult> {
  try {
    const request = renderRequest(config, runId, scope, render)
    const body = bytesOf(request.body)
    if (body !== undefined && body.length > MOST_BODY_BYTES)
      return final(`the body is larger than ${MOST_BODY_BYTES} bytes`)
    if (config.signing === 'standard_webhooks') {
      const secrets = await signingSecrets({ organizationId, automationId })
      if (secrets.length === 0) return final('the request is to be signed, and the automation has no signing secret')
      Object.assign(request.headers, signatureHeaders(secrets, runId, body ?? Buffer.alloc(0), new Date()))
    }
    const timeoutMs = (config.timeout_seconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000
    const answer = await egress.request({ ...request, body, timeoutMs, maxBytes: MOST_ANSWER_BYTES, signal })
    return resultOf(answer, request, config.expect_status)
  } catch (error) {
    if (error instanceof RenderError) return final(error.message)
    if (!(error instanceof EgressError)) throw error
    return FINAL.has(error.code) ? final(error.message) : { ok: false, error: error.message, retry: 'yes' }
  }
}

function final(error: string): ActionResult {
  return { ok: false, error, retry: 'no' }
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function resultOf(
  answer: EgressResponse,
  { url, headers }: RenderedRequest,
  expected: number[] | undefined,
): ActionResult {
  const output = shownAnswer(answer, redactor(headers))
  const { status } = answer
  const isExpected = expected === undefined ? status >= 200 && status < 300 : expected.includes(status)
  if (isExpected) return { ok: true, output }
  return { ok: false, ...failedAnswer(answer, new URL(url).host, new Date()), output }
}

function preview(egress: HttpRequestDependencies['egress'], render: Render, config: HttpRequestConfig, scope: Scope) {
  try {
    const request = renderRequest(config, scope.run.id, scope, render)
    const problem = egress.check(request.url)
    const warnings = problem === undefined ? [] : [`the request would be refused: ${problem}`]
    if (/^http:/i.test(request.url)) warnings.push('http is not encrypted: others on the way can read and change it')
    return { action: shownRequest(request, config, scope.run.id), warnings }
  } catch (error) {
    if (!(error instanceof RenderError)) throw error
    return { action: { type: config.type }, warnings: [error.message] }
  }
}

function shownRequest(request: RenderedRequest, { type, signing }: HttpRequestConfig, runId: string) {
  const redact = redactor(request.headers)
  const headers = maskHeaders(request.headers)
  if (signing === 'standard_webhooks')
    Object.assign(headers, { 'webhook-id': runId, 'webhook-timestamp': MASK, 'webhook-signature': MASK })
  const body = mapStrings(request.body, redact)
  return { type, method: request.method, url: redact(request.url), headers, ...(body === undefined ? {} : { body }) }
}

/** What is sure about a URL before its templates are filled in. */
function urlProblems(egress: HttpRequestDependencies['egress'], { url }: HttpRequestConfig): ErrorDetail[] {
  const [fixed = ''] = url.split(/\{[{%]/, 1)
  const isWhole = fixed === url
  if (!isWhole && !/^[^/]*\/\/[^/?#]+[/?#]/.test(fixed)) {
    // The host is filled in later. Another scheme is wrong all the same.
    const isOther = /^[a-z][a-z\d+.-]*:/i.test(fixed) && !/^https?:/i.test(fixed)
    return isOther ? [{ path: '/url', message: 'the URL must begin with https:// or http://' }] : []
  }
  const message = egress.check(fixed.trim())
  return message === undefined ? [] : [{ path: '/url', message }]
}

function headerProblems({ headers = {}, signing }: HttpRequestConfig): ErrorDetail[] {
  const seen = new Set<string>()
  return Object.entries(headers).flatMap(([name, value]) => {
    const lowerCase = name.toLowerCase()
    const problem =
      headerNameProblem(name) ??
      (seen.has(lowerCase) ? 'is set twice' : undefined) ??
      (signing === 'standard_webhooks' && SIGNATURE_NAMES.includes(lowerCase) ? 'is set by signing' : undefined) ??
      (/[\r\n]/.test(value.trim()) ? 'must not contain a line end' : undefined)
    seen.add(lowerCase)
    return problem === undefined ? [] : [{ path: `/headers/${escapePointer(name)}`, message: problem }]
  })
}

function bodyProblems({ method, body }: HttpRequestConfig): ErrorDetail[] {
  const isBodiless = method === 'GET' || method === 'HEAD'
  return isBodiless && body !== undefined ? [{ path: '/body', message: `${method} takes no body` }] : []
}

function templateProblems(
  checkTemplate: HttpRequestDependencies['checkTemplate'],
  { url, headers, body }: HttpRequestConfig,
): ErrorDetail[] {
  return stringsIn({ url, headers, body }).flatMap(([path, template]) => {
    const message = checkTemplate(template)
    return message === undefined ? [] : [{ path, message }]
  })
}

/** All strings in a JSON value, with their JSON pointers. */
function stringsIn(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => stringsIn(item, `${path}/${escapePointer(key)}`))
}
