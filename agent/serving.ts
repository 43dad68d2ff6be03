import http2, { type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { readLines } from './carry.ts'
import { keepAsking } from './pings.ts'
import { BORNE, CONTROL_PATH, type Windows } from './protocol.ts'

export type ServingOptions<T> = {
  windows: Windows
  maxStreams: number
  /** Takes what the other end tells, an object a line. */
  onLine: (line: T) => void
  /** Takes the round-trip time, in milliseconds, whenever it is known anew. */
  onRoundTrip?: ((ms: number) => void) | undefined
  /** Connects a stream, or closes it. */
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void
}

export type Serving = {
  readonly session: ServerHttp2Session
  /** Lets what is under way end, and takes nothing more. */
  leave(): void
}

/** Serves one session of HTTP/2, whose other end opens streams that carry connections, and one on which it tells what happens. */
export function serveStreams<T>(
  socket: Duplex,
  { windows, maxStreams, onLine, onRoundTrip, onStream }: ServingOptions<T>,
): Serving {
  const settings = { initialWindowSize: windows.stream, maxConcurrentStreams: maxStreams }
  const session = http2.performServerHandshake(socket, { settings, ...BORNE })
  let control: ServerHttp2Stream | undefined
  session.setLocalWindowSize(windows.session)
  keepAsking(session, onRoundTrip)
  session.on('error', () => {}) // whoever waits for its end hears of it
  session.on('stream', (stream, headers) => {
    stream.on('error', () => {}) // told by its end
    if (headers[':path'] === CONTROL_PATH) {
      control = stream
      stream.respond({ ':status': 200 }, { endStream: true })
      return readLines(stream, onLine)
    }
    if (headers[':method'] !== 'CONNECT') return stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)
    onStream(stream, headers)
  })
  return {
    session,
    leave() {
      // It has no end of its own, and the session waits for that of each of its streams.
      control?.close()
      session.close()
    },
  }
}
