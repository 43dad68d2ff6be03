import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Test } from 'tap'
import { startReceiver } from './receiver.ts'

/** A post as a network has it. */
export type Posted = { network: 'x' | 'linkedin' | 'mastodon'; id: string; text: string; key: string | undefined }

/** What a network does with the next post. `take` takes it, without an answer. */
export type Mood = (request: IncomingMessage, response: ServerResponse, take: () => void) => void

type Reply = { status: number; headers?: Record<string, string>; body?: unknown }
type Body = Record<string, unknown>

/**
 * X, LinkedIn and Mastodon at one address, as strict as they say that they are: tokens, headers and bodies are checked, LinkedIn
 * publishes what stands before the first character that should have been escaped, and Mastodon knows a repeat by its key.
 */
export async function startNetworks(t: Test) {
  const posts: Posted[] = []
  const state: { mood: Mood | undefined; token: string; maxCharacters: number | undefined } = {
    mood: undefined,
    token: 'good-token-1234',
    maxCharacters: 500,
  }
  let ids = 1000
  const { authority, received } = await startReceiver(t, (request, response) => {
    const { url = '', headers } = request
    const take = () => replyTo(url, headers, received.at(-1)?.body ?? '')
    const { mood } = state
    if (request.method === 'POST') state.mood = undefined
    if (mood !== undefined && request.method === 'POST') return mood(request, response, take)
    const { status, headers: said = {}, body } = request.method === 'GET' ? instance(url) : take()
    response.writeHead(status, said).end(body === undefined ? '' : JSON.stringify(body))
  })

  function instance(url: string): Reply {
    const statuses = { max_characters: state.maxCharacters, characters_reserved_per_url: 23 }
    const isThere = url === '/api/v2/instance' && state.maxCharacters !== undefined
    return isThere ? { status: 200, body: { version: '4.5.0', configuration: { statuses } } } : { status: 404 }
  }

  function replyTo(url: string, headers: IncomingHttpHeaders, text: string): Reply {
    if (headers.authorization !== `Bearer ${state.token}`) return { status: 401, body: { title: 'Unauthorized' } }
    if (headers['content-type'] !== 'application/json') return { status: 415 }
    const [body, id]: [Body, string] = [JSON.parse(text), String(ids++)]
    if (url === '/2/tweets') return tweet(body, id)
    if (url === '/rest/posts') return share(headers, body, `urn:li:share:${id}`)
    return url === '/api/v1/statuses' ? toot(String(headers['idempotency-key']), body, id) : { status: 404 }
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
    const before = posts.find((post) => post.network === 'mastodon' && post.key === key)
    const post: Posted = before ?? { network: 'mastodon', id, text: String(text), key }
    if (before === undefined) posts.push(post)
    return { status: 200, body: { id: post.id, url: `https://mastodon.example/@ada/${post.id}` } }
  }

  return { posts, state, authority, base: `http://${authority}`, received }
}

/** What LinkedIn shows of a text: up to the first markup that is not escaped. */
function published(commentary: string): string {
  const end = /(?<!\\)(?:\\\\)*[|{}@[\]()<>*_~]/.exec(commentary)
  return (end === null ? commentary : commentary.slice(0, end.index)).replaceAll(/\\(.)/g, '$1')
}
