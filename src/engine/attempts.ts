import type { Transaction } from 'kysely'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as automations from '../../db/queries/automations.ts'
import * as runAttempts from '../../db/queries/run-attempts.ts'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationConfig, AutomationKind } from '../../schemas/automations.ts'
import type { ActionResult, Scope } from '../actions/action.ts'
import * as audit from '../audit.ts'
import { digestOf } from '../automations/revisions.ts'
import { KINDS } from '../kinds/index.ts'
import type { ActionConfig } from '../kinds/kind.ts'
import type { RunQueue } from '../runs/queue.ts'

const BUFFER_MS = 2000
const EVENT_GONE = 'the event that it was for is not kept any more'

type Event = webhookEvents.RunEvent

/** An attempt at a run that has begun, and all that it needs. */
export type Attempt = {
  run: { id: string; organizationId: string; spaceId: string; automationId: string; attempt: number }
  action: ActionConfig
  scope: Scope
  kind: AutomationKind
  config: AutomationConfig
}

type Queue = Pick<RunQueue, 'send'>

/**
 * Begins attempts at runs, in one transaction: each is held against its automation as it is now, and only what a person let
 * run begins.
 *
 * @returns an attempt for each key, in their order; undefined where there is nothing to do.
 */
export async function begin(
  trx: Transaction<DB>,
  queue: Queue,
  keys: readonly runAttempts.RunKey[],
): Promise<(Attempt | undefined)[]> {
  const begun = new Map<string, Attempt>()
  const rows: runAttempts.Begun[] = []
  const runs = await runAttempts.lock(trx, keys)
  const events = await eventsOf(trx, runs)
  for (const run of runs) {
    const attempt = await admit(trx, queue, run, events.get(run.event_id ?? ''))
    if (attempt === undefined) continue
    begun.set(run.id, attempt)
    const { id, organization_id, revision, digest } = run
    rows.push({ id, organization_id, revision, digest, attempt: attempt.run.attempt })
  }
  if (rows.length > 0) await runAttempts.begin(trx, rows)
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

async function admit(
  trx: Transaction<DB>,
  queue: Queue,
  run: runAttempts.Attemptable,
  event: Event | undefined,
): Promise<Attempt | undefined> {
  const { id, organization_id: organizationId } = run
  const kind = run.kind as AutomationKind
  const config = run.config as AutomationConfig
  const reason = whyNot(run, kind, config) ?? (run.event_id !== null && event === undefined ? EVENT_GONE : undefined)
  if (reason !== undefined) {
    await automationRuns.finish(trx, organizationId, id, null, { status: 'skipped', error_message: reason })
    return undefined
  }
  const { timing, action } = KINDS[kind]
  const isBuffered = run.status === 'queued' && timing?.overlap(config) === 'buffer_one'
  if (isBuffered && (await isAnotherRunning(trx, run.automation_id, id))) {
    await queue.send(trx, [{ runId: id, organizationId, startAfter: new Date(Date.now() + BUFFER_MS) }])
    return undefined
  }
  const does = action(config)
  if (does === null) throw new Error(`a run of the kind ${kind}, which can't run`)
  return attemptOf(run, kind, config, does, event)
}

/** Fails closed: whatever is not exactly what a person let run does not. */
function whyNot(run: runAttempts.Attemptable, kind: AutomationKind, config: AutomationConfig): string | undefined {
  if (run.automation_status !== 'active') return `the automation is ${run.automation_status}`
  if (run.approved_digest !== run.digest) return 'its present content is not approved'
  const content = { name: run.name, config, description: null, credentialVersion: run.credential_version }
  if (run.digest !== digestOf(run.automation_id, kind, content)) return 'its content is not what its digest says'
  return undefined
}

async function isAnotherRunning(trx: Transaction<DB>, automationId: string, runId: string): Promise<boolean> {
  const open = await automationRuns.listOpen(trx, [automationId])
  return open.some(({ id, status }) => id !== runId && status === 'running')
}

function attemptOf(
  run: runAttempts.Attemptable,
  kind: AutomationKind,
  config: AutomationConfig,
  action: ActionConfig,
  event: Event | undefined,
): Attempt {
  const { id, organization_id: organizationId, space_id: spaceId, automation_id: automationId } = run
  const attempt = run.attempt + 1
  return {
    run: { id, organizationId, spaceId, automationId, attempt },
    action,
    kind,
    config,
    scope: {
      run: {
        id,
        trigger: run.trigger,
        attempt,
        scheduled_for: run.scheduled_for?.toISOString() ?? null,
        created_at: run.created_at.toISOString(),
      },
      automation: { id: automationId, name: run.name, kind, last_run_at: run.last_run_at?.toISOString() ?? null },
      event: event === undefined ? null : shown(event),
    },
  }
}

/** An event as templates see it. */
function shown({ id, event_key: key, type, headers, body, received_at }: Event) {
  return { id, key, type, headers, body, received_at: received_at.toISOString() }
}

/** What came of an attempt, and when to try again; undefined where this was the last time. */
export type Outcome = { attempt: Attempt; result: ActionResult; again: Date | undefined }

/** Writes what came of attempts, in one transaction. What was overtaken, or cancelled, changes nothing. */
export async function end(trx: Transaction<DB>, queue: Queue, outcomes: readonly Outcome[]): Promise<void> {
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
  if (jobs.length > 0) await queue.send(trx, jobs)
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
  for (const { attempt } of last) await pauseAfter(trx, attempt, failures.get(attempt.run.automationId) ?? 0)
}

function toEnd({ attempt: { run }, result, again }: Outcome): runAttempts.Ended {
  const { id, organizationId: organization_id, attempt } = run
  const ended = { id, organization_id, attempt, external_ref: null, error_message: null }
  if (result.ok)
    return { ...ended, status: 'succeeded', external_ref: result.externalRef ?? null, output: result.output }
  const status = again !== undefined ? 'queued' : result.retry === 'unknown' ? 'unknown' : 'failed'
  return { ...ended, status, error_message: result.error, output: result.output ?? null }
}

async function pauseAfter(trx: Transaction<DB>, { run, kind, config }: Attempt, failures: number): Promise<void> {
  const most = KINDS[kind].pauseAfterFailures(config)
  if (most === null || failures < most) return
  const space = { organizationId: run.organizationId, id: run.spaceId }
  await automations.update(trx, space, run.automationId, { status: 'paused' })
  const target = { type: 'automation', id: run.automationId }
  const deed = { action: 'automation.paused_after_failures', target, spaceId: run.spaceId, details: { failures } }
  await audit.record(trx, run.organizationId, audit.SYSTEM, deed)
}
