import { readJson } from '../egress/answer.ts'
import { member } from '../member.ts'
import { isUnauthorized, type Length, type NetworkRequest, type SocialProvider } from './provider.ts'
import { twitter } from './twitter-text.ts'

const LIMIT = 280
/** The time that twitter-text takes to find links grows with the square of the length: 10,000 characters took 0.7 s. */
const MAX_MEASURED = 4000
/** Emoji count 2. twitter-text's own list of them is of 2018, and counts newer ones by their parts. */
const EMOJI = /\p{RGI_Emoji}|[#*0-9]\uFE0F?\u20E3/gv
/** Counts 2, is in no word and ends no link. */
const LIKE_AN_EMOJI = '中'

/** Where the search for links takes the square of the length, as in 4,000 characters without a space and many dots. */
const LONG_RUN = /[^\s]{500,}/g

/** What stands before a protocol is no link, or one of hundreds of characters, and then too long as it is. */
function withoutBareLinks(run: string): string {
  const [before = ''] = /^.*?(?=https?:\/\/|$)/is.exec(run) ?? []
  return before.replaceAll('.', ',') + run.slice(before.length)
}

/** Weighted characters of X: links count 23, and what is not Latin 2 (twitter-text 3.1.0, configuration 3). */
export function measureX(text: string): Length {
  if (text.length > MAX_MEASURED) return { length: text.length, limit: LIMIT }
  const plain = text.replaceAll(EMOJI, LIKE_AN_EMOJI).replaceAll(LONG_RUN, withoutBareLinks)
  return { length: twitter().parseTweet(plain).weightedLength, limit: LIMIT }
}

/** X, by version 2 of its API. @param base where that is. */
export function createX(base: string): SocialProvider {
  return {
    title: 'X',
    base: () => base,
    measure: measureX,
    warnings: (text) => [
      ...(twitter().extractUrls(text).length > 0 ? ['a post with a link costs 13 times a plain one on X (2026)'] : []),
      ...(twitter().extractMentions(text).length > 0 || twitter().extractCashtags(text).length > 1
        ? ['X refuses mentions, and more than one cashtag, from apps of its self-serve plans']
        : []),
    ],
    firstSession: ({ token, refreshToken }) => ({ access: token, refresh: refreshToken }),
    renewals: {
      requests: ({ clientId, clientSecret }, before) =>
        before?.refresh === undefined || clientId === undefined
          ? []
          : [renewalOf(base, before.refresh, clientId, clientSecret)],
      read(answer, now) {
        const said = readJson(answer)
        const [access, refresh, seconds] = ['access_token', 'refresh_token', 'expires_in'].map((key) =>
          member(said, key),
        )
        if (typeof access !== 'string' || access === '') return undefined
        return {
          access,
          refresh: typeof refresh === 'string' ? refresh : undefined,
          expiresAt: typeof seconds === 'number' ? now.getTime() + seconds * 1000 : undefined,
        }
      },
    },
    isOver: isUnauthorized,
    request({ text, session: { access }, config: { made_with_ai, paid_partnership } }) {
      const body = {
        text,
        ...(made_with_ai === undefined ? {} : { made_with_ai }),
        ...(paid_partnership === undefined ? {} : { paid_partnership }),
      }
      const headers = { authorization: `Bearer ${access}`, 'content-type': 'application/json' }
      return { method: 'POST', url: `${base}/2/tweets`, headers, body: JSON.stringify(body) }
    },
    read(answer) {
      const id = member(member(readJson(answer), 'data'), 'id')
      return typeof id === 'string' && id !== '' ? { id, url: `https://x.com/i/web/status/${id}` } : undefined
    },
    reason: (answer) => member(answer, 'detail') ?? member(answer, 'title'),
    refusals: { 402: ['payment_required', 'the plan of the account at X does not cover this post'] },
  }
}

/** By RFC 6749, 6: an app that has a secret proves itself with it, and others name themselves. */
function renewalOf(base: string, refresh: string, clientId: string, clientSecret: string | undefined): NetworkRequest {
  const form = { grant_type: 'refresh_token', refresh_token: refresh }
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' }
  if (clientSecret !== undefined) {
    const pair = [clientId, clientSecret].map(encodeURIComponent).join(':')
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`
  }
  const body = new URLSearchParams(clientSecret === undefined ? { ...form, client_id: clientId } : form).toString()
  return { method: 'POST', url: `${base}/2/oauth2/token`, headers, body }
}
