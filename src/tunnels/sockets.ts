import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http'
import { Duplex } from 'node:stream'
import type { Told } from '../../agent/protocol.ts'

/** A service closes a connection that is idle for five seconds, as Node does by default: so it is let go before. */
const IDLE_MS = 3000
/** More than are in use at once: what is made anew for each request costs a way to the agent and back. */
const MAX_FREE = 4096

/** A connection to the service behind a tunnel, through one of its sessions. */
export type Connection = {
  stream: Duplex
  session: Carrier
}

/** What carries connections: a session with an agent, or with a process that has one. */
export type Carrier = {
  /** Whether it takes new connections: idle ones are not kept otherwise. */
  isOpen(): boolean
  /** Tells the agent at the other end of a stream something. */
  tell(told: Told, stream: Duplex): void
}

/** To which tunnel a connection goes, and to which of its agents rather than the others. */
export type Place = { tunnelId: string; agentId: string }

/** Options of a request through these sockets. */
export type ThroughTunnel = ClientRequestArgs & { place: Place }

/**
 * Takes the streams of tunnels for the sockets of HTTP/1.1: each carries one connection to the service, which is kept alive and
 * used again.
 */
export class TunnelSockets extends Agent {
  readonly #connect: (place: Place) => Promise<Connection>
  readonly #connections = new WeakMap<Duplex, Connection>()

  constructor(connect: (place: Place) => Promise<Connection>) {
    super({ keepAlive: true, maxFreeSockets: MAX_FREE, scheduling: 'lifo', timeout: IDLE_MS })
    this.#connect = connect
  }

  override getName({ place }: AgentOptions & { place?: Place }): string {
    return `${place?.tunnelId} ${place?.agentId}`
  }

  override createConnection(
    { place }: ClientRequestArgs & { place?: Place },
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    if (place === undefined || callback === undefined) throw new Error('a request through a tunnel names its place')
    const give = (connection: Connection) => {
      const stream = asSocket(connection.stream)
      this.#connections.set(stream, connection)
      callback(null, stream)
    }
    // The callback takes an error alone, whatever its type says.
    this.#connect(place).then(give, (error) => callback(error, undefined as unknown as Duplex))
    return undefined
  }

  override keepSocketAlive(socket: Duplex): boolean {
    // Its own part is to let it go in time. What it returns, its type leaves out.
    const isKept = super.keepSocketAlive(socket) as unknown as boolean
    return isKept && !socket.destroyed && this.#connections.get(socket)?.session.isOpen() === true
  }

  /** Tells the agent behind a socket of these something. */
  tell(socket: Duplex | null, told: Told): void {
    if (socket !== null) this.#connections.get(socket)?.session.tell(told, socket)
  }

  /** Lets go of the idle connections of what takes no more: it is about to end. */
  release(session: Carrier): void {
    for (const sockets of Object.values(this.freeSockets))
      for (const socket of sockets ?? []) if (this.#connections.get(socket)?.session === session) socket.destroy()
  }
}

/**
 * What HTTP/1.1 asks of a socket besides its bytes means nothing to a stream. Its texts become bytes first: Node 26.10 was seen to
 * overwrite the memory of a head that is written to a stream of HTTP/2 together with a body.
 */
export function asSocket<S extends Duplex>(stream: S): S {
  const nothing = () => stream
  const write = (chunk: string | Uint8Array, ...rest: [BufferEncoding]) =>
    Duplex.prototype.write.call(stream, typeof chunk === 'string' ? Buffer.from(chunk, ...rest) : chunk, ...rest)
  return Object.assign(stream, { write, setNoDelay: nothing, setKeepAlive: nothing, ref: nothing, unref: nothing })
}
