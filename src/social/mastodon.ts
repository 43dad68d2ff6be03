import type { PostConfig } from '../../schemas/social.ts'
import { readJson } from '../egress/answer.ts'
import { member } from '../member.ts'
import { type Ask, isUnauthorized, type Length, type SocialProvider, sessionOfToken } from './provider.ts'
import { twitter } from './twitter-text.ts'

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** A mention of somebody elsewhere counts without where that is. */
const REMOTE_MENTION = /(@\w+(?:[.-]\w+)*)@[\w.-]+\w/g
const MAX_MEASURED = 10_000
const KEPT_MS = 3_600_000
const INSTANCES_KEPT = 1000

/** It remembers the keys of posts for an hour. */
const REPEATABLE_MS = 50 * 60_000

type Limits = { characters: number; perUrl: number }
/** What an instance says of itself. Others speak its language, and do not know keys; their versions say so. */
type Instance = { limits: Limits | undefined; isProper: boolean }

/** Characters of a Mastodon instance: graphemes, each link as many as the instance says; the warning counts too. */
export function measureMastodon(text: string, spoilerText: string, { characters, perUrl }: Limits): Length {
  // Nothing of that length is short enough but for its links, and to find those takes long.
  if (text.length > MAX_MEASURED + characters) return { length: count(text) + count(spoilerText), limit: characters }
  const links = twitter().extractUrls(text, { extractUrlsWithoutProtocol: false })
  const rest = links.reduce((left, link) => left.replace(link, ''), text).replaceAll(REMOTE_MENTION, '$1')
  return { length: count(rest) + links.length * perUrl + count(spoilerText), limit: characters }
}

/** Mastodon, by the API of whichever instance a config names. */
export function createMastodon(now: () => number = Date.now): SocialProvider {
  const known = new Map<string, { instance: Instance; until: number }>()

  /** What an instance says of itself, kept for an hour; undefined where it can't be asked. */
  async function instanceOf(base: string, ask: Ask): Promise<Instance | undefined> {
    const kept = known.get(base)
    if (kept !== undefined && kept.until > now()) return kept.instance
    const said = await ask(`${base}/api/v2/instance`)
    const version = member(said, 'version')
    if (typeof version !== 'string') return undefined
    const instance = { limits: readLimits(said), isProper: !version.includes('compatible') }
    if (known.size >= INSTANCES_KEPT) known.clear()
    known.set(base, { instance, until: now() + KEPT_MS })
    return instance
  }

  return {
    title: 'Mastodon',
    base: baseOf,
    problems: ({ instance_url }) =>
      instance_url === undefined
        ? [
            {
              path: '/config/instance_url',
              message: 'is required: the server of the account',
              isMissing: true as const,
            },
          ]
        : [],
    async measureThere(text, config, ask) {
      const limits = (await instanceOf(baseOf(config), ask))?.limits
      return limits && measureMastodon(text, config.spoiler_text ?? '', limits)
    },
    firstSession: sessionOfToken,
    isOver: isUnauthorized,
    async repeatableUntil(config, ask, time) {
      const isKnown = (await instanceOf(baseOf(config), ask))?.isProper === true
      return isKnown ? new Date(time.getTime() + REPEATABLE_MS) : null
    },
    request({ text, session: { access }, config, runId }) {
      const { visibility, language, spoiler_text } = config
      const headers = {
        authorization: `Bearer ${access}`,
        'content-type': 'application/json',
        'idempotency-key': runId,
      }
      const body = JSON.stringify({ status: text, visibility, language, spoiler_text })
      return { method: 'POST', url: `${baseOf(config)}/api/v1/statuses`, headers, body }
    },
    read(answer) {
      const said = readJson(answer)
      const [id, url] = [member(said, 'id'), member(said, 'url')]
      return typeof id === 'string' && id !== '' ? { id, url: typeof url === 'string' ? url : '' } : undefined
    },
    reason: (answer) => member(answer, 'error'),
  }
}

function baseOf({ instance_url = '' }: PostConfig): string {
  return instance_url.replace(/\/+$/, '')
}

function readLimits(instance: unknown): Limits | undefined {
  const statuses = member(member(instance, 'configuration'), 'statuses')
  const characters = member(statuses, 'max_characters')
  const perUrl = member(statuses, 'characters_reserved_per_url')
  return isCount(characters) && isCount(perUrl) ? { characters, perUrl } : undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0
}

function count(text: string): number {
  return [...GRAPHEMES.segment(text)].length
}
