import type { TunnelSession } from './session.ts'

/** A session that this process holds, and what is known of its agent. */
export type Held = TunnelSession & {
  readonly tunnelId: string
  /** By which the agent was let in. */
  readonly tokenId: string
  readonly agentId: string
  /** host:port of the service, as the agent was given it. */
  readonly target: string
  /** What the last look at the service through it found; undefined before there was one. */
  health: { isHealthy: boolean; status: number | null; at: Date } | undefined
}

/** The sessions that this process holds, by their tunnels. */
export class HeldSessions {
  readonly #byTunnel = new Map<string, readonly Held[]>()
  readonly #byId = new Map<string, Held>()
  /** Counts what changed of them. */
  changes = 0

  add(session: Held): void {
    this.#byId.set(session.id, session)
    this.changes++
    this.#byTunnel.set(session.tunnelId, [...this.of(session.tunnelId), session])
  }

  remove(session: Held): void {
    this.#byId.delete(session.id)
    this.changes++
    const rest = this.of(session.tunnelId).filter((each) => each !== session)
    if (rest.length > 0) this.#byTunnel.set(session.tunnelId, rest)
    else this.#byTunnel.delete(session.tunnelId)
  }

  all(): Held[] {
    return [...this.#byId.values()]
  }

  find(id: string): Held | undefined {
    return this.#byId.get(id)
  }

  of(tunnelId: string): readonly Held[] {
    return this.#byTunnel.get(tunnelId) ?? []
  }

  tunnelIds(): string[] {
    return [...this.#byTunnel.keys()]
  }

  /** The sessions of a tunnel that take new connections: those of one agent first, and of each the one that carries least. */
  open(tunnelId: string, agentId: string): Held[] {
    return this.of(tunnelId)
      .filter((session) => session.isOpen())
      .sort((a, b) => rank(a, agentId) - rank(b, agentId))
  }
}

function rank(session: Held, agentId: string): number {
  return session.openStreams() + (session.agentId === agentId ? 0 : 1e9)
}
