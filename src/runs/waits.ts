import { setTimeout as pause } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import type { DB } from '../../db/types.ts'
import { ApiError } from '../errors.ts'

export type WaitOptions = {
  db: Kysely<DB>
  /** Milliseconds between two looks; nobody looks while nobody waits. */
  everyMs: number
  /** Told of a look that failed; the next one tries again. */
  onError: (error: unknown) => void
}

/** Those in this process who wait for the end of a run. */
export type RunWaits = {
  /** How many wait. */
  readonly size: number
  /**
   * Waits until a run has ended.
   *
   * @returns undefined where it has not within so many seconds, where the signal is aborted, and once this is closed.
   * @throws ApiError `run_not_found` where it is gone.
   */
  wait(key: automationRuns.RunKey, seconds: number, signal: AbortSignal): Promise<automationRuns.Run | undefined>
  /** Lets all go who wait, and who come later. */
  close(): void
}

type Waiting = { key: automationRuns.RunKey; settle: (run: automationRuns.Run | 'gone' | undefined) => void }

/** Looks with one statement for all who wait, however many they are. */
export function createRunWaits({ db, everyMs, onError }: WaitOptions): RunWaits {
  const waiting = new Set<Waiting>()
  let isLooking = false
  let isClosed = false

  async function look(): Promise<void> {
    isLooking = true
    for (; waiting.size > 0; await pause(everyMs)) {
      try {
        await tellWhoseHasEnded([...waiting])
      } catch (error) {
        onError(error)
      }
    }
    isLooking = false
  }

  async function tellWhoseHasEnded(asked: readonly Waiting[]): Promise<void> {
    const keys = new Map(asked.map(({ key }) => [key.id, key]))
    const { ended, gone } = await automationRuns.listEnds(db, [...keys.values()])
    for (const { key, settle } of asked) {
      const run = gone.has(key.id) ? 'gone' : ended.get(key.id)
      if (run !== undefined) settle(run)
    }
  }

  return {
    get size() {
      return waiting.size
    },
    async wait(key, seconds, signal) {
      if (seconds <= 0 || isClosed || signal.aborted) return undefined
      const run = await new Promise<automationRuns.Run | 'gone' | undefined>((resolve) => {
        const end = () => each.settle(undefined)
        const timer = setTimeout(end, seconds * 1000)
        const each: Waiting = {
          key,
          settle(result) {
            waiting.delete(each)
            clearTimeout(timer)
            signal.removeEventListener('abort', end)
            resolve(result)
          },
        }
        waiting.add(each)
        signal.addEventListener('abort', end)
        if (!isLooking) look().catch(onError)
      })
      if (run === 'gone') throw new ApiError('run_not_found')
      return run
    },
    close() {
      isClosed = true
      for (const { settle } of waiting) settle(undefined)
    },
  }
}
