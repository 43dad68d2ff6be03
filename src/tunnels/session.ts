import http2, {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { keepAsking } from '../../agent/pings.ts'
import { BORNE, CONTROL_PATH, type Told, WINDOWS, type Windows } from '../../agent/protocol.ts'

/** One session of a tunnel, as the server that holds it sees it. */
export type TunnelSession = {
  readonly id: string
  /**
   * Opens a connection to the service behind.
   *
   * @throws StreamRefusedError, ServiceDownError; nothing has been sent to anybody then
   */
  open(): Promise<ClientHttp2Stream>
  /** Streams that are open. */
  openStreams(): number
  /** Whether new streams may be opened: not once the agent has said that it goes. */
  isOpen(): boolean
  /** The last round-trip time in milliseconds; undefined before the first. */
  roundTripMs(): number | undefined
  tell(told: Told): void
  /** Lets what is under way end, and opens nothing more. */
  drain(): void
  /** Cuts every stream. */
  cut(): void
  /** Resolves once nothing more may be opened. */
  readonly going: Promise<void>
  /** Resolves once it is over. */
  readonly ended: Promise<void>
}

/** A session takes no more streams. */
export class StreamRefusedError extends Error {
  override readonly name = 'StreamRefusedError'
}

/** The agent can't connect to the service. */
export class ServiceDownError extends Error {
  override readonly name = 'ServiceDownError'
}

/** Of what an agent may do to a server, which asks it and is asked nothing. */
const GUARDED = { maxSessionInvalidFrames: 10, maxSettings: 32, maxOutstandingPings: 10, maxHeaderListPairs: 64 }
/**
 * What an agent may send in a second: it asks whether anybody is there every five, and changes its settings never. Of bytes that
 * are nothing a service said, every part of an answer brings some along, every stream at its beginning and end, and every
 * half of a window that was sent to it a few more.
 */
const LOOK_EVERY_MS = 1000
const MAX_QUESTIONS = 20
const MAX_OVERHEAD_BYTES = 64 * 1024
const CHUNK_BYTES = 32
const STREAM_BYTES = 128
const SENT_FOR_EACH_BYTE = 1024
/** An agent, and the service beside it, are there or not. */
const OPEN_WITHIN_MS = 10_000
/** What an agent is told waits so long for more, and is left out where it is too much. */
const TELL_AFTER_MS = 50
const MAX_TOLD_BYTES = 256 * 1024
const { NGHTTP2_CONNECT_ERROR, NGHTTP2_CANCEL } = http2.constants

/**
 * Begins a session on the socket of an agent. Over TLS, Node 26 aborts the process where a socket is given to HTTP/2 while
 * the 101 is still being written: call it in the callback of that write.
 *
 * @param wire counts what comes and goes, where the socket does not: where it is a WebSocket's.
 */
export function beginSession(
  id: string,
  socket: Duplex,
  { windows = WINDOWS, wire = socket as Socket }: { windows?: Windows; wire?: Wire } = {},
): Promise<TunnelSession> {
  const session = http2.connect('http://tunnel', {
    createConnection: () => socket,
    settings: { initialWindowSize: windows.stream, enablePush: false },
    ...BORNE,
    ...GUARDED,
  })
  const open = new Set<ClientHttp2Stream>()
  const payload = refuseFloods(session, wire, windows, open)
  // Sockets of Node's HTTP server may stay half open, and an agent that was killed would be there until a ping finds out.
  socket.once('end', () => socket.destroy())
  return new Promise((resolve, reject) => {
    session.once('error', reject)
    session.once('close', () => reject(new Error('the tunnel ended before it began')))
    // Whoever has said nothing yet is no agent.
    session.once('remoteSettings', () => {
      try {
        // An agent that sends what is no HTTP/2 has ended it already.
        session.setLocalWindowSize(windows.session)
        resolve(hold(id, session, open, payload))
      } catch (error) {
        session.destroy()
        reject(error)
      }
    })
  })
}

/** What counts the bytes of a connection. */
type Wire = Pick<Socket, 'bytesRead' | 'bytesWritten'>

/** Is told of the streams of a session, which are what its bytes are for. */
type Payload = { begin(stream: ClientHttp2Stream): void; end(): void }

/**
 * An agent that sends little but what HTTP/2 answers, or only reads, is let go: it reads as fast as that comes, which bounds nothing.
 * Node tells of questions, and of other frames nothing, so they are what came and was no payload. That is counted for one second of
 * every few, and the agent can't know which.
 *
 * @param open the streams that are.
 */
function refuseFloods(
  session: ClientHttp2Session,
  wire: Wire,
  windows: Windows,
  open: ReadonlySet<ClientHttp2Stream>,
): Payload {
  let questions = 0
  let onItsWay = 0
  let wait = untilCount()
  let counted: ReturnType<typeof beginCount> | undefined
  const ask = () => {
    if (++questions > MAX_QUESTIONS) session.destroy(new Error('the agent does nothing but ask'))
  }
  session.on('ping', ask)
  session.on('remoteSettings', ask)
  const timer = setInterval(() => {
    questions = 0
    const { overhead, seconds } = counted?.end() ?? { overhead: 0, seconds: 1 }
    // Of streams that were cut, what has not come by now comes soon, or had come before.
    if (overhead - onItsWay > MAX_OVERHEAD_BYTES * seconds)
      session.destroy(new Error('the agent sends little but frames'))
    onItsWay /= 2
    counted = undefined
    if (--wait > 0) return
    counted = beginCount(wire, open)
    wait = untilCount()
  }, LOOK_EVERY_MS)
  session.once('close', () => clearInterval(timer))
  return {
    begin: (stream) => counted?.add(stream),
    end() {
      counted?.allow(STREAM_BYTES)
      onItsWay += 2 * windows.stream
    },
  }
}

/** In how many seconds it is counted again. */
function untilCount(): number {
  return 2 + Math.floor(Math.random() * 4)
}

/** Counts what comes on a connection, and what of it the streams are given. */
function beginCount(wire: Wire, open: Iterable<ClientHttp2Stream>) {
  const { bytesRead, bytesWritten } = wire
  const began = performance.now()
  const streams: ClientHttp2Stream[] = []
  let allowed = 0
  const count = (bytes: number): void => {
    allowed += bytes + CHUNK_BYTES
  }
  const add = (stream: ClientHttp2Stream): void => {
    allowed += STREAM_BYTES
    streams.push(stream)
    countPushed(stream, count)
  }
  for (const stream of open) add(stream)
  return {
    add,
    allow(bytes: number) {
      allowed += bytes
    },
    /** @returns bytes that came and were for no stream, beyond what the others need; and in how long. */
    end() {
      for (const stream of streams) counters.delete(stream)
      const overhead = wire.bytesRead - bytesRead - allowed - (wire.bytesWritten - bytesWritten) / SENT_FOR_EACH_BYTE
      return { overhead, seconds: Math.max((performance.now() - began) / 1000, 1) }
    },
  }
}

const counters = new WeakMap<object, (bytes: number) => void>()

/**
 * Has what HTTP/2 hands to a stream counted: whoever reads that has listeners of its own. The method stands with the class and not
 * with the stream, because streams of several shapes cost every request six percent.
 */
function countPushed(stream: ClientHttp2Stream, count: (bytes: number) => void): void {
  counters.set(stream, count)
  const streams: ClientHttp2Stream = Object.getPrototypeOf(stream)
  if (Object.hasOwn(streams, 'push')) return
  const { push } = streams
  streams.push = function (this: ClientHttp2Stream, chunk: Buffer | null, encoding?: BufferEncoding) {
    if (chunk !== null) counters.get(this)?.(chunk.length)
    return push.call(this, chunk, encoding)
  }
}

function hold(id: string, session: ClientHttp2Session, open: Set<ClientHttp2Stream>, payload: Payload): TunnelSession {
  const going = Promise.withResolvers<void>()
  let isGoing = false
  let roundTrip: number | undefined
  const go = () => {
    isGoing = true
    going.resolve()
  }
  session.on('error', () => {}) // told by its end
  session.on('goaway', go)
  session.once('close', go)
  keepAsking(session, (ms) => {
    roundTrip = ms
  })
  const control = session.request({ ':method': 'POST', ':path': CONTROL_PATH })
  control.on('error', () => {}).resume()
  const tell = telling<Told>(control, ({ event }) => event !== 'request')
  return {
    id,
    open: async () => (await openStream(session, open, { payload })).stream,
    openStreams: () => open.size,
    isOpen: () => !isGoing && !session.closed && !session.destroyed,
    roundTripMs: () => roundTrip,
    tell,
    drain() {
      go()
      control.end()
      session.close()
    },
    cut() {
      session.destroy()
    },
    going: going.promise,
    ended: new Promise((resolve) => session.once('close', resolve)),
  }
}

/**
 * Opens a stream that carries a connection, and waits until the other end has connected it.
 *
 * @param open is kept up: the streams of the session that are open.
 * @param headers besides those of a CONNECT.
 * @param payload is told of the stream.
 * @throws StreamRefusedError, ServiceDownError
 */
export function openStream(
  session: ClientHttp2Session,
  open: Set<ClientHttp2Stream>,
  { headers = { ':authority': 'service' }, payload }: { headers?: OutgoingHttpHeaders; payload?: Payload } = {},
): Promise<{ stream: ClientHttp2Stream; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    let stream: ClientHttp2Stream
    try {
      stream = session.request({ ':method': 'CONNECT', ...headers })
    } catch (cause) {
      reject(new StreamRefusedError('the session is over', { cause }))
      return
    }
    open.add(stream)
    payload?.begin(stream)
    const late = setTimeout(() => stream.close(NGHTTP2_CANCEL), OPEN_WITHIN_MS)
    const refuse = () => {
      const isDown = stream.rstCode === NGHTTP2_CONNECT_ERROR
      reject(
        isDown ? new ServiceDownError('the service is not there') : new StreamRefusedError('the stream was refused'),
      )
    }
    // What fails is told by its end; whoever reads it has its own eyes on it.
    stream.on('error', () => {})
    stream.once('close', () => {
      clearTimeout(late)
      open.delete(stream)
      payload?.end()
      refuse()
    })
    stream.once('response', (answered) => {
      clearTimeout(late)
      resolve({ stream, headers: answered })
    })
  })
}

/** Makes what writes what is told, a line each: what comes at about the same time, and is not urgent, goes together. */
export function telling<T extends object>(
  control: ClientHttp2Stream,
  isUrgent: (told: T) => boolean,
): (told: T) => void {
  let lines: string[] = []
  const flush = () => {
    if (!control.destroyed && !control.writableEnded) control.write(Buffer.from(lines.join('')))
    lines = []
  }
  return (told) => {
    // Whoever does not listen is told no more.
    if (control.destroyed || control.writableEnded || control.writableLength > MAX_TOLD_BYTES) return
    if (lines.length === 0) setTimeout(flush, isUrgent(told) ? 0 : TELL_AFTER_MS)
    lines.push(`${JSON.stringify(told)}\n`)
  }
}
