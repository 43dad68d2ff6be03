import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TunnelSession } from './session.ts'

/** A service closes a connection that is idle for five seconds, as Node does by default: so it is let go before. */
const IDLE_MS = 3000
const MAX_FREE = 64

/** Nobody is there to take a request. */
export class NoSessionError extends Error {
  override readonly name = 'NoSessionError'
}

/**
 * Takes the streams of tunnels for the sockets of HTTP/1.1: each carries one connection to the service, which is kept alive and
 * used again.
 */
export class TunnelSockets extends Agent {
  readonly #pick: (tunnelId: string) => TunnelSession | undefined
  readonly #sessions = new WeakMap<Duplex, TunnelSession>()

  /** @param pick the session for a new connection, by the `host` of the request, which is the id of its tunnel. */
  constructor(pick: (tunnelId: string) => TunnelSession | undefined) {
    super({ keepAlive: true, maxFreeSockets: MAX_FREE, scheduling: 'lifo', timeout: IDLE_MS })
    this.#pick = pick
  }

  override getName({ host = '' }: AgentOptions & { host?: string }): string {
    return host
  }

  override createConnection({ host }: ClientRequestArgs): Duplex {
    const session = this.#pick(host ?? '')
    if (session === undefined) throw new NoSessionError('no agent of this tunnel is connected')
    const stream = asSocket(session.open())
    this.#sessions.set(stream, session)
    return stream
  }

  override keepSocketAlive(socket: Duplex): boolean {
    return !socket.destroyed && this.#sessions.get(socket)?.isOpen() === true
  }

  /** Lets go of the connections of a session on which nothing happens: it is about to end. */
  release(session: TunnelSession): void {
    for (const sockets of Object.values(this.freeSockets))
      for (const socket of sockets ?? []) if (this.#sessions.get(socket) === session) socket.destroy()
  }
}

/** What HTTP/1.1 asks of a socket besides its bytes means nothing to a stream. */
function asSocket<S extends Duplex>(stream: S): S {
  const nothing = () => stream
  return Object.assign(stream, { setNoDelay: nothing, setKeepAlive: nothing, ref: nothing, unref: nothing })
}
