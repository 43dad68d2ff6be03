import { member } from '../member.ts'
import { isUnauthorized, type Length, type SocialProvider, sessionOfToken } from './provider.ts'

const LIMIT = 3000
/** What is markup in LinkedIn's "little" text, but for the `#` of a hashtag. Unescaped, it ends what is published. */
const MARKUP = /[\\|{}@[\]()<>*_~]|#(?![\p{L}\p{N}_])/gu
const URN = /^urn:li:(?:person|organization):[\w-]+$/
/** Versions of LinkedIn's API live for a year. */
const OLD_MONTHS = 11
const OLD_DAYS = 50
const DAY_MS = 86_400_000

/** Characters of LinkedIn, as they are before they are escaped. */
export function measureLinkedIn(text: string): Length {
  return { length: [...text].length, limit: LIMIT }
}

/** A text as LinkedIn's `commentary` takes it. */
export function toLittleText(text: string): string {
  return text.replaceAll(MARKUP, '\\$&')
}

/** LinkedIn, by its Posts API. @param options where that is, and its version as `YYYYMM`. */
export function createLinkedIn({ base, version }: { base: string; version: string }): SocialProvider {
  return {
    title: 'LinkedIn',
    base: () => base,
    problems: ({ identifier }) =>
      identifier !== undefined && URN.test(identifier)
        ? []
        : [
            {
              path: '/config/identifier',
              message: 'must be the URN of who posts: urn:li:person:… or urn:li:organization:…',
              ...(identifier === undefined ? { isMissing: true as const } : {}),
            },
          ],
    measure: measureLinkedIn,
    warnings: (_text, setAt, now) => [
      ...(monthsSince(version, now) > OLD_MONTHS
        ? [`LINKEDIN_VERSION is ${version}: LinkedIn retires versions after a year`]
        : []),
      ...(setAt !== null && now.getTime() - setAt.getTime() > OLD_DAYS * DAY_MS
        ? [`the token was set more than ${OLD_DAYS} days ago: those of LinkedIn live for 60`]
        : []),
    ],
    firstSession: sessionOfToken,
    isOver: isUnauthorized,
    request({ text, session: { access }, config: { identifier } }) {
      const body = {
        author: identifier,
        commentary: toLittleText(text),
        visibility: 'PUBLIC',
        distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
        lifecycleState: 'PUBLISHED',
        isReshareDisabledByAuthor: false,
      }
      const headers = {
        authorization: `Bearer ${access}`,
        'content-type': 'application/json',
        'linkedin-version': version,
        'x-restli-protocol-version': '2.0.0',
      }
      return { method: 'POST', url: `${base}/rest/posts`, headers, body: JSON.stringify(body) }
    },
    read({ headers }) {
      const id = headers['x-restli-id']
      return id ? { id, url: `https://www.linkedin.com/feed/update/${encodeURIComponent(id)}/` } : undefined
    },
    reason: (answer) => member(answer, 'message'),
    refusals: {
      426: ['version_retired', `LinkedIn has retired the version ${version}: LINKEDIN_VERSION takes a newer one`],
    },
  }
}

function monthsSince(version: string, now: Date): number {
  const months = Number(version.slice(0, 4)) * 12 + Number(version.slice(4))
  return now.getUTCFullYear() * 12 + now.getUTCMonth() + 1 - months
}
