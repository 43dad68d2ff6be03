import { firstBytes, isServerError, readJson } from '../egress/answer.ts'
import type { EgressError } from '../egress/error.ts'
import type { EgressResponse } from '../egress/guard.ts'
import type { Failure } from '../failure.ts'
import type { SocialProvider } from './provider.ts'

type Redact = (text: string, cutOff?: boolean) => string

const MAX_REASON_BYTES = 1024
/** Where a network says that it is too much, and not until when. */
const WAIT_SECONDS = 15 * 60
const MAX_WAIT_SECONDS = 3600
/** A text may be refused because it stands there already: with one of these, in the network's own words. */
const MAY_BE_DUPLICATE = new Set([403, 409, 422])

/**
 * What becomes of a post that a network did not take, or of which it did not say so.
 *
 * A refusal proves that nothing was posted. After a failure of the network's own, or none at all, the post may stand there already.
 */
export function failureOf(provider: SocialProvider, answer: EgressResponse, redact: Redact, now: Date): Failure {
  const { status } = answer
  const { title } = provider
  if (status < 300 || isServerError(status)) return inDoubt(`${title} answered ${status}`)
  if (status === 429) return rateLimited(title, answer, now)
  if (provider.isOver(answer)) return rejected(provider)
  const known = provider.refusals?.[status]
  if (known !== undefined) return refused(...known)
  const reason = reasonOf(provider, answer, redact)
  const said = `${title} answered ${status}${reason === undefined ? '' : `: ${reason}`}`
  return refused(MAY_BE_DUPLICATE.has(status) && /duplicate/i.test(reason ?? '') ? 'duplicate' : 'refused', said)
}

/** What becomes of a post whose request got no whole answer. */
export function lostOf(error: EgressError, redact: Redact): Failure {
  const message = redact(error.message)
  if (error.mayHaveBeenReceived) return inDoubt(message)
  return { ok: false, error: message, retry: error.isFinal ? 'no' : 'yes', isUnsent: true }
}

/** What becomes of a post whose credential the network does not accept, now and until people set another. */
export function rejected({ title }: Pick<SocialProvider, 'title'>): Failure {
  return refused(
    'credential_rejected',
    `${title} does not accept the credential: connect the account again, with a new one`,
  )
}

/**
 * A failure where the network knows a repeat: what may have arrived may be sent again.
 *
 * @param wasSent whether an attempt before this one may have posted it. Then no refusal of this one proves that nothing was posted.
 */
export function asRepeatable(failure: Failure, wasSent: boolean): Failure {
  const isOpen = failure.retry === 'unknown'
  if (!isOpen && !wasSent) return failure
  const { isUnsent: _, ...known } = failure
  if (failure.retry === 'no') return { ...known, retry: 'unknown' }
  return { ...known, retry: isOpen ? 'yes' : failure.retry, isInDoubt: true }
}

function inDoubt(error: string): Failure {
  return { ok: false, error, retry: 'unknown' }
}

/** @param code for programs, in the output as `reason`. */
function refused(code: string, error: string): Failure {
  return { ok: false, error, retry: 'no', isUnsent: true, output: { reason: code } }
}

function rateLimited(title: string, { headers }: EgressResponse, now: Date): Failure {
  const until = untilOf(headers, now)
  const afterSeconds = Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000))
  const error = `${title} takes no more posts of this account until ${until.toISOString()}`
  if (afterSeconds > MAX_WAIT_SECONDS) return refused('rate_limited', error)
  return { ok: false, error, retry: { afterSeconds }, output: { reason: 'rate_limited' } }
}

/** When a network takes posts again, by the first header that says so: seconds since 1970, or a date; or seconds from now. */
function untilOf(headers: EgressResponse['headers'], now: Date): Date {
  for (const name of ['x-rate-limit-reset', 'x-ratelimit-reset', 'ratelimit-reset', 'retry-after']) {
    const value = headers[name]
    if (value === undefined) continue
    const seconds = /^\d{1,12}$/.test(value) ? Number(value) : undefined
    const isFromNow = seconds !== undefined && seconds < 1e9
    const time = isFromNow ? now.getTime() + seconds * 1000 : seconds === undefined ? Date.parse(value) : seconds * 1000
    if (!Number.isNaN(time)) return new Date(time)
  }
  return new Date(now.getTime() + WAIT_SECONDS * 1000)
}

/** In the network's own words, without secrets, on one line. */
function reasonOf(provider: SocialProvider, answer: EgressResponse, redact: Redact): string | undefined {
  const said = provider.reason(readJson(answer))
  if (typeof said !== 'string') return undefined
  const text = redact(
    said
      .toWellFormed()
      .replaceAll(/[\p{Cc}\s]+/gu, ' ')
      .trim(),
  )
  return firstBytes(text, MAX_REASON_BYTES)
}
