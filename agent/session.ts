import http2, { type ServerHttp2Stream } from 'node:http2'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { carry } from './carry.ts'
import { type Told, WINDOWS, type Windows } from './protocol.ts'
import { type Serving, serveStreams } from './serving.ts'

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

export type AgentSession = Serving & {
  /** Streams that are open, but for the one on which the server tells what happens, and what passes through them. */
  load(): Passed & { openStreams: number }
}

const MAX_STREAMS = 10_000

/**
 * Serves one session of a tunnel on a socket that a server has upgraded. Each stream is a connection to the service, from which and to
 * which bytes pass as they are.
 */
export function serveSession(
  socket: Duplex,
  { target, windows = WINDOWS, onTold = () => {}, onRoundTrip, onConnection, onPassed = () => {} }: SessionOptions,
): AgentSession {
  const open = new Map<ServerHttp2Stream, Socket>()
  const carryTo = (stream: ServerHttp2Stream): void => {
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
    service.once('error', () => stream.close(http2.constants.NGHTTP2_CONNECT_ERROR))
  }
  const options = { windows, maxStreams: MAX_STREAMS, onLine: onTold, onRoundTrip, onStream: carryTo }
  return {
    ...serveStreams<Told>(socket, options),
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
