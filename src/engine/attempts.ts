import type { Transaction } from 'kysely'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import * as runAttempts from '../../db/queries/run-attempts.ts'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationConfig } from '../../schemas/automations.ts'
import type { ActionConfig, ActionResult, Scope } from '../actions/action.ts'
import { madeUpEvent, type SeenEvent } from '../actions/scope.ts'
import * as audit from '../audit.ts'
import { changed } from '../automations/changed.ts'
import { contentOf } from '../automations/content.ts'
import { lock, record, standingOf } from '../automations/current.ts'
import { digestOf } from '../automations/revisions.ts'
import type { Kinds } from '../kinds/registry.ts'
import type { RunQueue } from '../runs/queue.ts'

const BUFFER_MS = 2000
/** For a worker that knows the kind of a run, where this one does not. */
const ELSEWHERE_MS = 10_000
const EVENT_GONE = 'the event that it was for is not kept any more'
const IN_DOUBT = 'nobody knows whether it happened: it was about to be sent when its worker was lost'

type Event = webhookEvents.RunEvent

/** An attempt at a run that has begun, and all that it needs. */
export type Attempt = {
  run: { id: string; organizationId: string; spaceId: string; automationId: string; attempt: number }
  action: ActionConfig
  scope: Scope
  /** Those that the content names, still encrypted. */
  secrets: automationSecrets.SealedSecret[]
  kind: string
  config: AutomationConfig
}

/** What attempts need besides the database. */
export type Engine = { queue: Pick<RunQueue, 'send'>; kinds: Kinds }

/**
 * Begins attempts at runs, in one transaction: each is held against its automation as it is now, and only what a person let
 * run begins.
 *
 * @returns an attempt for each key, in their order; undefined where there is nothing to do.
 */
export async function begin(
  trx: Transaction<DB>,
  engine: Engine,
  keys: readonly runAttempts.RunKey[],
): Promise<(Attempt | undefined)[]> {
  const begun = new Map<string, Attempt>()
  const rows: runAttempts.Begun[] = []
  const stopped: Stopped[] = []
  const runs = await runAttempts.lock(trx, keys)
  const events = await eventsOf(trx, runs)
  const secrets = await secretsOf(trx, runs)
  for (const run of runs) {
    const event = events.get(run.event_id ?? '')
    const reason = whyNot(run, event)
    if (reason !== undefined) stopped.push({ run, reason })
    else if (engine.kinds.find(run.kind) === undefined) await putOff(trx, engine, run, ELSEWHERE_MS)
    else if (await mustWait(trx, engine, run)) await putOff(trx, engine, run, BUFFER_MS)
    else {
      const attempt = attemptOf(engine.kinds, run, event, secrets.get(run.automation_id) ?? [])
      begun.set(run.id, attempt)
      const { id, organization_id, revision, digest } = run
      rows.push({ id, organization_id, revision, digest, attempt: attempt.run.attempt })
    }
  }
  if (rows.length > 0) await runAttempts.begin(trx, rows)
  if (stopped.length > 0) await stop(trx, engine.kinds, stopped)
  return keys.map(({ id }) => begun.get(id))
}

/** The events that some runs are for, by id. */
async function eventsOf(trx: Transaction<DB>, runs: readonly runAttempts.Attemptable[]): Promise<Map<string, Event>> {
  const wanted = runs.filter(({ event_id }) => event_id !== null)
  if (wanted.length === 0) return new Map()
  const keys = wanted.map(({ organization_id, automation_id, event_id }) => ({
    organization_id,
    automation_id,
    id: event_id,
  }))
  const events = await webhookEvents.listForRuns(trx, keys)
  return new Map(events.map((event) => [event.id, event]))
}

/** The secrets that the contents of some runs name, by automation. Read with the content, because a change destroys them. */
async function secretsOf(trx: Transaction<DB>, runs: readonly runAttempts.Attemptable[]) {
  const wanted = new Map(
    runs.map(({ organization_id: organizationId, automation_id: automationId, secret_versions: versions }) => [
      automationId,
      { organizationId, automationId, versions },
    ]),
  )
  const secrets = await automationSecrets.listWanted(trx, [...wanted.values()])
  return Map.groupBy(secrets, ({ automation_id }) => automation_id)
}

/** Fails closed: whatever is not exactly what a person let run does not. */
function whyNot(run: runAttempts.Attemptable, event: Event | undefined): string | undefined {
  if (run.sent_at !== null) return IN_DOUBT
  if (run.automation_status !== 'active') return `the automation is ${run.automation_status}`
  if (run.approved_digest !== run.digest) return 'its present content is not approved'
  const content = contentOf({ ...run, description: null })
  if (run.digest !== digestOf(run.automation_id, run.kind, content)) return 'its content is not what its digest says'
  return run.event_id !== null && event === undefined ? EVENT_GONE : undefined
}

type Stopped = { run: runAttempts.Attemptable; reason: string }

/**
 * Ends runs that can't begin, or can't go on. One that never began is skipped; of one that began, what it says stays, and its
 * automation hears of it.
 */
async function stop(trx: Transaction<DB>, kinds: Kinds, stopped: readonly Stopped[]): Promise<void> {
  const ends = stopped.map(({ run: { id, organization_id, sent_at, attempt, error_message }, reason }) => {
    if (sent_at !== null) return { id, organization_id, status: 'unknown' as const, error_message: reason }
    if (attempt === 0) return { id, organization_id, status: 'skipped' as const, error_message: reason }
    const before = error_message === null ? '' : `; before: ${error_message}`
    return { id, organization_id, status: 'failed' as const, error_message: `not tried again: ${reason}${before}` }
  })
  await runAttempts.stop(trx, ends)
  const began = stopped.flatMap(({ run }, i) =>
    run.started_at === null || run.attempt === 0
      ? []
      : [{ run, started_at: run.started_at, error: ends[i]?.error_message ?? null }],
  )
  for (const { run, started_at: ranAt, error } of began) {
    const { organization_id: organizationId, space_id: spaceId, automation_id: automationId, kind } = run
    const space = { organizationId, id: spaceId }
    const failures = await automations.noteRun(trx, space, automationId, { ranAt, error })
    const known = { kind, config: run.config as AutomationConfig }
    await pauseAfter(trx, kinds, { organizationId, spaceId, automationId }, failures, known)
  }
}

/** Gives runs that have not begun here to other workers, by jobs of their own. @returns that none of them began. */
export async function handBack(
  trx: Transaction<DB>,
  queue: Engine['queue'],
  keys: readonly runAttempts.RunKey[],
): Promise<undefined[]> {
  const jobs = keys.map(({ organizationId, id }) => ({ runId: id, organizationId }))
  await queue.send(trx, jobs)
  return keys.map(() => undefined)
}

/** Whether a run has to wait for the one before it. */
async function mustWait(trx: Transaction<DB>, { kinds }: Engine, run: runAttempts.Attemptable): Promise<boolean> {
  const { clock } = kinds.get(run.kind)
  const isBuffered = run.status === 'queued' && clock?.overlap(run.config as AutomationConfig) === 'buffer_one'
  if (!isBuffered) return false
  const open = await automationRuns.listOpen(trx, [run.automation_id])
  return open.some(({ id, status }) => id !== run.id && status === 'running')
}

async function putOff(
  trx: Transaction<DB>,
  { queue }: Engine,
  run: runAttempts.Attemptable,
  ms: number,
): Promise<void> {
  const startAfter = new Date(Date.now() + ms)
  await queue.send(trx, [{ runId: run.id, organizationId: run.organization_id, startAfter }])
}

function attemptOf(
  kinds: Kinds,
  run: runAttempts.Attemptable,
  event: Event | undefined,
  secrets: automationSecrets.SealedSecret[],
): Attempt {
  const { id, organization_id: organizationId, space_id: spaceId, automation_id: automationId, kind } = run
  const config = run.config as AutomationConfig
  const input = (run.input ?? {}) as Record<string, unknown>
  const attempt = run.attempt + 1
  const created_at = run.created_at.toISOString()
  const action = kinds.get(kind).effect?.(config, input)
  if (action === undefined) throw new Error(`a run of the kind ${kind}, which can't run`)
  return {
    run: { id, organizationId, spaceId, automationId, attempt },
    action,
    secrets,
    kind,
    config,
    scope: {
      run: {
        id,
        trigger: run.trigger,
        attempt,
        scheduled_for: run.scheduled_for?.toISOString() ?? null,
        created_at,
        input,
      },
      automation: { id: automationId, name: run.name, kind, last_run_at: run.last_run_at?.toISOString() ?? null },
      event: event === undefined ? madeUpEvent(input, created_at) : shown(event),
    },
  }
}

/** An event as templates see it. */
function shown({ id, event_key: key, type, headers, body, received_at }: Event): SeenEvent {
  return { id, key, type, headers, body, received_at: received_at.toISOString() }
}

/** What came of an attempt, and when to try again; undefined where this was the last time. */
export type Outcome = { attempt: Attempt; result: ActionResult; again: Date | undefined }

/** Writes what came of attempts, in one transaction. What was overtaken, or cancelled, changes nothing. */
export async function end(trx: Transaction<DB>, engine: Engine, outcomes: readonly Outcome[]): Promise<void> {
  await runAttempts.lockAutomations(
    trx,
    outcomes.map(({ attempt }) => attempt.run),
  )
  const started = await runAttempts.end(trx, outcomes.map(toEnd))
  const written = outcomes.flatMap((outcome) => {
    const row = started.get(outcome.attempt.run.id)
    return row === undefined ? [] : [{ ...outcome, ranAt: row.started_at }]
  })
  const jobs = written.flatMap(({ attempt: { run }, again }) =>
    again === undefined ? [] : [{ runId: run.id, organizationId: run.organizationId, startAfter: again }],
  )
  if (jobs.length > 0) await engine.queue.send(trx, jobs)
  const last = written.filter(({ again }) => again === undefined)
  if (last.length === 0) return
  const failures = await runAttempts.note(
    trx,
    last.map(({ attempt: { run }, result, ranAt }) => ({
      organization_id: run.organizationId,
      automation_id: run.automationId,
      ran_at: ranAt,
      error: result.ok ? null : result.error,
    })),
  )
  for (const { attempt } of last)
    await pauseAfter(trx, engine.kinds, attempt.run, failures.get(attempt.run.automationId) ?? 0, attempt)
}

function toEnd({ attempt: { run }, result, again }: Outcome): runAttempts.Ended {
  const { id, organizationId: organization_id, attempt } = run
  const ended = { id, organization_id, attempt, external_ref: null, error_message: null, is_unsent: false }
  if (result.ok)
    return { ...ended, status: 'succeeded', external_ref: result.externalRef ?? null, output: result.output }
  const status = again !== undefined ? 'queued' : result.retry === 'unknown' ? 'unknown' : 'failed'
  // What may be tried again has certainly had no effect, also where it is not tried again.
  const is_unsent = result.retry === 'yes' || typeof result.retry === 'object' || result.isUnsent === true
  return { ...ended, status, error_message: result.error, output: result.output ?? null, is_unsent }
}

/** Where a run belongs. */
type Whose = { organizationId: string; spaceId: string; automationId: string }

/**
 * Pauses an automation that has failed as often in a row as its config bears.
 *
 * @param known what it runs, where that has been read already.
 */
export async function pauseAfter(
  trx: Transaction<DB>,
  kinds: Kinds,
  { organizationId, spaceId, automationId }: Whose,
  failures: number,
  known?: Pick<Attempt, 'kind' | 'config'>,
): Promise<void> {
  const isTooMany = ({ kind, config }: Pick<Attempt, 'kind' | 'config'>) => {
    const most = kinds.find(kind)?.pauseAfterFailures?.(config) ?? null
    return most !== null && failures >= most
  }
  if (failures === 0 || (known !== undefined && !isTooMany(known))) return
  const space = { organizationId, id: spaceId }
  const current = await lock(trx, space, automationId)
  const standing = standingOf(space, current)
  if (standing.status !== 'active' || !isTooMany(standing)) return
  await automations.update(trx, space, automationId, { status: 'paused' })
  await changed(trx, kinds, standing, { ...standing, status: 'paused' })
  await record(trx, audit.SYSTEM, space, automationId, 'automation.paused_after_failures', { failures })
}
