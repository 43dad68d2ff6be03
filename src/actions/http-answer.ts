import { firstBytes, isServerError } from '../egress/answer.ts'
import type { EgressResponse } from '../egress/guard.ts'
import type { Failure } from '../failure.ts'

const SHOWN_HEADERS = ['content-type', 'content-length', 'location', 'retry-after', 'x-request-id']
const MAX_BODY_BYTES = 4096
const MAX_HEADER_LENGTH = 1000
const MAX_WAIT_SECONDS = 3600
const WORTH_RETRYING = new Set([408, 425, 429])

/**
 * What is kept of an answer: `{status, headers, body, truncated}`. `body` is at most 4 KiB of text, or null when it is
 * not text.
 *
 * @param redact masks secrets, and is told whether the text was cut off.
 */
export function shownAnswer(
  answer: EgressResponse,
  redact: (text: string, cutOff?: boolean) => string,
): Record<string, unknown> {
  const shown = SHOWN_HEADERS.flatMap((name) => {
    const value = answer.headers[name]
    return value === undefined ? [] : [[name, redact(value).slice(0, MAX_HEADER_LENGTH)]]
  })
  const text = textOf(answer)
  const body = text === null ? null : redact(text, answer.truncated)
  const short = body === null ? null : firstBytes(body, MAX_BODY_BYTES)
  return {
    status: answer.status,
    headers: Object.fromEntries(shown),
    body: short,
    truncated: answer.truncated || short !== body,
  }
}

/** What becomes of an answer that was not expected. */
export function failedAnswer(
  { status, headers }: EgressResponse,
  host: string,
  now: Date,
): { error: string; retry: Failure['retry'] } {
  const error = `${host} answered ${status}`
  if (status === 410) return { error: `${error}: it is gone and wants no more requests`, retry: 'no' }
  if (status >= 300 && status < 400) return { error: `${error}: redirects are not followed`, retry: 'no' }
  if (status === 429 || status === 503) {
    const afterSeconds = retryAfter(headers['retry-after'], now)
    if (afterSeconds !== undefined) return { error, retry: { afterSeconds } }
  }
  return { error, retry: isServerError(status) || WORTH_RETRYING.has(status) ? 'yes' : 'no' }
}

/** Seconds to wait by a Retry-After, which has seconds or an HTTP date (RFC 9110, section 10.2.3); an hour at most. */
function retryAfter(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined
  const date = /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) : Number.NaN
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((date - now.getTime()) / 1000)
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), MAX_WAIT_SECONDS)
}

/** Bytes with a NUL (which Postgres can't hold either) or compressed against our wish are no text that could be shown. */
function textOf({ body, headers }: EgressResponse): string | null {
  const encoding = headers['content-encoding'] ?? 'identity'
  return body.includes(0) || encoding.toLowerCase() !== 'identity' ? null : new TextDecoder().decode(body)
}
