import { once } from 'node:events'
import { request as askHttp, type IncomingMessage } from 'node:http'
import { request as askHttps } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { SAYS, TUNNEL_PATH, UPGRADE } from './protocol.ts'

/** The server does not want this agent, whenever it comes: its token is not one. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** It did not come about this time. `afterSeconds` is when to come again, where the server says so. */
export class DialError extends Error {
  override readonly name = 'DialError'
  readonly afterSeconds: number | undefined
  /** Whether what stands between says that it passes no such upgrade: it may pass another. */
  readonly isUnknownUpgrade: boolean
  /** Whether there was no answer, of which that may be the cause too. */
  readonly isSilent: boolean

  constructor(
    message: string,
    { afterSeconds, isUnknownUpgrade = false, isSilent = false, cause }: DialErrorOptions = {},
  ) {
    super(message, { cause })
    this.afterSeconds = afterSeconds
    this.isUnknownUpgrade = isUnknownUpgrade
    this.isSilent = isSilent
  }
}

type DialErrorOptions = {
  afterSeconds?: number | undefined
  isUnknownUpgrade?: boolean
  isSilent?: boolean
  cause?: unknown
}

/** How the bytes of a session travel: behind an upgrade of our own, or in the frames of a WebSocket. */
export type Transport = 'upgrade' | 'websocket'

export type DialOptions = {
  /** Where the server is: `https://…` or `http://…`, with a path where it has one. */
  server: URL
  token: string
  /** What the agent says of itself, by the names of headers. */
  says: Readonly<Record<string, string>>
  transport: Transport
  signal: AbortSignal
}

/** A connection whose bytes are the tunnel's, and which of how many servers it leads to, where that says so. */
export type Dialled = { socket: Duplex; server: string | undefined; servers: number; transport: Transport }

const DIAL_WITHIN_MS = 15_000
const MAX_REASON_BYTES = 4096

/**
 * Has a server upgrade a connection, whose bytes are the tunnel's from then on.
 *
 * @throws RefusedError, DialError; the reason of the signal
 */
export async function dial(options: DialOptions): Promise<Dialled> {
  const { server, token, says, signal, transport } = options
  const url = new URL(server.pathname.replace(/\/+$/, '') + TUNNEL_PATH, server)
  const within = AbortSignal.any([signal, AbortSignal.timeout(DIAL_WITHIN_MS)])
  const headers = { ...says, authorization: `Bearer ${token}` }
  try {
    const way = transport === 'upgrade' ? byUpgrade : byWebSocket
    const { answer, socket } = await way(url, headers, within)
    const server = answer.headers[SAYS.server]
    const servers = Number(answer.headers[SAYS.servers])
    const id = typeof server === 'string' ? server : undefined
    return { socket, server: id, servers: servers > 0 ? servers : 1, transport }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof RefusedError || error instanceof DialError) throw error
    throw new DialError(reasonOf(error), { cause: error, isSilent: isSilence(error) })
  }
}

type Way = (
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
) => Promise<{ answer: IncomingMessage; socket: Duplex }>

const byUpgrade: Way = async (url, said, signal) => {
  const ask = url.protocol === 'https:' ? askHttps : askHttp
  const headers = { ...said, connection: 'Upgrade', upgrade: UPGRADE }
  const request = ask(url, { headers, agent: false, signal })
  request.end()
  const upgraded = once(request, 'upgrade', { signal }) as Promise<[IncomingMessage, Socket, Buffer]>
  const answered = once(request, 'response', { signal }) as Promise<[IncomingMessage]>
  for (const promise of [upgraded, answered]) promise.catch(() => {}) // one of them is told, or neither comes
  try {
    const [answer, socket, first] = await Promise.race([upgraded, answered.then(([response]) => explain(response))])
    if (answer.headers.upgrade?.toLowerCase() !== UPGRADE)
      throw new DialError(`it speaks ${answer.headers.upgrade}`, { isUnknownUpgrade: true })
    if (first.length > 0) socket.unshift(first)
    socket.setNoDelay(true)
    return { answer, socket }
  } catch (error) {
    request.destroy()
    throw error
  }
}

/** Loaded only where it is needed. */
const byWebSocket: Way = async (url, headers, signal) => {
  const { WebSocket, createWebSocketStream } = await import('ws')
  const webSocket = new WebSocket(url.href.replace(/^http/, 'ws'), UPGRADE, { headers, perMessageDeflate: false })
  // At once: what comes with the answer would find nobody.
  const socket = createWebSocketStream(webSocket)
  const refused = Promise.withResolvers<never>()
  let answer: IncomingMessage | undefined
  webSocket.once('upgrade', (response) => {
    answer = response
  })
  webSocket.once('unexpected-response', (_request, response) => explain(response).catch(refused.reject))
  webSocket.on('error', refused.reject)
  socket.on('error', refused.reject)
  refused.promise.catch(() => {}) // told by the race, or by the stream
  try {
    await Promise.race([once(webSocket, 'open', { signal }), refused.promise])
    if (answer === undefined) throw new DialError('it did not answer')
    return { answer, socket }
  } catch (error) {
    webSocket.terminate()
    throw error
  }
}

/** What an answer means that is no upgrade. @throws RefusedError, DialError */
async function explain(answer: IncomingMessage): Promise<never> {
  const status = answer.statusCode ?? 0
  const said = await sentenceOf(answer)
  const reason = `the server answered ${status}${said === undefined ? '' : `: ${said}`}`
  // Of this API, and not of somebody between.
  if (status === 401 && said !== undefined) throw new RefusedError(reason)
  const seconds = Number(answer.headers['retry-after'])
  const isBusy = status === 429 || (status >= 500 && status !== 501 && status !== 505)
  throw new DialError(reason, {
    afterSeconds: Number.isInteger(seconds) && seconds >= 0 ? seconds : undefined,
    isUnknownUpgrade: !isBusy,
  })
}

/** What this API's errors say; undefined for what somebody between says. */
async function sentenceOf(answer: IncomingMessage): Promise<string | undefined> {
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) {
    text += chunk
    if (text.length > MAX_REASON_BYTES) return undefined
  }
  try {
    const { error } = JSON.parse(text)
    return typeof error === 'string' ? error : undefined
  } catch {
    return undefined
  }
}

/** Somebody was there and let go, or said nothing. */
function isSilence(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === 'ECONNRESET') || /^(?:Abort|Timeout)Error$/.test(error.name)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'the server did not answer in time'
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error.message || String('code' in error ? error.code : error.name)
}
