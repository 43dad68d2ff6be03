import { once } from 'node:events'
import { request as askHttp, type IncomingMessage } from 'node:http'
import { request as askHttps } from 'node:https'
import type { Socket } from 'node:net'
import { TUNNEL_PATH, UPGRADE } from './protocol.ts'

/** The server does not want this agent, whenever it comes: its token is not one, or the tunnel is not to be. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** It did not come about this time. `afterSeconds` is when to come again, where the server says so. */
export class DialError extends Error {
  override readonly name = 'DialError'
  readonly afterSeconds: number | undefined
  /** Whether what stands between passes no such upgrade, and may pass another. */
  readonly isUnknownUpgrade: boolean

  constructor(message: string, { afterSeconds, isUnknownUpgrade = false, cause }: DialErrorOptions = {}) {
    super(message, { cause })
    this.afterSeconds = afterSeconds
    this.isUnknownUpgrade = isUnknownUpgrade
  }
}

type DialErrorOptions = { afterSeconds?: number | undefined; isUnknownUpgrade?: boolean; cause?: unknown }

export type DialOptions = {
  /** Where the server is: `https://…` or `http://…`, with a path where it has one. */
  server: URL
  token: string
  signal: AbortSignal
}

const DIAL_WITHIN_MS = 15_000
const MAX_REASON_BYTES = 4096

/**
 * Has a server upgrade a connection, whose bytes are the tunnel's from then on.
 *
 * @throws RefusedError, DialError; the reason of the signal
 */
export async function dial({ server, token, signal }: DialOptions): Promise<Socket> {
  const url = new URL(server.pathname.replace(/\/+$/, '') + TUNNEL_PATH, server)
  const ask = url.protocol === 'https:' ? askHttps : askHttp
  const headers = { connection: 'Upgrade', upgrade: UPGRADE, authorization: `Bearer ${token}` }
  const within = AbortSignal.any([signal, AbortSignal.timeout(DIAL_WITHIN_MS)])
  const request = ask(url, { headers, agent: false, signal: within })
  request.end()
  const upgraded = once(request, 'upgrade', { signal: within }) as Promise<[IncomingMessage, Socket, Buffer]>
  const answered = once(request, 'response', { signal: within }) as Promise<[IncomingMessage]>
  for (const promise of [upgraded, answered]) promise.catch(() => {}) // one of them is told, or neither comes
  try {
    const [answer, socket, first] = await Promise.race([upgraded, answered.then(explain)])
    if (answer.headers.upgrade?.toLowerCase() !== UPGRADE)
      throw new DialError(`it speaks ${answer.headers.upgrade}`, { isUnknownUpgrade: true })
    if (first.length > 0) socket.unshift(first)
    socket.setNoDelay(true)
    return socket
  } catch (error) {
    request.destroy()
    signal.throwIfAborted()
    if (error instanceof RefusedError || error instanceof DialError) throw error
    throw new DialError(reasonOf(error), { cause: error })
  }
}

/** What an answer means that is no upgrade. @throws RefusedError, DialError */
async function explain([answer]: [IncomingMessage]): Promise<never> {
  const status = answer.statusCode ?? 0
  const said = await sentenceOf(answer)
  const reason = `the server answered ${status}${said === undefined ? '' : `: ${said}`}`
  if (status === 401 || status === 403 || status === 409) throw new RefusedError(reason)
  const seconds = Number(answer.headers['retry-after'])
  const isBusy = status === 429 || status >= 500
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

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'the server did not answer in time'
  return error.message || String('code' in error ? error.code : error.name)
}
