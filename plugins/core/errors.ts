import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isStatementTimeout, isUnavailable } from '../../db/failures.ts'
import type { Component } from '../../schemas/component.ts'
import { type AjvError, isUnknownTag, wordAjvError } from '../../src/ajv-errors.ts'
import { ApiError, ERRORS, type ErrorCode, type ErrorDetail, tryAgain } from '../../src/errors.ts'

const MAX_DETAILS = 20

/** Parts of the contract that have a known string of their own when they are not met, by component name. */
const CODE_OF_COMPONENT: Record<string, ErrorCode> = {
  AutomationKind: 'invalid_kind',
  AutomationStatus: 'invalid_status',
  SettableAutomationStatus: 'invalid_status',
}

/** Parts of a request, as `details` names them, that have a known string of their own when they are not as documented. */
const CODE_OF_PLACE: Record<string, ErrorCode> = {
  'query/cursor': 'invalid_cursor',
  'headers/idempotency-key': 'invalid_idempotency_key',
}

/** The framework's own errors that a client can cause, by Fastify's code. */
const CODE_OF_FRAMEWORK_ERROR: Record<string, ErrorCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
  FST_ERR_BAD_URL: 'invalid_url',
  FST_ERR_UNDER_PRESSURE: 'unavailable',
}

/** The names of what puts a request off because there is much to do: nothing that somebody would have to look into. */
const PUT_OFF = new Set(['TimeoutError', 'SubprocessLost'])

/** Turns whatever goes wrong, the framework's own errors included, into the one shape of schemas/errors.ts. */
export default fp<{ components: readonly Component[] }>(
  async (app, { components }) => {
    app.setErrorHandler((error: FastifyError, request, reply) => {
      const refusal = toApiError(error, request, components)
      if (error.cause instanceof Error && PUT_OFF.has(error.cause.name))
        request.log.warn({ reason: error.cause.message }, refusal.message)
      else if (refusal.status >= 500) request.log.error({ err: error }, refusal.message)
      return sendError(reply, refusal)
    })
    app.setNotFoundHandler((_request, reply) => sendError(reply, new ApiError('not_found')))
  },
  { name: 'errors' },
)

/** Sends a refusal in the shared shape. */
export function sendError(reply: FastifyReply, refusal: ApiError): FastifyReply {
  return reply
    .code(refusal.status)
    .headers(refusal.headers)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(refusal, reply.request)))
}

/** The body of a refusal: `{error, code, request_id, details?}`. */
export function errorBody(refusal: ApiError, request: Pick<FastifyRequest, 'id'>) {
  const { message, code, details } = refusal
  return { error: message, code, request_id: request.id, ...(details?.length ? { details } : {}) }
}

function toApiError(error: FastifyError, request: FastifyRequest, components: readonly Component[]): ApiError {
  if (error instanceof ApiError) return error
  if (error.validation) return fromValidation(error, request, components)
  const known = CODE_OF_FRAMEWORK_ERROR[error.code]
  if (known !== undefined) return ERRORS[known][0] === 503 ? tryAgain(known) : new ApiError(known)
  if (isStatementTimeout(error)) return tryAgain('timeout')
  if (isUnavailable(error)) return tryAgain()
  if (error.statusCode !== undefined && error.statusCode < 500) return new ApiError('invalid_request')
  return new ApiError('internal')
}

function fromValidation(error: FastifyError, request: FastifyRequest, components: readonly Component[]): ApiError {
  const failures = (error.validation ?? []) as AjvError[]
  const context = error.validationContext ?? 'body'
  const details = failures.slice(0, MAX_DETAILS).map((failure) => toDetail(failure, context, components))
  const place = details.map(({ path }) => CODE_OF_PLACE[path]).find((code) => code !== undefined)
  return new ApiError(place ?? codeOf(failures, isBodyOfAutomation(request, context)), { details })
}

function codeOf(failures: AjvError[], ofAutomation: boolean): ErrorCode {
  for (const failure of failures) {
    const known = CODE_OF_COMPONENT[failure.parentSchema?.$id ?? '']
    if (known !== undefined) return known
    if (!ofAutomation) continue
    if (isUnknownTag(failure) && failure.params.tag === 'kind') return 'invalid_kind'
    if (isNameless(failure) || isKindless(failure)) return 'name_and_kind_required'
  }
  return 'invalid_request'
}

/** Many bodies have a name, and only that of an automation has a known string for one that is missing or blank. */
function isBodyOfAutomation({ routeOptions }: FastifyRequest, context: string): boolean {
  const body = routeOptions.schema?.body as { $ref?: string } | undefined
  return context === 'body' && (body?.$ref === 'AutomationCreate' || body?.$ref === 'AutomationUpdate')
}

function isNameless({ keyword, instancePath, params }: AjvError): boolean {
  const isMissing = keyword === 'required' && instancePath === '' && params.missingProperty === 'name'
  return isMissing || (instancePath === '/name' && (keyword === 'pattern' || keyword === 'minLength'))
}

function isKindless({ keyword, instancePath, params }: AjvError): boolean {
  return keyword === 'discriminator' && instancePath === '' && params.tagValue === undefined
}

/** The detail of a failure, with the part of the request that it is in; that of a body is a pointer into it. */
function toDetail(failure: AjvError, context: string, components: readonly Component[]): ErrorDetail {
  const { path, message } = wordAjvError(failure, components)
  return { path: context === 'body' ? path : `${context.replace('querystring', 'query')}${path}`, message }
}
