import type { Transaction } from 'kysely'
import { v7 as newId } from 'uuid'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import { ApiError } from '../errors.ts'
import type { RunQueue } from './queue.ts'
import { startRuns } from './start.ts'

type Space = { organizationId: string; id: string }

/** Who asks for a run, where. */
export type RunRequest = { space: Space; automationId: string; userId: string }

/**
 * Starts a run now, whatever the schedule says.
 *
 * @param canRun whether a kind can run at all.
 * @returns the id of the run.
 * @throws ApiError `automation_not_found`, `automation_not_active`, `run_not_implemented`
 */
export async function runNow(
  trx: Transaction<DB>,
  queue: Pick<RunQueue, 'send'>,
  { space, automationId, userId }: RunRequest,
  canRun: (kind: string) => boolean,
  retryOf: string | null = null,
): Promise<string> {
  const automation = await automations.findForRun(trx, space, automationId)
  if (automation === undefined) throw new ApiError('automation_not_found')
  if (automation.status !== 'active') throw new ApiError('automation_not_active')
  if (!canRun(automation.kind)) throw new ApiError('run_not_implemented')
  const [revision] = await automationRevisions.findMany(trx, space, automationId, [automation.revision])
  if (revision === undefined) throw new ApiError('automation_not_found')
  const run: automationRuns.NewRun = {
    id: newId(),
    organization_id: space.organizationId,
    space_id: space.id,
    automation_id: automationId,
    revision: revision.revision,
    digest: revision.digest,
    trigger: retryOf === null ? 'manual' : 'retry',
    status: 'queued',
    scheduled_for: null,
    note: null,
    error_message: null,
    requested_by_user_id: userId,
    retry_of_run_id: retryOf,
  }
  await startRuns(trx, queue, [run])
  return run.id
}

/**
 * Runs again what has ended, as a run of its own with the content that is approved now.
 *
 * @throws ApiError `run_not_found`, `run_not_finished`, or what {@link runNow} throws.
 */
export async function retry(
  trx: Transaction<DB>,
  queue: Pick<RunQueue, 'send'>,
  request: RunRequest,
  runId: string,
  canRun: (kind: string) => boolean,
): Promise<string> {
  const run = await automationRuns.find(trx, request.space, request.automationId, runId)
  if (run === undefined) throw new ApiError('run_not_found')
  if (run.finished_at === null) throw new ApiError('run_not_finished')
  return runNow(trx, queue, request, canRun, run.id)
}

/**
 * Ends a run that waits or is under way. What it has done already stays done.
 *
 * @throws ApiError `run_not_found`, `run_finished`
 */
export async function cancel(trx: Transaction<DB>, { space, automationId }: RunRequest, runId: string): Promise<void> {
  const run = await automationRuns.find(trx, space, automationId, runId)
  if (run === undefined) throw new ApiError('run_not_found')
  const end = { status: 'cancelled' as const, error_message: 'cancelled by a person' }
  if (!(await automationRuns.finish(trx, space.organizationId, run.id, null, end))) throw new ApiError('run_finished')
}
