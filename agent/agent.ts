import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { backoff } from './backoff.ts'
import { DialError, dial, RefusedError } from './dial.ts'
import { SESSIONS, type Told, type Windows } from './protocol.ts'
import { type AgentSession, serveSession, type Target } from './session.ts'

/** A session that lasted so long was no failure, whatever ended it. */
const STEADY_MS = 10_000

/** What an agent says of itself, as it happens. */
export type AgentEvent =
  | { event: 'connected'; sessions: number }
  /** `retryMs` is when it dials again. */
  | { event: 'disconnected'; sessions: number; reason: string; retryMs: number }
  | { event: 'round-trip'; ms: number }
  | Told

export type AgentOptions = {
  server: URL
  token: string
  target: Target
  sessions?: number
  windows?: Windows
  onEvent?: (event: AgentEvent) => void
}

export type Agent = {
  /** Streams that are open. */
  openStreams(): number
  /** Resolves once it is over, and rejects with RefusedError where the server does not want it. */
  readonly ended: Promise<void>
  /** Takes nothing more, and resolves once what is under way has ended, or has had `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/** Keeps sessions with a server, each dialled again whenever it ends. */
export function startAgent(options: AgentOptions): Agent {
  const { server, token, target, sessions: wanted = SESSIONS, windows, onEvent = () => {} } = options
  const stopping = new AbortController()
  const open = new Set<AgentSession>()
  const over = Promise.withResolvers<void>()

  /** Serves a session to its end. @returns why it ended, and whether the server asked to be left. */
  async function serve(socket: Socket): Promise<{ reason: string; isDrained: boolean }> {
    const drained = Promise.withResolvers<boolean>()
    const onTold = (told: Told): void => {
      if (told.event === 'drain') drained.resolve(true)
      onEvent(told)
    }
    const held = serveSession(socket, {
      target,
      onTold,
      onRoundTrip: (ms) => onEvent({ event: 'round-trip', ms }),
      ...(windows === undefined ? {} : { windows }),
    })
    open.add(held)
    onEvent({ event: 'connected', sessions: open.size })
    const leave = () => held.session.close()
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
    return { reason, isDrained }
  }

  /** One place among the sessions: dials, serves, and dials again. */
  async function keep(): Promise<void> {
    for (let tries = 0; !stopping.signal.aborted; ) {
      const began = performance.now()
      let reason: string
      let after: number | undefined
      try {
        const socket = await dial({ server, token, signal: stopping.signal })
        const ended = await serve(socket)
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
      const retryMs = after === undefined ? backoff(tries) : after * 1000 + backoff(0)
      onEvent({ event: 'disconnected', sessions: open.size, reason, retryMs })
      await wait(retryMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  const kept = Array.from({ length: wanted }, keep)
  Promise.all(kept).then(
    () => over.resolve(),
    (error) => {
      stopping.abort()
      over.reject(error)
    },
  )
  over.promise.catch(() => {}) // whoever asks is told
  return {
    openStreams: () => [...open].reduce((sum, each) => sum + each.openStreams(), 0),
    ended: over.promise,
    async stop(graceMs) {
      stopping.abort()
      const ended = Promise.all(
        [...open].map(({ session }) => new Promise((resolve) => session.once('close', resolve))),
      )
      await Promise.race([ended, wait(graceMs, undefined, { ref: false })])
      for (const { session } of open) session.destroy()
    },
  }
}
