import { constants } from 'node:os'

/** By these, terminals, supervisors and containers end a program. */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const LOOK_EVERY_MS = 250

/**
 * Calls `stop` once: on the first signal to stop, or when npm, which started this program, is gone. npm passes SIGINT on
 * beside the terminal, and no other signal than that and SIGTERM, so what comes later means the same stop.
 *
 * @param stop is given the reason for the log.
 */
export function onStop(env: NodeJS.ProcessEnv, stop: (reason: string) => void): void {
  let isStopping = false
  const stopOnce = (reason: string) => {
    if (isStopping) return
    isStopping = true
    stop(reason)
  }
  for (const signal of STOP_SIGNALS) process.on(signal, () => stopOnce(signal))
  if (env.npm_lifecycle_event === undefined) return
  const { ppid } = process
  const timer = setInterval(() => {
    if (process.ppid !== ppid) stopOnce('npm, which started this program, is gone')
  }, LOOK_EVERY_MS)
  timer.unref()
}

/** Ends a command that is soon done, on the first signal to stop. The embedded Postgres goes with it (db/embedded.ts). */
export function exitOnSignals(): void {
  for (const signal of STOP_SIGNALS) process.once(signal, () => process.exit(128 + constants.signals[signal]))
}
