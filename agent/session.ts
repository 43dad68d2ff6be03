import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { keepAsking } from './pings.ts'
import { CONTROL_PATH, type Told, WINDOWS, type Windows } from './protocol.ts'

/** Where the service is that a tunnel leads to: nothing else can be reached through it. */
export type Target = { host: string; port: number }

export type SessionOptions = {
  target: Target
  windows?: Windows
  /** Takes what the server tells. */
  onTold?: (told: Told) => void
  /** Takes the round-trip time, in milliseconds, whenever it is known anew. */
  onRoundTrip?: (ms: number) => void
}

export type AgentSession = {
  readonly session: ServerHttp2Session
  /** Streams that are open, but for the one on which the server tells what happens. */
  openStreams(): number
}

const MAX_STREAMS = 10_000
const MAX_TOLD_LINE = 16_384
const { NGHTTP2_CONNECT_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants

/**
 * Serves one session of a tunnel on a socket that a server has upgraded. Each stream is a connection to the service, from which and to
 * which bytes pass as they are.
 */
export function serveSession(
  socket: Duplex,
  { target, windows = WINDOWS, onTold = () => {}, onRoundTrip }: SessionOptions,
): AgentSession {
  const settings = { initialWindowSize: windows.stream, maxConcurrentStreams: MAX_STREAMS }
  const session = http2.performServerHandshake(socket, { settings })
  const open = new Set<ServerHttp2Stream>()
  session.setLocalWindowSize(windows.session)
  keepAsking(session, onRoundTrip)
  session.on('error', () => {}) // whoever waits for its end hears of it
  session.on('stream', (stream, headers) => {
    stream.on('error', () => {}) // told by its end
    if (headers[':path'] === CONTROL_PATH) return readTold(stream, onTold)
    if (headers[':method'] !== 'CONNECT') return stream.close(NGHTTP2_REFUSED_STREAM)
    open.add(stream)
    stream.once('close', () => open.delete(stream))
    carry(stream, target)
  })
  return { session, openStreams: () => open.size }
}

/** Connects a stream to the service. What ends one ends the other, and neither holds what the other can't take. */
function carry(stream: ServerHttp2Stream, target: Target): void {
  const local = connect({ ...target, noDelay: true })
  local.once('connect', () => {
    if (stream.destroyed) return void local.destroy()
    stream.respond({ ':status': 200 })
    stream.pipe(local)
    local.pipe(stream)
  })
  local.once('error', () => stream.close(NGHTTP2_CONNECT_ERROR))
  local.once('close', () => {
    if (!stream.destroyed && !stream.writableEnded) stream.close()
  })
  stream.once('close', () => local.destroy())
}

/** Reads JSON, an object a line. What is no such line is left out. */
function readTold(stream: ServerHttp2Stream, onTold: (told: Told) => void): void {
  let rest = ''
  stream.respond({ ':status': 200 }, { endStream: true })
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()?.slice(0, MAX_TOLD_LINE) ?? ''
    for (const line of lines) {
      try {
        onTold(JSON.parse(line))
      } catch {}
    }
  })
}
