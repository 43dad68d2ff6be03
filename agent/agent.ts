import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { backoff } from './backoff.ts'
import { DialError, type Dialled, dial, RefusedError, type Transport } from './dial.ts'
import { SAYS, SESSIONS, type Told, type Windows } from './protocol.ts'
import { type AgentSession, serveSession, type Target } from './session.ts'

/** A session that lasted so long was no failure, whatever ended it. */
const STEADY_MS = 10_000
/** However much later a server says. */
const MOST_SECONDS = 3600
/** How often a server that has a session already is dialled in vain, in the hope of another one behind the same address. */
const SPREAD_TRIES = 6

/** What an agent says of itself, as it happens. */
export type AgentEvent =
  | { event: 'connected'; sessions: number; server: string | undefined; transport: Transport }
  /** `retryMs` is when it dials again. */
  | { event: 'disconnected'; sessions: number; reason: string; retryMs: number }
  | { event: 'round-trip'; ms: number }
  | Told

export type AgentOptions = {
  server: URL
  token: string
  target: Target
  /** What it calls itself; the name of this machine by default. */
  name?: string
  version?: string
  sessions?: number
  windows?: Windows
  /** Tried first; the other one is, where what stands between does not pass it. */
  transport?: Transport
  onEvent?: (event: AgentEvent) => void
  /** Is given both ends of each connection before anything passes: whoever looks on listens there. */
  onConnection?: (stream: Duplex, service: Duplex) => void
}

/** What an agent carries. */
export type Load = { sessions: number; servers: number; openStreams: number; bytesIn: number; bytesOut: number }

export type Agent = {
  load(): Load
  /** Resolves once it is over, and rejects with RefusedError where the server does not want it. */
  readonly ended: Promise<void>
  /** Takes nothing more, and resolves once what is under way has ended, or has had `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/** Keeps sessions with a server, each dialled again whenever it ends. */
export function startAgent(options: AgentOptions): Agent {
  const { server, token, target, sessions: wanted = SESSIONS, windows, onEvent = () => {}, onConnection } = options
  const stopping = new AbortController()
  const open = new Map<AgentSession, string | undefined>()
  const over = Promise.withResolvers<void>()
  const passed = { bytesIn: 0, bytesOut: 0 }
  const says = {
    [SAYS.agent]: randomUUID(),
    [SAYS.name]: (options.name ?? hostname()).replace(/[^\x20-\x7e]/g, '?'),
    [SAYS.version]: options.version ?? '',
    [SAYS.target]: `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`,
  }
  let preferred = options.transport ?? 'upgrade'

  /** Dials by the way that worked last, and by the other where what stands between does not pass it. */
  async function connect(): Promise<Dialled> {
    const { signal } = stopping
    const first = preferred
    const second = first === 'upgrade' ? 'websocket' : 'upgrade'
    try {
      return await dial({ server, token, says, signal, transport: first })
    } catch (error) {
      if (!(error instanceof DialError && (error.isUnknownUpgrade || error.isSilent))) throw error
      const dialled = await dial({ server, token, says, signal, transport: second }).catch((other) => {
        throw other instanceof RefusedError ? other : error
      })
      // Who was silent may have been about to stop.
      if (error.isUnknownUpgrade) preferred = second
      return dialled
    }
  }

  /** Connects where no session is yet, as far as whoever stands in front of several servers lets that happen. */
  async function connectElsewhere(): Promise<Dialled> {
    for (let tries = 1; ; tries++) {
      const dialled = await connect()
      const known = new Set(open.values())
      const isNew = dialled.server === undefined || !known.has(dialled.server)
      if (isNew || known.size >= dialled.servers || tries >= SPREAD_TRIES) return dialled
      dialled.socket.destroy()
    }
  }

  /** One dials after the other: each knows where those before it are, and what is refused is refused once. */
  let last: Promise<unknown> = Promise.resolve()
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(() => {
      stopping.signal.throwIfAborted()
      return work()
    })
    last = result.catch(() => {})
    return result
  }

  /** Serves a session to its end. @returns why it ended, and whether the server asked to be left. */
  async function serve({ socket, server: id, transport }: Dialled): Promise<{ reason: string; isDrained: boolean }> {
    const drained = Promise.withResolvers<boolean>()
    const onTold = (told: Told): void => {
      if (told.event === 'drain') drained.resolve(true)
      onEvent(told)
    }
    const held = serveSession(socket, {
      target,
      onTold,
      onRoundTrip: (ms) => onEvent({ event: 'round-trip', ms }),
      onConnection,
      onPassed: ({ bytesIn, bytesOut }) => {
        passed.bytesIn += bytesIn
        passed.bytesOut += bytesOut
      },
      ...(windows === undefined ? {} : { windows }),
    })
    open.set(held, id)
    onEvent({ event: 'connected', sessions: open.size, server: id, transport })
    const leave = () => held.leave()
    stopping.signal.addEventListener('abort', leave)
    let reason = 'the connection ended'
    held.session.on('error', (error) => {
      reason = error.message
    })
    held.session.once('close', () => {
      open.delete(held)
      stopping.signal.removeEventListener('abort', leave)
      drained.resolve(false)
    })
    const isDrained = await drained.promise
    // It is there until its last stream has ended, and counts for nothing when another is looked for.
    if (isDrained && open.has(held)) open.set(held, undefined)
    return { reason, isDrained }
  }

  /** One place among the sessions: dials, serves, and dials again. */
  async function keep(): Promise<void> {
    for (let tries = 0; !stopping.signal.aborted; ) {
      const began = performance.now()
      let reason: string
      let after: number | undefined
      try {
        const { end } = await inTurn(async () => ({ end: serve(await connectElsewhere()) }))
        const ended = await end
        // The server is about to stop: another one, or its successor, is asked at once.
        if (ended.isDrained) continue
        reason = ended.reason
      } catch (error) {
        if (stopping.signal.aborted) return
        if (error instanceof RefusedError) throw error
        reason = error instanceof Error ? error.message : String(error)
        after = error instanceof DialError ? error.afterSeconds : undefined
      }
      if (stopping.signal.aborted) return
      tries = performance.now() - began > STEADY_MS ? 0 : tries + 1
      const retryMs = after === undefined ? backoff(tries) : Math.min(after, MOST_SECONDS) * 1000 + backoff(0)
      onEvent({ event: 'disconnected', sessions: open.size, reason, retryMs })
      await wait(retryMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  Promise.all(Array.from({ length: wanted }, keep)).then(
    () => over.resolve(),
    (error) => {
      stopping.abort()
      over.reject(error)
    },
  )
  over.promise.catch(() => {}) // whoever asks is told
  return {
    load() {
      const loads = [...open.keys()].map((each) => each.load())
      const sum = (key: 'openStreams' | 'bytesIn' | 'bytesOut') => loads.reduce((all, load) => all + load[key], 0)
      return {
        sessions: open.size,
        servers: new Set([...open.values()].filter((id) => id !== undefined)).size,
        openStreams: sum('openStreams'),
        bytesIn: passed.bytesIn + sum('bytesIn'),
        bytesOut: passed.bytesOut + sum('bytesOut'),
      }
    },
    ended: over.promise,
    async stop(graceMs) {
      stopping.abort()
      const ended = Promise.all(
        [...open.keys()].map(({ session }) => new Promise((resolve) => session.once('close', resolve))),
      )
      await Promise.race([ended, wait(graceMs, undefined, { ref: false })])
      for (const { session } of open.keys()) session.destroy()
    },
  }
}
