import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import { jsonBytes } from '../bytes.ts'
import { boundedPage, type Page } from '../page.ts'
import type { Space } from '../space.ts'
import type { AutomationRuns, DB } from '../types.ts'

const SHOWN = [
  'id',
  'organization_id',
  'automation_id',
  'revision',
  'digest',
  'trigger',
  'status',
  'attempt',
  'scheduled_for',
  'started_at',
  'finished_at',
  sql<boolean | null>`case status when 'succeeded' then true when 'failed' then false end`.as('success'),
  'error_message',
  'external_ref',
  sql<Record<string, unknown> | null>`input`.as('input'),
  'sent_at',
  sql<Record<string, unknown> | null>`output`.as('output'),
  'note',
  'requested_by_user_id',
  'retry_of_run_id',
  'event_id',
  'created_at',
] as const

/** A run as the API shows it. */
export type Run = Omit<
  Selectable<AutomationRuns>,
  'space_id' | 'awaits_turn' | 'repeatable_until' | 'input' | 'output'
> & {
  success: boolean | null
  input: Record<string, unknown> | null
  output: Record<string, unknown> | null
}

/** What a new run says. One that is skipped is finished as it is written. */
export type NewRun = {
  id: string
  organization_id: string
  space_id: string
  automation_id: string
  revision: number
  digest: string
  trigger: 'schedule' | 'manual' | 'webhook' | 'retry' | 'tunnel'
  status: 'queued' | 'skipped'
  /** Whether it gets its job only when its turn has come (db/queries/run-turns.ts). */
  awaits_turn: boolean
  scheduled_for: string | null
  note: string | null
  error_message: string | null
  requested_by_user_id: string | null
  retry_of_run_id: string | null
  event_id: string | null
  /** What it is given. */
  input: Record<string, unknown> | null
}

/**
 * Writes runs, in one statement of one text however many they are. What is due at a time that has its run already is left
 * out: automation_runs_scheduled_for_key makes a double impossible.
 *
 * @returns the ids of the rows that were written.
 */
export async function insert(trx: Transaction<DB>, runs: readonly NewRun[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    insert into automation_runs (id, organization_id, space_id, automation_id, revision, digest, trigger, status,
                                 awaits_turn, scheduled_for, note, error_message, requested_by_user_id, retry_of_run_id,
                                 event_id, input, finished_at)
    select r.id, r.organization_id, r.space_id, r.automation_id, r.revision, r.digest, r.trigger, r.status,
           r.awaits_turn, r.scheduled_for, r.note, r.error_message, r.requested_by_user_id, r.retry_of_run_id, r.event_id,
           r.input,
           case when r.status = 'skipped' then now() end
      from json_to_recordset(${JSON.stringify(runs)}::json) as r (
        id uuid, organization_id uuid, space_id uuid, automation_id uuid, revision integer, digest text, trigger text,
        status text, awaits_turn boolean, scheduled_for timestamptz, note text, error_message text, requested_by_user_id uuid,
        retry_of_run_id uuid, event_id uuid, input json)
        on conflict do nothing
    returning id`.execute(trx)
  return rows.map((row) => row.id)
}

/** One run of an automation of a space. */
export async function find(db: Kysely<DB>, space: Space, automationId: string, id: string): Promise<Run | undefined> {
  return ofAutomation(db, space, automationId).where('id', '=', id).executeTakeFirst()
}

/** A run, of whichever space. */
export type RunKey = { organizationId: string; automationId: string; id: string }

/** Of some runs, those that have ended, and the ids of those that are not there any more; the others are under way. */
export async function listEnds(
  db: Kysely<DB>,
  keys: readonly RunKey[],
): Promise<{ ended: Map<string, Run>; gone: Set<string> }> {
  const { rows } = await sql<{ id: string; is_gone: boolean }>`
    select asked.id, r.id is null as is_gone
      from json_to_recordset(${JSON.stringify(keys)}::json) as asked ("organizationId" uuid, "automationId" uuid, id uuid)
      left join automation_runs r
        on r.organization_id = asked."organizationId" and r.automation_id = asked."automationId" and r.id = asked.id
     where r.id is null or r.finished_at is not null`.execute(db)
  const gone = new Set(rows.filter(({ is_gone }) => is_gone).map(({ id }) => id))
  const ended = rows.filter(({ is_gone }) => !is_gone).map(({ id }) => id)
  if (ended.length === 0) return { ended: new Map(), gone }
  const runs = await db
    .selectFrom('automation_runs')
    .select(SHOWN)
    .where('id', '=', sql<string>`any(${ended}::uuid[])`)
    .execute()
  return { ended: new Map(runs.map((run) => [run.id, run])), gone }
}

/** Which page of a list of runs: `before` is the id of the last one of the page before. */
type RunPage = { status: string | null; before: string | null; most: number }

/** Runs of an automation, newest first. */
export async function list(db: Kysely<DB>, space: Space, automationId: string, page: RunPage): Promise<Page<Run>> {
  return newestOf(db, ofAutomation(db, space, automationId), page)
}

/** Runs of all automations of a space, newest first. */
export async function listOfSpace(db: Kysely<DB>, space: Space, page: RunPage): Promise<Page<Run>> {
  return newestOf(db, ofSpace(db, space), page)
}

function newestOf(db: Kysely<DB>, runs: ReturnType<typeof ofSpace>, page: RunPage): Promise<Page<Run>> {
  const rows = runs
    .where(sql<boolean>`(${page.status}::text is null or status = ${page.status})`)
    .where(sql<boolean>`(${page.before}::uuid is null or id < ${page.before}::uuid)`)
    .orderBy('id', 'desc')
    .limit(page.most + 1)
  const bytes = sql<number>`512 + ${jsonBytes('input')} + ${jsonBytes('output')}`
  return boundedPage(db, rows, { most: page.most, order: sql`id desc`, bytes })
}

function ofAutomation(db: Kysely<DB>, space: Space, automationId: string) {
  return ofSpace(db, space).where('automation_id', '=', automationId)
}

function ofSpace(db: Kysely<DB>, space: Space) {
  return db
    .selectFrom('automation_runs')
    .select(SHOWN)
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
}

/** Those of some events of which a run is `unknown`. */
export async function listEventsInDoubt(
  db: Kysely<DB>,
  { organizationId, automationId }: { organizationId: string; automationId: string },
  eventIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ event_id: string }>`
    select distinct event_id from automation_runs
     where organization_id = ${organizationId} and automation_id = ${automationId} and status = 'unknown'
       and event_id = any(${[...eventIds]}::uuid[])`.execute(db)
  return rows.map((row) => row.event_id)
}

/** The automation of a run, whatever becomes of it. */
export async function findAutomationId(
  db: Kysely<DB>,
  organizationId: string,
  id: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('automation_runs')
    .select('automation_id')
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.automation_id
}

/** What is known of a run that is ended from outside. */
export type EndedRun = { space_id: string; started_at: Date | null }

/**
 * Cancels a run that waits or is under way; what it has put out so far stays. One whose effect may have left already is left
 * to its own end: to call it cancelled would say that nothing happened.
 *
 * @returns undefined where nothing was written.
 */
export async function cancel(
  trx: Transaction<DB>,
  organizationId: string,
  id: string,
  reason: string,
): Promise<EndedRun | undefined> {
  return ofOpenRun(trx, organizationId, id)
    .set({ status: 'cancelled', error_message: reason, finished_at: sql<Date>`now()` })
    .where('sent_at', 'is', null)
    .executeTakeFirst()
}

/**
 * Gives up a run that nobody works on any more: it has failed, or is `unknown` where its effect may have left.
 *
 * @returns undefined where it has ended already.
 */
export async function giveUp(
  trx: Transaction<DB>,
  organizationId: string,
  id: string,
  reason: string,
): Promise<EndedRun | undefined> {
  return ofOpenRun(trx, organizationId, id)
    .set({
      status: sql<string>`case when sent_at is null then 'failed' else 'unknown' end`,
      error_message: reason,
      finished_at: sql<Date>`now()`,
    })
    .executeTakeFirst()
}

function ofOpenRun(trx: Transaction<DB>, organizationId: string, id: string) {
  return trx
    .updateTable('automation_runs')
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .where('status', 'in', ['queued', 'running'])
    .returning(['space_id', 'started_at'])
}

/**
 * Writes what a person says became of a run of which nobody knew.
 *
 * @returns false where it is not `unknown`.
 */
export async function resolve(
  trx: Transaction<DB>,
  space: Space,
  automationId: string,
  id: string,
  end: { status: 'succeeded' | 'failed'; error_message: string | null; external_ref: string | null },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('automation_runs')
    .set(end)
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('automation_id', '=', automationId)
    .where('id', '=', id)
    .where('status', '=', 'unknown')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Which of some runs are not running any more: somebody cancelled them. */
export async function listEnded(db: Kysely<DB>, ids: readonly string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('automation_runs')
    .select('id')
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where('status', '<>', 'running')
    .execute()
  return rows.map((row) => row.id)
}

/** A run that is queued or running. */
export type OpenRun = Pick<
  Selectable<AutomationRuns>,
  'id' | 'organization_id' | 'automation_id' | 'status' | 'awaits_turn'
>

/** The runs of some automations that are queued or running, oldest first. Uses automation_runs_open_idx. */
export async function listOpen(db: Kysely<DB>, automationIds: readonly string[]): Promise<OpenRun[]> {
  return db
    .selectFrom('automation_runs')
    .select(['id', 'organization_id', 'automation_id', 'status', 'awaits_turn'])
    .where('automation_id', '=', sql<string>`any(${[...automationIds]}::uuid[])`)
    .where('status', 'in', ['queued', 'running'])
    .orderBy('id')
    .execute()
}

/** Removes up to `most` runs that finished before a time. @returns how many it removed. */
export async function removeFinished(db: Kysely<DB>, before: Date, most: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('automation_runs')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('automation_runs')
        .select('id')
        .where('finished_at', '<', before)
        .limit(most)
        .forUpdate()
        .skipLocked(),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** The latest time on its schedule that an automation has a run for. */
export async function lastPlanned(db: Kysely<DB>, organizationId: string, automationId: string): Promise<Date | null> {
  const row = await db
    .selectFrom('automation_runs')
    .select((eb) => eb.fn.max('scheduled_for').as('last'))
    .where('organization_id', '=', organizationId)
    .where('automation_id', '=', automationId)
    .executeTakeFirst()
  return row?.last ?? null
}
