import type { WebhookConfig } from '../../../schemas/kinds/webhook.ts'
import { ApiError } from '../../errors.ts'
import { member } from '../../member.ts'
import { isSecretHeader } from '../../secrets/redact.ts'
import type { Delivery, ReceivedEvent } from '../kind.ts'
import { readBody } from './body.ts'
import { wants } from './filter.ts'
import { SCHEMES } from './schemes.ts'

const MAX_TYPE_LENGTH = 200
const MAX_HEADER_LENGTH = 1000
const MAX_HEADERS = 60
/** They tell of the way here, or are said elsewhere. */
const HEADERS_OF_THE_WAY =
  /^(?:accept|accept-.*|connection|content-length|expect|forwarded|host|keep-alive|te|trailer|transfer-encoding|upgrade|via|x-forwarded-.*|x-real-ip|cf-.*)$/

/**
 * What a request says, once it has been verified.
 *
 * @throws ApiError `invalid_json`, `invalid_request` where it can't be understood.
 */
export function readEvent(config: WebhookConfig, { headers, bytes }: Delivery): ReceivedEvent | { challenge: string } {
  const { verification = 'standard_webhooks' } = config
  const scheme = SCHEMES[verification]
  const { value, json, isReplaced } = readBody(bytes, headers['content-type'] ?? '', scheme.wantsJson)
  const challenge = verification === 'slack' ? challengeIn(value) : undefined
  if (challenge !== undefined) return { challenge }
  const isNamedByConfig = ['hmac', 'token', 'none'].includes(verification)
  const typeHeader = isNamedByConfig ? config.event_type_header?.toLowerCase() : undefined
  const type = typeHeader === undefined ? scheme.type(headers, value) : headers[typeHeader]
  const shownType = typeof type === 'string' && type !== '' ? type.slice(0, MAX_TYPE_LENGTH).toWellFormed() : null
  const ownKeyHeader = isNamedByConfig ? config.event_key_header?.toLowerCase() : undefined
  const keyHeader = scheme.keyHeaders?.find((name) => headers[name] !== undefined) ?? ownKeyHeader
  const key = (keyHeader && headers[keyHeader]) ?? (scheme.keyInBody && member(value, scheme.keyInBody))
  return {
    key: requireKey(typeof key === 'string' ? key : headers['idempotency-key'], keyHeader ?? 'idempotency-key'),
    type: shownType,
    headers: safeHeaders(headers, config.header),
    body: json,
    isReplaced,
    wanted: !isCheck(verification, value) && wants(config, shownType, value),
  }
}

/** Slack asks once whether the URL is really there, in a signed request. */
function challengeIn(body: unknown): string | undefined {
  const challenge = member(body, 'type') === 'url_verification' ? member(body, 'challenge') : undefined
  return typeof challenge === 'string' ? challenge : undefined
}

/** Now and then Slack looks whether the certificate of a command's URL is good: nobody has given that command. */
function isCheck(verification: string, body: unknown): boolean {
  return verification === 'slack' && member(body, 'ssl_check') === '1'
}

function requireKey(key: string | undefined, header: string): string | null {
  if (key === undefined) return null
  if (/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key)) return key
  const message = 'the key of an event has 1 to 255 printable ASCII characters'
  throw new ApiError('invalid_request', { details: [{ path: `headers/${header}`, message }] })
}

/** What of the headers may be kept: nothing that proves anything, and nothing about the way here. */
function safeHeaders(headers: Delivery['headers'], secretHeader = ''): Record<string, string> {
  const kept = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const isKept = value !== undefined && !isSecretHeader(name) && name !== secretHeader.toLowerCase()
    return isKept && !HEADERS_OF_THE_WAY.test(name) ? [[name, value.slice(0, MAX_HEADER_LENGTH)]] : []
  })
  return Object.fromEntries(kept.slice(0, MAX_HEADERS))
}
