import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { carry, readLines } from './carry.ts'
import { keepAsking } from './pings.ts'
import { BORNE, CONTROL_PATH, type Told, WINDOWS, type Windows } from './protocol.ts'

/** Where the service is that a tunnel leads to: nothing else can be reached through it. */
export type Target = { host: string; port: number }

export type SessionOptions = {
  target: Target
  windows?: Windows
  /** Takes what the server tells. */
  onTold?: (told: Told) => void
  /** Takes the round-trip time, in milliseconds, whenever it is known anew. */
  onRoundTrip?: (ms: number) => void
  /** Is given both ends of each connection before anything passes. */
  onConnection?: ((stream: Duplex, service: Duplex) => void) | undefined
  /** Takes what passed through a connection that has ended. */
  onPassed?: (passed: Passed) => void
}

/** Bytes that passed to the service, and from it. */
export type Passed = { bytesIn: number; bytesOut: number }

export type AgentSession = {
  readonly session: ServerHttp2Session
  /** Streams that are open, but for the one on which the server tells what happens, and what passes through them. */
  load(): Passed & { openStreams: number }
  /** Lets what is under way end, and takes nothing more. */
  leave(): void
}

const MAX_STREAMS = 10_000
const { NGHTTP2_CONNECT_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants

/**
 * Serves one session of a tunnel on a socket that a server has upgraded. Each stream is a connection to the service, from which and to
 * which bytes pass as they are.
 */
export function serveSession(
  socket: Duplex,
  { target, windows = WINDOWS, onTold = () => {}, onRoundTrip, onConnection, onPassed = () => {} }: SessionOptions,
): AgentSession {
  const settings = { initialWindowSize: windows.stream, maxConcurrentStreams: MAX_STREAMS }
  const session = http2.performServerHandshake(socket, { settings, ...BORNE })
  const open = new Map<ServerHttp2Stream, Socket>()
  let control: ServerHttp2Stream | undefined
  session.setLocalWindowSize(windows.session)
  keepAsking(session, onRoundTrip)
  session.on('error', () => {}) // whoever waits for its end hears of it
  session.on('stream', (stream, headers) => {
    stream.on('error', () => {}) // told by its end
    if (headers[':path'] === CONTROL_PATH) {
      control = stream
      stream.respond({ ':status': 200 }, { endStream: true })
      return readLines(stream, onTold)
    }
    if (headers[':method'] !== 'CONNECT') return stream.close(NGHTTP2_REFUSED_STREAM)
    const service = connect({ ...target, noDelay: true })
    open.set(stream, service)
    stream.once('close', () => {
      open.delete(stream)
      service.destroy()
      onPassed(passedThrough(service))
    })
    service.once('connect', () => {
      if (stream.destroyed) return void service.destroy()
      stream.respond({ ':status': 200 })
      onConnection?.(stream, service)
      carry(stream, service)
    })
    service.once('error', () => stream.close(NGHTTP2_CONNECT_ERROR))
  })
  return {
    session,
    leave() {
      // It has no end of its own, and the session waits for that of each of its streams.
      control?.close()
      session.close()
    },
    load() {
      const passed = [...open.values()].map(passedThrough)
      const sum = (key: keyof Passed) => passed.reduce((all, each) => all + each[key], 0)
      return { openStreams: open.size, bytesIn: sum('bytesIn'), bytesOut: sum('bytesOut') }
    },
  }
}

function passedThrough({ bytesWritten, bytesRead }: Socket): Passed {
  return { bytesIn: bytesWritten, bytesOut: bytesRead }
}
