import type { Transaction } from 'kysely'
import { v7 as newId } from 'uuid'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as automations from '../../db/queries/automations.ts'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import type { DB } from '../../db/types.ts'
import { ApiError } from '../errors.ts'
import type { RunQueue } from './queue.ts'
import { type Approved, newRun, startRuns } from './start.ts'

type Space = { organizationId: string; id: string }

/** Who asks for a run, where. */
export type RunRequest = { space: Space; automationId: string; userId: string }

/** What sets a run off that a person asks for. */
type Cause = Partial<Pick<automationRuns.NewRun, 'trigger' | 'retry_of_run_id' | 'event_id'>>

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
  request: RunRequest,
  canRun: (kind: string) => boolean,
  cause: Cause = {},
): Promise<string> {
  const approved = await approvedContent(trx, request, canRun)
  const run = newRun(approved, { id: newId(), trigger: 'manual', requested_by_user_id: request.userId, ...cause })
  await startRuns(trx, queue, [run])
  return run.id
}

async function approvedContent(
  trx: Transaction<DB>,
  { space, automationId }: RunRequest,
  canRun: (kind: string) => boolean,
): Promise<Approved> {
  const automation = await automations.findForRun(trx, space, automationId)
  if (automation === undefined) throw new ApiError('automation_not_found')
  if (automation.status !== 'active') throw new ApiError('automation_not_active')
  if (!canRun(automation.kind)) throw new ApiError('run_not_implemented')
  const [revision] = await automationRevisions.findMany(trx, space, automationId, [automation.revision])
  if (revision === undefined) throw new ApiError('automation_not_found')
  const { organizationId, id: spaceId } = space
  return { organizationId, spaceId, automationId, revision: revision.revision, digest: revision.digest }
}

/**
 * Runs again what has ended, as a run of its own with the content that is approved now, for the same event.
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
  return runNow(trx, queue, request, canRun, { trigger: 'retry', retry_of_run_id: run.id, event_id: run.event_id })
}

/**
 * Starts a run for each of some events of the automation, with the content that is approved now.
 *
 * @returns the ids of the runs, in the order of the events.
 * @throws ApiError what {@link runNow} throws.
 */
export async function replay(
  trx: Transaction<DB>,
  queue: Pick<RunQueue, 'send'>,
  request: RunRequest,
  eventIds: readonly string[],
  canRun: (kind: string) => boolean,
): Promise<string[]> {
  const approved = await approvedContent(trx, request, canRun)
  const cause = { trigger: 'webhook', requested_by_user_id: request.userId } as const
  const runs = eventIds.map((event_id) => newRun(approved, { id: newId(), ...cause, event_id }))
  await startRuns(trx, queue, runs)
  const noted = runs.map(({ id, event_id }) => ({ event_id: event_id ?? '', run_id: id }))
  await webhookEvents.noteRuns(trx, approved, noted)
  return runs.map(({ id }) => id)
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
