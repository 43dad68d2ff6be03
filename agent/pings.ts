import type { Http2Session } from 'node:http2'
import { DEAD_AFTER_MS, PING_EVERY_MS } from './protocol.ts'

/** How long an end of a session waits between questions, and for an answer, in milliseconds. */
export type Pace = { everyMs: number; deadAfterMs: number }

/**
 * Asks the other end of a session again and again whether it is there, and destroys the session when it does not answer: a
 * connection that was cut without a word says nothing by itself.
 *
 * @param onAnswer is told the round-trip time in milliseconds.
 */
export function keepAsking(
  session: Http2Session,
  onAnswer: (ms: number) => void = () => {},
  { everyMs, deadAfterMs }: Pace = { everyMs: PING_EVERY_MS, deadAfterMs: DEAD_AFTER_MS },
): void {
  let answeredAt = performance.now()
  const timer = setInterval(() => {
    if (session.destroyed) return
    if (performance.now() - answeredAt > deadAfterMs) {
      session.destroy(new Error('the other end of the tunnel does not answer any more'))
      return
    }
    // False where there are as many on their way as may be: then it is asked already.
    session.ping((error, ms) => {
      if (error !== null) return
      answeredAt = performance.now()
      onAnswer(ms)
    })
  }, everyMs)
  session.once('close', () => clearInterval(timer))
}
