import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Test } from 'tap'
import { startReceiver } from './receiver.ts'

/** A post as a network has it. */
export type Posted = {
  network: 'x' | 'linkedin' | 'mastodon' | 'bluesky'
  id: string
  text: string
  key: string | undefined
  record?: Body
}

/** What a network does with the next post. `take` takes it, without an answer. */
export type Mood = (request: IncomingMessage, response: ServerResponse, take: () => void) => void

type Reply = { status: number; headers?: Record<string, string>; body?: unknown }
type Body = Record<string, unknown>

const DID = 'did:plc:ada234567abcdefghijklmno'

/** The app that X gave a token to, and an account of Bluesky with one of its app passwords. */
export const X_APP = { id: 'client:id', secret: 'client+secret/5678' }
export const BLUESKY = { identifier: 'ada.bsky.social', password: 'app-pass-word-1234', did: DID }

/**
 * X, LinkedIn, Mastodon and Bluesky at one address, as strict as they say that they are: tokens, headers and bodies are checked,
 * LinkedIn publishes what stands before the first character that should have been escaped, Mastodon knows a repeat by its key and
 * Bluesky by the key of the record, and sessions are given for what proves who asks, and for nothing else.
 */
export async function startNetworks(t: Test) {
  const posts: Posted[] = []
  const state = {
    /** For the next post. */
    mood: undefined as Mood | undefined,
    /** For the next question for a session. */
    renewalMood: undefined as Mood | undefined,
    token: 'good-token-1234',
    refreshToken: 'refresh-token-1',
    /** Whether the refresh token of X is worth something again and again. */
    keepsRefreshToken: false,
    maxCharacters: 500 as number | undefined,
    version: '4.5.0' as string | undefined,
    /** Waited for before an instance says what it takes. */
    beforeInstance: undefined as (() => Promise<unknown>) | undefined,
    sessions: { renewed: 0, created: 0, access: '', refresh: '' },
  }
  let ids = 1000
  let isSilenced = (_post: Posted): boolean => false
  const { authority, received } = await startReceiver(t, async (request, response) => {
    const { url = '', headers, method } = request
    if (url === '/api/v2/instance') await state.beforeInstance?.()
    const isRenewal = /oauth2\/token|createSession|refreshSession/.test(url)
    const take = () => replyTo(url, headers, received.at(-1)?.body ?? '')
    const mood = isRenewal ? state.renewalMood : state.mood
    if (method === 'POST' && isRenewal) state.renewalMood = undefined
    else if (method === 'POST') state.mood = undefined
    if (mood !== undefined && method === 'POST') return mood(request, response, take)
    const before = posts.length
    const { status, headers: said = {}, body } = method === 'GET' ? read(url) : take()
    const taken = posts.length > before ? posts.at(-1) : undefined
    if (taken !== undefined && isSilenced(taken)) return
    const type = body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }
    response.writeHead(status, { ...type, ...said }).end(body === undefined ? '' : JSON.stringify(body))
  })

  function read(url: string): Reply {
    const { pathname, searchParams } = new URL(url, 'http://x')
    if (pathname === '/xrpc/com.atproto.identity.resolveHandle')
      return searchParams.get('handle') === BLUESKY.identifier
        ? { status: 200, body: { did: DID } }
        : { status: 400, body: { error: 'HandleNotFound', message: 'Unable to resolve handle' } }
    if (pathname === '/xrpc/com.atproto.repo.getRecord') {
      const found = posts.find(({ key, network }) => network === 'bluesky' && key === searchParams.get('rkey'))
      return found ? { status: 200, body: { uri: found.id, value: found.record } } : { status: 400 }
    }
    const statuses = { max_characters: state.maxCharacters, characters_reserved_per_url: 23 }
    const isThere = pathname === '/api/v2/instance' && state.maxCharacters !== undefined
    return isThere ? { status: 200, body: { version: state.version, configuration: { statuses } } } : { status: 404 }
  }

  function replyTo(url: string, headers: IncomingHttpHeaders, text: string): Reply {
    if (url === '/2/oauth2/token') return renewX(headers, new URLSearchParams(text))
    if (url.startsWith('/xrpc/com.atproto.server.')) return session(url, headers, text)
    const isBluesky = url.startsWith('/xrpc/')
    if (headers.authorization !== `Bearer ${isBluesky ? state.sessions.access : state.token}`)
      return isBluesky
        ? { status: 400, body: { error: 'ExpiredToken', message: 'Token has expired' } }
        : { status: 401, body: { title: 'Unauthorized' } }
    if (headers['content-type'] !== 'application/json') return { status: 415 }
    const [body, id]: [Body, string] = [JSON.parse(text), String(ids++)]
    if (url === '/2/tweets') return tweet(body, id)
    if (url === '/rest/posts') return share(headers, body, `urn:li:share:${id}`)
    if (url === '/xrpc/com.atproto.repo.putRecord') return put(body)
    return url === '/api/v1/statuses' ? toot(String(headers['idempotency-key']), body, id) : { status: 404 }
  }

  /** A refresh token is worth something once (RFC 6749, 6). */
  function renewX(headers: IncomingHttpHeaders, form: URLSearchParams): Reply {
    const basic = Buffer.from([X_APP.id, X_APP.secret].map(encodeURIComponent).join(':')).toString('base64')
    if (headers['content-type'] !== 'application/x-www-form-urlencoded') return { status: 415 }
    if (headers.authorization !== `Basic ${basic}`) return { status: 401, body: { error: 'invalid_client' } }
    if (form.get('grant_type') !== 'refresh_token' || form.get('refresh_token') !== state.refreshToken)
      return { status: 400, body: { error: 'invalid_grant' } }
    const count = ++state.sessions.renewed
    state.token = `renewed-token-${count}`
    if (!state.keepsRefreshToken) state.refreshToken = `renewed-refresh-${count}`
    const body = {
      token_type: 'bearer',
      expires_in: 7200,
      access_token: state.token,
      ...(state.keepsRefreshToken ? {} : { refresh_token: state.refreshToken }),
    }
    return { status: 200, body }
  }

  function session(url: string, headers: IncomingHttpHeaders, text: string): Reply {
    const { sessions } = state
    const give = (): Reply => {
      const count = sessions.created + sessions.renewed
      Object.assign(sessions, { access: `access-jwt-${count}`, refresh: `refresh-jwt-${count}` })
      return { status: 200, body: { accessJwt: sessions.access, refreshJwt: sessions.refresh, did: DID, active: true } }
    }
    if (url.endsWith('.refreshSession')) {
      if (headers.authorization !== `Bearer ${sessions.refresh}` || text !== '')
        return { status: 400, body: { error: 'ExpiredToken', message: 'Token has been revoked' } }
      sessions.renewed++
      return give()
    }
    const { identifier, password } = JSON.parse(text)
    if (identifier !== BLUESKY.identifier || password !== BLUESKY.password)
      return { status: 401, body: { error: 'AuthenticationRequired', message: 'Invalid identifier or password' } }
    sessions.created++
    return give()
  }

  function tweet({ text, made_with_ai: _, paid_partnership: __, ...others }: Body, id: string): Reply {
    if (typeof text !== 'string' || Object.keys(others).length > 0) return { status: 400, body: { title: 'Invalid' } }
    posts.push({ network: 'x', id, text, key: undefined })
    return { status: 201, body: { data: { id, text } } }
  }

  function share(headers: IncomingHttpHeaders, { commentary }: Body, id: string): Reply {
    const isVersioned = /^\d{6}$/.test(String(headers['linkedin-version']))
    if (!isVersioned || headers['x-restli-protocol-version'] !== '2.0.0') return { status: 426 }
    posts.push({ network: 'linkedin', id, text: published(String(commentary)), key: undefined })
    return { status: 201, headers: { 'x-restli-id': id } }
  }

  function toot(key: string, { status: text }: Body, id: string): Reply {
    const isKnowing = !state.version?.includes('compatible')
    const before = isKnowing && posts.find((post) => post.network === 'mastodon' && post.key === key)
    const post: Posted = before || { network: 'mastodon', id, text: String(text), key }
    if (!before) posts.push(post)
    return { status: 200, body: { id: post.id, url: `https://mastodon.example/@ada/${post.id}` } }
  }

  function put({ repo, collection, rkey, swapRecord, record }: Body): Reply {
    const isTid = typeof rkey === 'string' && /^[234567abcdefghij][2-7a-z]{12}$/.test(rkey)
    if (repo !== DID || collection !== 'app.bsky.feed.post' || swapRecord !== null || !isTid)
      return { status: 400, body: { error: 'InvalidRequest', message: 'Invalid record' } }
    const post = record as Body
    const before = posts.find(({ network, key }) => network === 'bluesky' && key === rkey)
    if (before !== undefined && JSON.stringify(before.record) !== JSON.stringify(post))
      return { status: 400, body: { error: 'InvalidSwap', message: 'Record was at bafy' } }
    const id = `at://${DID}/app.bsky.feed.post/${rkey}`
    if (before === undefined) posts.push({ network: 'bluesky', id, text: String(post.text), key: rkey, record: post })
    return { status: 200, body: { uri: id, cid: 'bafy' } }
  }

  /** Tells of each post as it is taken. @param told whether it gets no answer. */
  const onTaken = (told: (post: Posted) => boolean): void => {
    isSilenced = told
  }
  return { posts, state, authority, base: `http://${authority}`, received, onTaken }
}

/** What LinkedIn shows of a text: up to the first markup that is not escaped. */
function published(commentary: string): string {
  const end = /(?<!\\)(?:\\\\)*[|{}@[\]()<>*_~]/.exec(commentary)
  return (end === null ? commentary : commentary.slice(0, end.index)).replaceAll(/\\(.)/g, '$1')
}
