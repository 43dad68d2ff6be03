import { setTimeout as wait } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import * as automationRuns from '../db/queries/automation-runs.ts'
import type { DB } from '../db/types.ts'
import type { Space } from '../src/access/actor.ts'
import { ApiError } from '../src/errors.ts'

const LOOK_EVERY_MS = 100

/**
 * Looks at a run until it has finished.
 *
 * @returns the run; undefined where it has not finished within so many seconds.
 * @throws ApiError `run_not_found`
 */
export async function waitForRun(
  db: Kysely<DB>,
  space: Space,
  automationId: string,
  id: string,
  seconds: number,
): Promise<automationRuns.Run | undefined> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await wait(LOOK_EVERY_MS)) {
    const run = await automationRuns.find(db, space, automationId, id)
    if (run === undefined) throw new ApiError('run_not_found')
    if (run.finished_at !== null) return run
  }
  return undefined
}
