import { type Kysely, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'
import type { StoredProblems } from './automations.ts'
import { type AutomationKey, distinct } from './run-turns.ts'

// What stands on every run's way, for many runs in one statement. Whoever takes both locks an automation before its runs, and
// several of them in the order of their ids: so nobody waits in a circle. Rows are found by primary keys.

export type RunKey = { organizationId: string; id: string }

/** A run that is not done, and the content that its automation has now. */
export type Attemptable = {
  id: string
  organization_id: string
  space_id: string
  automation_id: string
  status: 'queued' | 'running'
  attempt: number
  trigger: string
  scheduled_for: Date | null
  event_id: string | null
  created_at: Date
  kind: string
  automation_status: string
  approved_digest: string | null
  problems: StoredProblems
  last_run_at: Date | null
  revision: number
  name: string
  config: unknown
  secret_versions: Record<string, number>
  input: unknown
  sent_at: Date | null
  /** Of the content that it began with the last time. */
  begun_digest: string
  /** Whether what was sent may be sent again now. */
  is_repeatable: boolean
  /** What was about to be sent; null for what was not. */
  sent: Record<string, unknown> | null
  started_at: Date | null
  error_message: string | null
  digest: string
}

/**
 * Those of some runs that are queued or running, locked until the transaction ends. Their automations can't change as long:
 * what is read of them here is what holds when the attempt begins.
 */
export async function lock(trx: Transaction<DB>, keys: readonly RunKey[]): Promise<Attemptable[]> {
  const asked = JSON.stringify(keys)
  // What began before and can't go on is noted for its automation, and what is skipped may let another begin. The automation must
  // be held for that from the first: two that share it would wait for each other. All of a batch are locked in one mode, in
  // one order.
  const { rows: noted } = await sql`
    select from json_to_recordset(${asked}::json) as asked ("organizationId" uuid, id uuid)
      join automation_runs r on r.organization_id = asked."organizationId" and r.id = asked.id
     where r.attempt > 0
        or exists (select from automation_runs w
                    where w.organization_id = r.organization_id and w.automation_id = r.automation_id
                      and w.awaits_turn and w.status = 'queued')
     limit 1`.execute(trx)
  await sql`
    select from json_to_recordset(${asked}::json) as asked ("organizationId" uuid, id uuid)
      join automation_runs r on r.organization_id = asked."organizationId" and r.id = asked.id
      join automations a on a.organization_id = r.organization_id and a.id = r.automation_id
     order by a.id
       for ${sql.raw(noted.length > 0 ? 'no key update' : 'share')} of a`.execute(trx)
  // A statement of its own: it sees what the first one has waited for. Runs are found first, because those of one busy automation
  // may be all there are, and then it looks cheaper to read all of its runs for each.
  const { rows } = await sql<Attemptable>`
    with r as materialized (
      select r.*
        from json_to_recordset(${asked}::json) as asked ("organizationId" uuid, id uuid)
        join automation_runs r on r.organization_id = asked."organizationId" and r.id = asked.id
       where r.status in ('queued', 'running')
       order by r.id
         for update of r
    )
    select r.id, r.organization_id, r.space_id, r.automation_id, r.status, r.attempt, r.trigger, r.scheduled_for,
           r.event_id, r.created_at, a.kind, a.status as automation_status, a.approved_digest, a.problems,
           a.last_run_at, v.revision, v.name, v.config, v.secret_versions, v.digest, r.digest as begun_digest, r.input, r.sent_at, coalesce(r.repeatable_until > now(), false) as is_repeatable,
           case when r.sent_at is not null then r.output end as sent, r.started_at, r.error_message
      from r
      join automations a
        on a.organization_id = r.organization_id and a.space_id = r.space_id and a.id = r.automation_id
      join automation_revisions v
        on v.organization_id = a.organization_id and v.automation_id = a.id and v.revision = a.revision
     order by r.id`.execute(trx)
  return rows
}

export type Begun = { id: string; organization_id: string; revision: number; digest: string; attempt: number }

/** Begins attempts at the content that is approved now. */
export async function begin(trx: Transaction<DB>, runs: readonly Begun[]): Promise<void> {
  await sql`
    update automation_runs r
       set status = 'running', started_at = clock_timestamp(), revision = b.revision, digest = b.digest,
           attempt = b.attempt
      from json_to_recordset(${JSON.stringify(runs)}::json)
             as b (id uuid, organization_id uuid, revision integer, digest text, attempt integer)
     where r.organization_id = b.organization_id and r.id = b.id`.execute(trx)
}

/**
 * Locks the automations of runs that are about to end.
 *
 * @returns how many runs in a row have failed so far, by the id of the automation.
 */
export async function lockAutomations(
  trx: Transaction<DB>,
  keys: readonly AutomationKey[],
): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: string; consecutive_failures: number }>`
    select a.id, a.consecutive_failures
      from json_to_recordset(${JSON.stringify(distinct(keys))}::json) as asked ("organizationId" uuid, "automationId" uuid)
      join automations a on a.organization_id = asked."organizationId" and a.id = asked."automationId"
     order by a.id
       for no key update of a`.execute(trx)
  return new Map(rows.map((row) => [row.id, row.consecutive_failures]))
}

/**
 * Notes, before the first byte of an effect that must not be repeated leaves, what is about to be sent. From then on the run may
 * have had its effect, and nobody begins it again; or not after `repeatableUntil`, which counts from the first time.
 *
 * @returns false where this attempt is not the run's any more: then nothing may be sent.
 */
export async function noteSent(
  db: Kysely<DB>,
  { organizationId, id, attempt }: RunKey & { attempt: number },
  sent: Record<string, unknown>,
  repeatableUntil: Date | null,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update automation_runs
       set sent_at = coalesce(sent_at, clock_timestamp()), output = ${JSON.stringify(sent)}::json,
           repeatable_until = case when sent_at is null then ${repeatableUntil}::timestamptz else repeatable_until end
     where organization_id = ${organizationId} and id = ${id} and attempt = ${attempt} and status = 'running'`.execute(
    db,
  )
  return numAffectedRows === 1n
}

/** A run that can't go on. */
export type StoppedRun = {
  id: string
  organization_id: string
  status: 'failed' | 'skipped' | 'unknown'
  error_message: string
}

/** Ends runs that can't go on, in the transaction that holds them locked. What they have put out stays. */
export async function stop(trx: Transaction<DB>, runs: readonly StoppedRun[]): Promise<void> {
  await sql`
    update automation_runs r
       set status = s.status, error_message = s.error_message, finished_at = now()
      from json_to_recordset(${JSON.stringify(runs)}::json)
             as s (id uuid, organization_id uuid, status text, error_message text)
     where r.organization_id = s.organization_id and r.id = s.id`.execute(trx)
}

/** How an attempt ended; with `queued` it was not the last one. */
export type Ended = {
  id: string
  organization_id: string
  attempt: number
  status: 'queued' | 'succeeded' | 'failed' | 'unknown'
  error_message: string | null
  external_ref: string | null
  output: Record<string, unknown> | null
  /** Whether it is certain that nothing was sent. */
  is_unsent: boolean
}

/**
 * Ends attempts, each only while it is the latest of its run and still running.
 *
 * @returns by the ids of what was written, the attempt and the time when it began. For the others another attempt, or a
 * cancel, came first.
 */
export async function end(
  trx: Transaction<DB>,
  runs: readonly Ended[],
): Promise<Map<string, { attempt: number; started_at: Date }>> {
  const { rows } = await sql<{ id: string; attempt: number; started_at: Date }>`
    update automation_runs r
       set status = e.status, error_message = e.error_message, external_ref = e.external_ref,
           output = coalesce(e.output, case when r.sent_at is not null then r.output end),
           sent_at = case when not e.is_unsent then r.sent_at end,
           repeatable_until = case when not e.is_unsent then r.repeatable_until end,
           finished_at = case when e.status <> 'queued' then now() end
      from json_to_recordset(${JSON.stringify(runs)}::json)
             as e (id uuid, organization_id uuid, attempt integer, status text, error_message text, external_ref text,
                   output json, is_unsent boolean)
     where r.organization_id = e.organization_id and r.id = e.id and r.attempt = e.attempt and r.status = 'running'
    returning r.id, r.attempt, r.started_at`.execute(trx)
  return new Map(rows.map((row) => [row.id, row]))
}

/** What an automation keeps of its latest runs: when the last one began, how it ended, and how many in a row have failed. */
export type Note = {
  organization_id: string
  automation_id: string
  ran_at: Date
  error: string | null
  failures: number
}

/** Notes for automations, each once, how their latest runs ended. Not a change of the automation: its version stays. */
export async function note(trx: Transaction<DB>, notes: readonly Note[]): Promise<void> {
  await sql`
    update automations a
       set last_run_at = greatest(a.last_run_at, n.ran_at), last_error = n.error, consecutive_failures = n.failures,
           updated_at = now()
      from json_to_recordset(${JSON.stringify(notes)}::json)
             as n (organization_id uuid, automation_id uuid, ran_at timestamptz, error text, failures integer)
     where a.organization_id = n.organization_id and a.id = n.automation_id`.execute(trx)
}
