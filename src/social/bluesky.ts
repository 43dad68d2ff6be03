import type { PostConfig } from '../../schemas/social.ts'
import { readJson } from '../egress/answer.ts'
import { member } from '../member.ts'
import type { Ask, Length, Posted, SocialProvider } from './provider.ts'
import { tidOf } from './tid.ts'

const DEFAULT_BASE = 'https://bsky.social'
const COLLECTION = 'app.bsky.feed.post'
const MAX_GRAPHEMES = 300
const MAX_BYTES = 3000
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' })
const OVER = new Set<unknown>(['ExpiredToken', 'InvalidToken'])
/** A record is there for good under its key. */
const REPEATABLE_MS = 24 * 3_600_000

/** Graphemes of Bluesky. What has more bytes than it takes is as long as that: few texts have ten for each grapheme. */
export function measureBluesky(text: string): Length {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_BYTES) return { length: bytes, limit: MAX_BYTES }
  return { length: [...GRAPHEMES.segment(text)].length, limit: MAX_GRAPHEMES }
}

/** Bluesky, by the XRPC of the server of an account: bsky.social, or a server of one's own. */
export function createBluesky(): SocialProvider {
  return {
    title: 'Bluesky',
    base: baseOf,
    problems: ({ identifier }) =>
      identifier === undefined
        ? [{ path: '/config/identifier', message: 'is required: the handle of the account', isMissing: true as const }]
        : [],
    measure: measureBluesky,
    firstSession: () => undefined,
    renewals: {
      requests({ token }, before, config) {
        const json = { 'content-type': 'application/json' }
        const body = JSON.stringify({ identifier: config.identifier, password: token })
        const create = { method: 'POST' as const, url: urlOf(config, 'server.createSession'), headers: json, body }
        if (before?.refresh === undefined) return [create]
        // A session may be renewed for months; new ones are few (30 in five minutes, 300 a day).
        const headers = { authorization: `Bearer ${before.refresh}` }
        return [{ method: 'POST', url: urlOf(config, 'server.refreshSession'), headers, body: '' }, create]
      },
      read(answer) {
        const said = readJson(answer)
        const [access, refresh, account] = ['accessJwt', 'refreshJwt', 'did'].map((key) => member(said, key))
        if (typeof access !== 'string' || typeof refresh !== 'string' || typeof account !== 'string') return undefined
        return { access, refresh, account }
      },
    },
    isOver: (answer) => answer.status === 401 || (answer.status === 400 && OVER.has(member(readJson(answer), 'error'))),
    repeatableUntil: async (_config, _ask, now) => new Date(now.getTime() + REPEATABLE_MS),
    async request({ text, session: { access, account }, config, runId, createdAt }, ask) {
      const { language } = config
      const facets = await facetsOf(text, config, ask)
      const record = {
        $type: COLLECTION,
        text,
        createdAt,
        ...(language === undefined ? {} : { langs: [language] }),
        ...(facets.length === 0 ? {} : { facets }),
      }
      const body = { repo: account, collection: COLLECTION, rkey: tidOf(runId), swapRecord: null, record }
      const headers = { authorization: `Bearer ${access}`, 'content-type': 'application/json' }
      return { method: 'POST', url: urlOf(config, 'repo.putRecord'), headers, body: JSON.stringify(body) }
    },
    read: (answer) => postedOf(member(readJson(answer), 'uri')),
    // The record of the run stands there with another text: facets or a template came out otherwise the first time.
    async findPosted(answer, { config, session, runId, createdAt }, ask) {
      if (answer.status !== 400 || member(readJson(answer), 'error') !== 'InvalidSwap') return undefined
      const query = new URLSearchParams({ repo: session.account ?? '', collection: COLLECTION, rkey: tidOf(runId) })
      const found = await ask(`${urlOf(config, 'repo.getRecord')}?${query}`)
      const record = member(found, 'value')
      const [time, text] = [member(record, 'createdAt'), member(record, 'text')]
      const posted = postedOf(member(found, 'uri'))
      return posted && time === createdAt && typeof text === 'string' ? { ...posted, text } : undefined
    },
    reason: (answer) => member(answer, 'message') ?? member(answer, 'error'),
  }
}

function baseOf({ instance_url = DEFAULT_BASE }: PostConfig): string {
  return instance_url.replace(/\/+$/, '')
}

function urlOf(config: PostConfig, method: string): string {
  return `${baseOf(config)}/xrpc/com.atproto.${method}`
}

/** @param uri `at://DID/COLLECTION/RKEY`. */
function postedOf(uri: unknown): Posted | undefined {
  const [, did, rkey] = /^at:\/\/(did:[\w:.%-]+)\/[\w.]+\/([\w.~:-]+)$/.exec(typeof uri === 'string' ? uri : '') ?? []
  if (did === undefined) return undefined
  return { id: String(uri), url: `https://bsky.app/profile/${did}/post/${rkey}` }
}

/** Where links, mentions and tags are in a text, in bytes. Handles that nobody has stay text. */
async function facetsOf(text: string, config: PostConfig, ask: Ask): Promise<object[]> {
  // Half a second and 60 MB, which nobody pays who posts elsewhere.
  const { AppBskyRichtextFacet, RichText } = await import('@atproto/api')
  const rich = new RichText({ text })
  rich.detectFacetsWithoutResolution()
  const facets = rich.facets ?? []
  const isMention = AppBskyRichtextFacet.isMention
  const handles = new Set(facets.flatMap(({ features }) => features.filter(isMention).map(({ did }) => did)))
  const dids = new Map(
    await Promise.all([...handles].map(async (handle) => [handle, await didOf(handle, config, ask)] as const)),
  )
  return facets.flatMap(({ index, features }) => {
    const known = features.flatMap((feature) => {
      if (!isMention(feature)) return [feature]
      const did = dids.get(feature.did)
      return did === undefined ? [] : [{ ...feature, did }]
    })
    return known.length === 0 ? [] : [{ index, features: known }]
  })
}

async function didOf(handle: string, config: PostConfig, ask: Ask): Promise<string | undefined> {
  const query = new URLSearchParams({ handle })
  const did = member(await ask(`${urlOf(config, 'identity.resolveHandle')}?${query}`), 'did')
  return typeof did === 'string' ? did : undefined
}
