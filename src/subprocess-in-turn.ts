import { tryAgain } from './errors.ts'
import { createInTurn } from './in-turn.ts'
import { createSubprocess, SubprocessLost, type SubprocessOptions } from './subprocess.ts'

/** A process of its own for the tasks of organizations, which come in turn. */
export type SubprocessInTurn<Task, Result> = {
  /**
   * @param task makes the task when its turn has come.
   * @param signal gives up waiting for a turn.
   * @throws SubprocessLost; the reason of the signal; what making the task throws
   */
  run(organizationId: string, task: () => Promise<Task>, signal: AbortSignal): Promise<Result>
  /** Ends the process, whatever it does. */
  close(): void
}

/** Makes what has a process work on one task at a time: one organization with a hundred keeps others waiting for one of them. */
export function createSubprocessInTurn<Task, Result>(
  module: URL,
  options: SubprocessOptions,
): SubprocessInTurn<Task, Result> {
  const inTurn = createInTurn()
  const { run, close } = createSubprocess<Task, Result>(module, options)
  return {
    run: (organizationId, task, signal) => inTurn(organizationId, async () => await run(await task()), signal),
    close,
  }
}

/**
 * Does for a request what needs a turn, and waits no longer for it than the caller would.
 *
 * @throws ApiError `unavailable` where the turn does not come, or the process is lost
 */
export async function inTimeFor<T>(withinMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(withinMs)
  try {
    return await work(signal)
  } catch (error) {
    const isLate = error instanceof SubprocessLost || (signal.aborted && error === signal.reason)
    throw isLate ? Object.assign(tryAgain(), { cause: error }) : error
  }
}
