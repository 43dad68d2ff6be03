import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { keepAsking } from '../../agent/pings.ts'
import { CONTROL_PATH, type Told, WINDOWS, type Windows } from '../../agent/protocol.ts'

/** One session of a tunnel, as the server that holds it sees it. */
export type TunnelSession = {
  readonly id: string
  /** Opens a connection to the service behind. Bytes may be written at once; it errs where nobody is there. */
  open(): ClientHttp2Stream
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
  /** Resolves once it is over. */
  readonly ended: Promise<void>
}

/** Of what an agent may do to a server, which asks it and is asked nothing. */
const GUARDED = { maxSessionInvalidFrames: 10, maxSettings: 32, maxOutstandingPings: 10, maxHeaderListPairs: 64 }

/**
 * Begins a session on the socket of an agent. Over TLS, Node 26 aborts the process where a socket is given to HTTP/2 while
 * the 101 is still being written: call it in the callback of that write.
 */
export function beginSession(id: string, socket: Duplex, windows: Windows = WINDOWS): Promise<TunnelSession> {
  const session = http2.connect('http://tunnel', {
    createConnection: () => socket,
    settings: { initialWindowSize: windows.stream, enablePush: false },
    ...GUARDED,
  })
  return new Promise((resolve, reject) => {
    session.once('error', reject)
    session.once('close', () => reject(new Error('the tunnel ended before it began')))
    session.once('connect', () => {
      session.setLocalWindowSize(windows.session)
      resolve(hold(id, session))
    })
  })
}

function hold(id: string, session: ClientHttp2Session): TunnelSession {
  const open = new Set<ClientHttp2Stream>()
  let isGoing = false
  let roundTrip: number | undefined
  session.on('error', () => {}) // told by its end
  session.on('goaway', () => {
    isGoing = true
  })
  keepAsking(session, (ms) => {
    roundTrip = ms
  })
  const control = session.request({ ':method': 'POST', ':path': CONTROL_PATH })
  control.on('error', () => {}).resume()
  return {
    id,
    open() {
      const stream = session.request({ ':method': 'CONNECT', ':authority': 'service' })
      open.add(stream)
      stream.once('close', () => open.delete(stream))
      return stream
    },
    openStreams: () => open.size,
    isOpen: () => !isGoing && !session.closed && !session.destroyed,
    roundTripMs: () => roundTrip,
    tell(told) {
      if (!control.destroyed && !control.writableEnded) control.write(`${JSON.stringify(told)}\n`)
    },
    drain() {
      isGoing = true
      control.end()
      session.close()
    },
    cut() {
      session.destroy()
    },
    ended: new Promise((resolve) => session.once('close', resolve)),
  }
}
