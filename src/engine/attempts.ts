import type { Transaction } from 'kysely'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import * as runAttempts from '../../db/queries/run-attempts.ts'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationConfig } from '../../schemas/automations.ts'
import type { ActionConfig, ActionResult } from '../actions/action.ts'
import { madeUpEvent, type Scope, type SeenEvent } from '../actions/scope.ts'
import { contentOf, type Problems } from '../automations/content.ts'
import { digestOf } from '../automations/revisions.ts'
import type { Kinds } from '../kinds/registry.ts'
import { jobOf } from '../runs/queue.ts'
import { readStored } from '../stored.ts'
import { type End, type Engine, noteEnds } from './ends.ts'

/** For a worker that knows the kind of a run, where this one does not. */
const ELSEWHERE_MS = 10_000
/** Bytes of the body of an event that are read with its run, of which many may begin together. */
const READ_AT_ONCE = 65_536
export const EVENT_GONE = 'the event that it was for is not kept any more'
const IN_DOUBT = 'nobody knows whether it happened: it was about to be sent when its worker was lost'

const CHANGED_IN_DOUBT = 'nobody knows whether it happened: its automation was changed while it was tried again'

type Event = webhookEvents.RunEvent

/** The body of a stored event: JSON text, null where it is too large to be read before it is needed. */
type EventBody = { id: string; bytes: number; body: string | null }

/** An attempt at a run that has begun, and all that it needs. */
export type Attempt = {
  run: Place & { attempt: number }
  action: ActionConfig
  scope: Scope
  /** The event that it is for, whose body is not in the scope; null for none. */
  event: EventBody | null
  /** Those that the content names, still encrypted. */
  secrets: automationSecrets.SealedSecret[]
  /** What an attempt before this one was about to send, which may be sent again; null for nothing. */
  sent: Record<string, unknown> | null
  kind: string
  config: AutomationConfig
}

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
  const elsewhere: runAttempts.Attemptable[] = []
  const runs = await runAttempts.lock(trx, keys)
  const events = await eventsOf(trx, runs)
  const secrets = await secretsOf(trx, runs)
  for (const run of runs) {
    const verdict = judge(engine.kinds, run, events.get(run.event_id ?? ''), secrets.get(run.automation_id) ?? [])
    if (verdict === 'elsewhere') elsewhere.push(run)
    else if ('reason' in verdict) stopped.push({ run, ...verdict })
    else {
      begun.set(run.id, verdict)
      const { id, organization_id, revision, digest } = run
      rows.push({ id, organization_id, revision, digest, attempt: verdict.run.attempt })
    }
  }
  if (rows.length > 0) await runAttempts.begin(trx, rows)
  if (stopped.length > 0) await stop(trx, engine, stopped)
  if (elsewhere.length > 0) await putOff(trx, engine, elsewhere)
  return keys.map(({ id }) => begun.get(id))
}

/** Why a run does not begin, and whether that is a failure of its automation. */
type Refusal = { reason: string; isFailure: boolean }

type Verdict = Attempt | Refusal | 'elsewhere'

function judge(
  kinds: Kinds,
  run: runAttempts.Attemptable,
  event: Event | undefined,
  secrets: automationSecrets.SealedSecret[],
): Verdict {
  const read = readStored((): Verdict => {
    const reason = whyNot(run, event)
    if (reason !== undefined) return { reason, isFailure: false }
    return kinds.find(run.kind) === undefined ? 'elsewhere' : attemptOf(kinds, run, event, secrets)
  })
  return 'value' in read ? read.value : { reason: read.problem, isFailure: true }
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
  const events = await webhookEvents.listForRuns(trx, keys, READ_AT_ONCE)
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
  if (run.sent_at !== null && !run.is_repeatable) return IN_DOUBT
  if (run.sent_at !== null && run.begun_digest !== run.digest) return CHANGED_IN_DOUBT
  if (run.automation_status !== 'active') return `the automation is ${run.automation_status}`
  if (run.approved_digest !== run.digest) return 'its present content is not approved'
  if (run.problems !== null) return `its config is not whole: ${inWords(run.problems)}`
  const content = contentOf({ ...run, description: null })
  if (run.digest !== digestOf(run.automation_id, run.kind, content)) return 'its content is not what its digest says'
  return run.event_id !== null && event === undefined ? EVENT_GONE : undefined
}

function inWords(problems: Problems): string {
  return problems.map(({ path, message }) => `${path}: ${message}`).join('; ')
}

type Stopped = Refusal & { run: runAttempts.Attemptable }

/**
 * Ends runs that can't begin, or can't go on. One that never began is skipped; of one that began, what it says stays, and its
 * automation hears of it.
 */
async function stop(trx: Transaction<DB>, engine: Engine, stopped: readonly Stopped[]): Promise<void> {
  const rows = stopped.map(toStop)
  const ends = stopped.map(({ run }, i): End => {
    const { status, error_message: error = null } = rows[i] ?? {}
    if (status === 'skipped') return placeOf(run)
    const known = { kind: run.kind, config: run.config as AutomationConfig }
    return { ...placeOf(run), outcome: { ranAt: run.started_at ?? new Date(), error, known } }
  })
  const noted = ends.filter(({ outcome }) => outcome !== undefined)
  const failures = noted.length > 0 ? await runAttempts.lockAutomations(trx, noted) : new Map()
  await runAttempts.stop(trx, rows)
  await noteEnds(trx, engine, failures, ends)
}

/** Gives runs that have not begun here to other workers, by jobs of their own. @returns that none of them began. */
export async function handBack(
  trx: Transaction<DB>,
  queue: Engine['queue'],
  keys: readonly runAttempts.RunKey[],
): Promise<undefined[]> {
  const runs = await runAttempts.lock(trx, keys)
  await queue.send(trx, runs.map(jobOf))
  return keys.map(() => undefined)
}

function toStop({ run, reason, isFailure }: Stopped): runAttempts.StoppedRun {
  const { id, organization_id, sent_at, attempt, error_message } = run
  if (sent_at !== null) return { id, organization_id, status: 'unknown', error_message: reason }
  if (attempt === 0) return { id, organization_id, status: isFailure ? 'failed' : 'skipped', error_message: reason }
  const before = error_message === null ? '' : `; before: ${error_message}`
  return { id, organization_id, status: 'failed', error_message: `not tried again: ${reason}${before}` }
}

/** A run and where it belongs. */
type Place = { id: string; organizationId: string; spaceId: string; automationId: string }

function placeOf({ id, organization_id, space_id, automation_id }: runAttempts.Attemptable): Place {
  return { id, organizationId: organization_id, spaceId: space_id, automationId: automation_id }
}

/** Leaves runs to a worker that knows their kind. */
async function putOff(
  trx: Transaction<DB>,
  { queue }: Engine,
  runs: readonly runAttempts.Attemptable[],
): Promise<void> {
  const startAfter = new Date(Date.now() + ELSEWHERE_MS)
  await queue.send(
    trx,
    runs.map((run) => ({ ...jobOf(run), startAfter })),
  )
}

function attemptOf(
  kinds: Kinds,
  run: runAttempts.Attemptable,
  event: Event | undefined,
  secrets: automationSecrets.SealedSecret[],
): Attempt {
  const { id, kind } = run
  const config = run.config as AutomationConfig
  const input = (run.input ?? {}) as Record<string, unknown>
  const attempt = run.attempt + 1
  const created_at = run.created_at.toISOString()
  const action = kinds.get(kind).effect?.(config, input)
  if (action === undefined) throw new Error(`a run of the kind ${kind}, which can't run`)
  return {
    run: { ...placeOf(run), attempt },
    action,
    secrets,
    sent: run.sent,
    kind,
    config,
    event: event === undefined ? null : { id: event.id, bytes: event.body_bytes, body: event.body },
    scope: {
      run: {
        id,
        trigger: run.trigger,
        attempt,
        scheduled_for: run.scheduled_for?.toISOString() ?? null,
        created_at,
        input,
      },
      automation: { id: run.automation_id, name: run.name, kind, last_run_at: run.last_run_at?.toISOString() ?? null },
      event: event === undefined ? madeUpEvent(input, created_at) : shown(event),
    },
  }
}

/** An event as templates see it, but for its body. */
function shown({ id, event_key: key, type, headers, received_at }: Event): SeenEvent {
  return { id, key, type, headers, body: null, received_at: received_at.toISOString() }
}

/** What came of an attempt, and when to try again; undefined where this was the last time. */
export type Outcome = { attempt: Attempt; result: ActionResult; again: Date | undefined }

/**
 * Writes what came of attempts, in one transaction and in the order in which they ended. What was overtaken, or cancelled,
 * changes nothing.
 */
export async function end(trx: Transaction<DB>, engine: Engine, outcomes: readonly Outcome[]): Promise<void> {
  const runs = outcomes.map(({ attempt }) => attempt.run)
  const failures = await runAttempts.lockAutomations(trx, runs)
  const started = await runAttempts.end(trx, outcomes.map(toEnd))
  const written = outcomes.flatMap((outcome) => {
    const { id, attempt } = outcome.attempt.run
    const row = started.get(id)
    return row?.attempt === attempt ? [{ ...outcome, ranAt: row.started_at }] : []
  })
  const jobs = written.flatMap(({ attempt: { run }, again }) => {
    const { id: runId, organizationId, automationId } = run
    return again === undefined ? [] : [{ runId, organizationId, automationId, startAfter: again }]
  })
  if (jobs.length > 0) await engine.queue.send(trx, jobs)
  const ends = written
    .filter(({ again }) => again === undefined)
    .map(({ attempt, result, ranAt }) => {
      const outcome = { ranAt, error: result.ok ? null : result.error, known: attempt }
      return { ...attempt.run, outcome }
    })
  await noteEnds(trx, engine, failures, ends)
}

function toEnd({ attempt: { run }, result, again }: Outcome): runAttempts.Ended {
  const { id, organizationId: organization_id, attempt } = run
  const ended = { id, organization_id, attempt, external_ref: null, error_message: null, is_unsent: false }
  if (result.ok)
    return { ...ended, status: 'succeeded', external_ref: result.externalRef ?? null, output: result.output }
  const isInDoubt = result.retry === 'unknown' || result.isInDoubt === true
  const status = again !== undefined ? 'queued' : isInDoubt ? 'unknown' : 'failed'
  // What may be tried again has certainly had no effect, also where it is not tried again.
  const is_unsent = !isInDoubt && (result.retry !== 'no' || result.isUnsent === true)
  return { ...ended, status, error_message: result.error, output: result.output ?? null, is_unsent }
}
