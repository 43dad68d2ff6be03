import { hkdfSync } from 'node:crypto'
import { once } from 'node:events'
import http2, {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { carry } from '../../agent/carry.ts'
import { keepAsking } from '../../agent/pings.ts'
import { BORNE, CONTROL_PATH, type Told, WINDOWS } from '../../agent/protocol.ts'
import { serveStreams } from '../../agent/serving.ts'
import type { KeyRing } from '../secrets/cipher.ts'
import type { Held, HeldSessions } from './held.ts'
import { openStream, ServiceDownError, StreamRefusedError, telling } from './session.ts'
import type { Connection, Place } from './sockets.ts'

// How a server reaches the sessions that another one holds: HTTP/2 over TLS, in which both prove by a pre-shared key that they
// have the same HS_ENCRYPTION_KEY (RFC 4279), so that there are no certificates to make and nobody else gets in or listens.

/** With forward secrecy: who learns the key later reads nothing of what passed before (RFC 5489, RFC 7905, RFC 5487). */
const TLS = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305:DHE-PSK-AES256-GCM-SHA384',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const
const CONNECT_WITHIN_MS = 5000
const MAX_STREAMS = 100_000
const { NGHTTP2_CONNECT_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants
/** Which agent is asked for, and which session it became. */
const AGENT = 'agent'
const SESSION = 'session'

/** What is told to the agent of a session. */
type Relayed = { session: string; told: Told }

/** The keys of a ring as both ends of a link prove them, by their ids. */
function linkKeys(ring: KeyRing): Map<string, Buffer> {
  const derive = (key: Buffer) => Buffer.from(hkdfSync('sha256', key, '', 'hyperspeed tunnel links', 32))
  return new Map([...ring].map(([kid, key]) => [kid, derive(key)]))
}

/** Takes connections of other servers, for the sessions that this one holds. */
export type LinkListener = {
  port: number
  /** Takes nothing more, and lets what is under way end. */
  drain(): void
  stop(): Promise<void>
}

/** Starts to take them. */
export async function listenForLinks(
  { host, port }: { host: string; port: number },
  ring: KeyRing,
  held: HeldSessions,
): Promise<LinkListener> {
  const keys = linkKeys(ring)
  const sockets = new Map<TLSSocket, ServerHttp2Session>()
  const server = tls.createServer(
    { ...TLS, handshakeTimeout: CONNECT_WITHIN_MS, pskCallback: (_socket, identity) => keys.get(identity) ?? null },
    (socket) => {
      sockets.set(socket, serveLink(socket, held))
      socket.once('close', () => sockets.delete(socket))
    },
  )
  server.on('tlsClientError', () => {}) // somebody without the key, or no other server at all
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    drain() {
      server.close()
      for (const session of sockets.values()) session.close()
    },
    async stop() {
      if (sockets.size === 0 && !server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets.keys()) socket.destroy()
      await closed
    },
  }
}

function serveLink(socket: TLSSocket, held: HeldSessions): ServerHttp2Session {
  const { session } = serveStreams<Relayed>(socket, {
    windows: WINDOWS,
    maxStreams: MAX_STREAMS,
    onLine: ({ session: id, told }) => held.find(id)?.tell(told),
    onStream: (stream, headers) => {
      void connectHere(stream, held, { tunnelId: headers[':authority'] ?? '', agentId: String(headers[AGENT]) })
    },
  })
  return session
}

/** Connects a stream of another server to a session of this one, and never to a third. */
async function connectHere(stream: ServerHttp2Stream, held: HeldSessions, place: Place): Promise<void> {
  try {
    const { stream: behind, session } = await openHeld(held, place)
    if (stream.destroyed) return void behind.destroy()
    stream.respond({ ':status': 200, [SESSION]: session.id })
    carry(stream, behind)
  } catch (error) {
    stream.close(error instanceof ServiceDownError ? NGHTTP2_CONNECT_ERROR : NGHTTP2_REFUSED_STREAM)
  }
}

/**
 * Opens a connection through a session that this process holds, of one agent rather than the others.
 *
 * @throws StreamRefusedError, ServiceDownError
 */
export async function openHeld(
  held: HeldSessions,
  { tunnelId, agentId }: Place,
): Promise<Connection & { session: Held }> {
  return firstOf(held.open(tunnelId, agentId), async (session) => ({ stream: await session.open(), session }))
}

/** The first that works; where none does, what was wrong with the service rather than with the way to it. */
export async function firstOf<T, R>(items: readonly T[], attempt: (item: T) => Promise<R>): Promise<R> {
  let problem: Error = new StreamRefusedError('no agent of this tunnel is connected')
  for (const item of items) {
    try {
      return await attempt(item)
    } catch (error) {
      if (error instanceof ServiceDownError) problem = error
    }
  }
  throw problem
}

/** Connections to other servers, each made when it is needed and kept while it works. */
export class Links {
  readonly #keys: Map<string, Buffer>
  readonly #onGoing: (link: Link) => void
  readonly #links = new Map<string, Promise<Link>>()

  /** @param onGoing is told of a link that takes nothing more. */
  constructor(ring: KeyRing, onGoing: (link: Link) => void) {
    this.#keys = linkKeys(ring)
    this.#onGoing = onGoing
  }

  /** Opens a connection through a session that another server holds. @throws StreamRefusedError, ServiceDownError */
  async open(address: string, place: Place): Promise<Connection> {
    const link = await this.#link(address)
    return link.connect(place)
  }

  stop(): void {
    for (const link of this.#links.values())
      link.then(
        (each) => each.cut(),
        () => {},
      )
  }

  #link(address: string): Promise<Link> {
    const known = this.#links.get(address)
    if (known !== undefined) return known
    const made = this.#make(address)
    this.#links.set(address, made)
    const forget = () => {
      if (this.#links.get(address) === made) this.#links.delete(address)
    }
    made.then((link) => {
      const go = () => {
        forget()
        link.isGoing = true
        this.#onGoing(link)
      }
      link.session.once('goaway', go)
      link.session.once('close', go)
    }, forget)
    return made
  }

  async #make(address: string): Promise<Link> {
    const { hostname: host, port } = new URL(`tls://${address}`)
    // A server that knows no more than the key before this one knows that.
    return firstOf([...this.#keys], async ([identity, psk]) => {
      const socket = tls.connect({
        ...TLS,
        host: host.replace(/^\[|\]$/g, ''),
        port: Number(port),
        pskCallback: () => ({ psk, identity }),
        // The key says who it is.
        checkServerIdentity: () => undefined,
      })
      socket.setNoDelay(true)
      try {
        await once(socket, 'secureConnect', { signal: AbortSignal.timeout(CONNECT_WITHIN_MS) })
      } catch (cause) {
        socket.on('error', () => {}).destroy()
        throw new StreamRefusedError('another server is not there', { cause })
      }
      const settings = { initialWindowSize: WINDOWS.stream, enablePush: false }
      const session = http2.connect('http://tunnel', { createConnection: () => socket, settings, ...BORNE })
      await once(session, 'connect', { signal: AbortSignal.timeout(CONNECT_WITHIN_MS) })
      session.setLocalWindowSize(WINDOWS.session)
      return new Link(session)
    })
  }
}

/** A connection to another server. */
export class Link {
  readonly session: ClientHttp2Session
  /** Whether it takes nothing more. */
  isGoing = false
  readonly #open = new Set<ClientHttp2Stream>()
  readonly #sessions = new WeakMap<object, string>()
  readonly #relay: (relayed: Relayed) => void

  constructor(session: ClientHttp2Session) {
    this.session = session
    session.on('error', () => {}) // told by its end
    keepAsking(session)
    const control = session.request({ ':method': 'POST', ':path': CONTROL_PATH })
    control.on('error', () => {}).resume()
    this.#relay = telling<Relayed>(control, () => false)
  }

  async connect({ tunnelId, agentId }: Place): Promise<Connection> {
    const wanted = { ':authority': tunnelId, [AGENT]: agentId }
    const { stream, headers } = await openStream(this.session, this.#open, { headers: wanted })
    this.#sessions.set(stream, String(headers[SESSION]))
    return { stream, session: this }
  }

  isOpen(): boolean {
    return !this.isGoing && !this.session.closed && !this.session.destroyed
  }

  tell(told: Told, stream: object): void {
    this.#relay({ session: this.#sessions.get(stream) ?? '', told })
  }

  cut(): void {
    this.session.destroy()
  }
}
