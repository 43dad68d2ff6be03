import type { Transaction } from 'kysely'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import type { DB } from '../../db/types.ts'
import { jobOf, type RunQueue } from './queue.ts'

/** The content of an automation that a person let run. */
export type Approved = {
  organizationId: string
  spaceId: string
  automationId: string
  revision: number
  digest: string
}

/** The row of a run that waits for a worker, of what is approved now. */
export function newRun(
  { organizationId, spaceId, automationId, revision, digest }: Approved,
  run: Pick<automationRuns.NewRun, 'id' | 'trigger'> & Partial<automationRuns.NewRun>,
): automationRuns.NewRun {
  return {
    organization_id: organizationId,
    space_id: spaceId,
    automation_id: automationId,
    revision,
    digest,
    status: 'queued',
    awaits_turn: false,
    scheduled_for: null,
    note: null,
    error_message: null,
    requested_by_user_id: null,
    retry_of_run_id: null,
    event_id: null,
    input: null,
    ...run,
  }
}

/**
 * Writes runs and the jobs of those that are queued and await no turn, in one transaction: both are there, or neither. A time that
 * has its run already gets no second one.
 *
 * @returns the ids of the runs that were written.
 */
export async function startRuns(
  trx: Transaction<DB>,
  queue: Pick<RunQueue, 'send'>,
  runs: readonly automationRuns.NewRun[],
): Promise<string[]> {
  if (runs.length === 0) return []
  const written = new Set(await automationRuns.insert(trx, runs))
  const jobs = runs
    .filter(({ id, status, awaits_turn }) => status === 'queued' && !awaits_turn && written.has(id))
    .map(jobOf)
  if (jobs.length > 0) await queue.send(trx, jobs)
  return [...written]
}
