import type { Transaction } from 'kysely'
import { newId } from '../../db/new-id.ts'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import { OAUTH_SLOT } from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import * as runAttempts from '../../db/queries/run-attempts.ts'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import type { Space } from '../../db/space.ts'
import type { DB } from '../../db/types.ts'
import type { RunResolution } from '../../schemas/runs.ts'
import type { Caller } from '../access/caller.ts'
import * as audit from '../audit.ts'
import { type Content, contentOf } from '../automations/content.ts'
import { ApiError, type ConfigProblem } from '../errors.ts'
import type { Kind } from '../kinds/kind.ts'
import type { RunQueue } from './queue.ts'
import { type Approved, newRun, startRuns } from './start.ts'
import { TRIGGERS } from './triggers.ts'
import { passTurns } from './turns.ts'

/** What can be asked of the kinds there are, about runs. */
export type Runnable = {
  get(kind: string): Pick<Kind, 'effect' | 'refusal'>
  inputProblems(kind: string, input: Readonly<Record<string, unknown>>): ConfigProblem[]
}

export type RunMeans = { queue: Pick<RunQueue, 'send'>; kinds: Runnable }

/** The automation whose runs are asked for. */
export type RunTarget = { space: Space; automationId: string }

type Input = Readonly<Record<string, unknown>>

/**
 * Starts a run now, whatever the schedule says.
 *
 * @param input what the run is given, as its kind takes it.
 * @returns the id of the run.
 * @throws ApiError `automation_not_found`, `automation_not_active`, `run_not_implemented`, `config_not_whole`, `invalid_request`,
 * and what the kind refuses
 */
export async function runNow(
  trx: Transaction<DB>,
  means: RunMeans,
  caller: Caller,
  target: RunTarget,
  input: Input,
): Promise<string> {
  const { kind, content, ...approved } = await approvedContent(trx, means, target)
  const details = means.kinds.inputProblems(kind, input).map(({ path, message }) => ({ path, message }))
  if (details.length > 0) throw new ApiError('invalid_request', { details })
  const hasCredential = content.secretVersions[OAUTH_SLOT] !== undefined
  const refusal = means.kinds.get(kind).refusal?.(content.config, input, { hasCredential })
  if (refusal !== undefined) throw new ApiError(refusal)
  const given = Object.keys(input).length === 0 ? null : input
  const id = await start(trx, means, caller, approved, { trigger: TRIGGERS.person, input: given })
  await record(trx, caller, target, 'run.requested', { run_id: id })
  return id
}

async function start(
  trx: Transaction<DB>,
  { queue }: RunMeans,
  { actor }: Caller,
  approved: Approved,
  cause: Pick<automationRuns.NewRun, 'trigger'> & Partial<automationRuns.NewRun>,
): Promise<string> {
  const run = newRun(approved, { id: newId(), requested_by_user_id: actor.userId, ...cause })
  await startRuns(trx, queue, [run])
  return run.id
}

async function approvedContent(
  trx: Transaction<DB>,
  { kinds }: RunMeans,
  { space, automationId }: RunTarget,
): Promise<Approved & { kind: string; content: Content }> {
  const automation = await automations.findForRun(trx, space, automationId)
  if (automation === undefined) throw new ApiError('automation_not_found')
  if (automation.status !== 'active') throw new ApiError('automation_not_active')
  const { kind } = automation
  if (kinds.get(kind).effect === undefined) throw new ApiError('run_not_implemented')
  if (automation.problems !== null) throw new ApiError('config_not_whole', { details: automation.problems })
  const [revision] = await automationRevisions.findMany(trx, space, automationId, [automation.revision])
  if (revision === undefined) throw new ApiError('automation_not_found')
  const { organizationId, id: spaceId } = space
  const content = contentOf(revision)
  return { organizationId, spaceId, automationId, revision: revision.revision, digest: revision.digest, kind, content }
}

/**
 * Runs again what has ended, as a run of its own with the content that is approved now, for the same event and with the same
 * input.
 *
 * @throws ApiError `run_not_found`, `run_not_finished`, `run_unresolved`, or what {@link runNow} throws.
 */
export async function retry(
  trx: Transaction<DB>,
  means: RunMeans,
  caller: Caller,
  target: RunTarget,
  runId: string,
): Promise<string> {
  const run = await find(trx, target, runId)
  if (run.finished_at === null) throw new ApiError('run_not_finished')
  if (run.status === 'unknown') throw new ApiError('run_unresolved')
  const { kind: _, content: __, ...approved } = await approvedContent(trx, means, target)
  const { event_id, input } = run
  const cause = { trigger: TRIGGERS.retry, retry_of_run_id: run.id, event_id, input }
  const id = await start(trx, means, caller, approved, cause)
  await record(trx, caller, target, 'run.retried', { run_id: id, retry_of_run_id: run.id })
  return id
}

/**
 * Starts a run for each of some events of the automation, with the content that is approved now. Those of which a run is
 * `unknown` are left out: it may have happened, and a person has to say so first.
 *
 * @returns the ids of the runs, in the order of the events.
 * @throws ApiError what {@link runNow} throws.
 */
export async function replay(
  trx: Transaction<DB>,
  means: RunMeans,
  caller: Caller,
  target: RunTarget,
  eventIds: readonly string[],
): Promise<string[]> {
  const { kind: _, content: __, ...approved } = await approvedContent(trx, means, target)
  const cause = { trigger: TRIGGERS.intake, requested_by_user_id: caller.actor.userId }
  const inDoubt = new Set(await automationRuns.listEventsInDoubt(trx, approved, eventIds))
  const certain = eventIds.filter((id) => !inDoubt.has(id))
  const runs = certain.map((event_id) => newRun(approved, { id: newId(), ...cause, event_id }))
  await startRuns(trx, means.queue, runs)
  const noted = runs.map(({ id, event_id }) => ({ event_id: event_id ?? '', run_id: id }))
  await webhookEvents.noteRuns(trx, approved, noted)
  const ids = runs.map(({ id }) => id)
  const [first, last] = [certain[0], certain.at(-1)]
  const details = { events: ids.length, first_event_id: first, last_event_id: last, first_run_id: ids[0] }
  if (ids.length > 0) await record(trx, caller, target, 'events.replayed', details)
  return ids
}

/**
 * Ends a run that waits or is under way. What it has done already stays done; what has waited for its end begins.
 *
 * @throws ApiError `run_not_found`, `run_finished`, `run_sent`, `tunnel_run`
 */
export async function cancel(
  trx: Transaction<DB>,
  { queue }: Pick<RunMeans, 'queue'>,
  caller: Caller,
  target: RunTarget,
  runId: string,
): Promise<void> {
  const { id, trigger } = await find(trx, target, runId)
  if (trigger === TRIGGERS.sessions) throw new ApiError('tunnel_run')
  const { organizationId } = target.space
  const automation = { organizationId, automationId: target.automationId }
  await runAttempts.lockAutomations(trx, [automation])
  const ended = await automationRuns.cancel(trx, organizationId, id, 'cancelled by a person')
  if (ended === undefined) {
    const { finished_at } = await find(trx, target, runId)
    throw new ApiError(finished_at === null ? 'run_sent' : 'run_finished')
  }
  await passTurns(trx, queue, [automation])
  await record(trx, caller, target, 'run.cancelled', { run_id: id })
}

/**
 * Says what became of a run that ended as `unknown`: it counts as succeeded, or as failed, from then on.
 *
 * @throws ApiError `run_not_found`, `run_not_unknown`
 */
export async function resolve(
  trx: Transaction<DB>,
  caller: Caller,
  target: RunTarget,
  runId: string,
  resolution: RunResolution,
): Promise<void> {
  const { outcome } = resolution
  const happened = outcome === 'happened'
  const external_ref = happened ? (resolution.external_ref ?? null) : null
  const { space, automationId } = target
  const run = await find(trx, target, runId)
  const end = happened
    ? { status: 'succeeded' as const, error_message: null, external_ref }
    : { status: 'failed' as const, error_message: run.error_message, external_ref: null }
  if (!(await automationRuns.resolve(trx, space, automationId, run.id, end))) throw new ApiError('run_not_unknown')
  if (happened) await automations.forgetError(trx, space, automationId, run)
  await record(trx, caller, target, 'run.resolved', { run_id: run.id, outcome, external_ref })
}

async function find(trx: Transaction<DB>, { space, automationId }: RunTarget, id: string) {
  const run = await automationRuns.find(trx, space, automationId, id)
  if (run === undefined) throw new ApiError('run_not_found')
  return run
}

async function record(
  trx: Transaction<DB>,
  caller: Caller,
  { space, automationId: id }: RunTarget,
  action: string,
  details: Record<string, unknown>,
): Promise<void> {
  const deed = { action, target: { type: 'automation', id }, spaceId: space.id, details }
  await audit.record(trx, space.organizationId, caller, deed)
}
