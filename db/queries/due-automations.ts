import { type Kysely, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'

/** A scheduler looks for what is due at least so often, in milliseconds. */
export const MAX_SLEEP_MS = 60_000

/** An automation whose time has come, with the content that is approved to run. */
export type Due = {
  id: string
  organization_id: string
  space_id: string
  kind: string
  config: unknown
  revision: number
  digest: string
  /** The time on the schedule that it is due for. */
  planned_at: Date
}

/**
 * Takes up to `most` automations that are due at `now`, the longest overdue first, locked until the transaction ends. What
 * another scheduler holds is passed over, and what is of other kinds than these. Walks automations_next_run_at_idx, so what is not
 * due costs nothing.
 */
export async function claim(trx: Transaction<DB>, kinds: readonly string[], now: Date, most: number): Promise<Due[]> {
  const { rows } = await sql<Due>`
    select a.id, a.organization_id, a.space_id, a.kind, r.config, r.revision, r.digest, a.next_planned_at as planned_at
      from automations a
      join automation_revisions r
        on r.organization_id = a.organization_id and r.automation_id = a.id and r.revision = a.revision
     where a.next_run_at <= ${now} and a.kind = any(${[...kinds]}::text[])
     order by a.next_run_at
     limit ${most}
       for update of a skip locked`.execute(trx)
  return rows
}

/**
 * Whether an automation of these kinds is due at `now`, and when the next one is after it; null where none is planned. Both are a step
 * into automations_next_run_at_idx, which an `exists` is not: it looks as if a few of all rows were enough to find one.
 */
export async function nextTime(
  db: Kysely<DB>,
  kinds: readonly string[],
  now: Date,
): Promise<{ isOverdue: boolean; next: Date | null }> {
  const { rows } = await sql<{ is_overdue: boolean; next: Date | null }>`
    select (select next_run_at from automations
             where next_run_at <= ${now} and kind = any(${[...kinds]}::text[])
             order by next_run_at limit 1) is not null as is_overdue,
           (select next_run_at from automations
             where next_run_at > ${now} and kind = any(${[...kinds]}::text[])
             order by next_run_at limit 1) as next`.execute(db)
  const [row] = rows
  return { isOverdue: row?.is_overdue ?? false, next: row?.next ?? null }
}

/** The time on its schedule that an automation is planned for, or was when it was paused; null where there is none. */
export async function plannedAt(trx: Transaction<DB>, organizationId: string, id: string): Promise<Date | null> {
  const row = await trx
    .selectFrom('automations')
    .select('next_planned_at')
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.next_planned_at ?? null
}

export type Plan = { id: string; next_run_at: Date | null; next_planned_at: Date | null }

/** Plans the next time of many automations in one statement. What is null is not planned any more. */
export async function update(trx: Transaction<DB>, plans: readonly Plan[]): Promise<void> {
  await sql`
    update automations a
       set next_run_at = p.next_run_at, next_planned_at = p.next_planned_at
      from json_to_recordset(${JSON.stringify(plans)}::json)
             as p (id uuid, next_run_at timestamptz, next_planned_at timestamptz)
     where a.id = p.id and (a.status = 'active' or p.next_run_at is null)`.execute(trx)
}

/** An automation that can't be read, and until when to leave it alone. */
export type PutOff = { id: string; until: Date; error: string }

/** Puts off automations that can't be read, with the reason as their error. What they are planned for stays. */
export async function putOff(trx: Transaction<DB>, automations: readonly PutOff[]): Promise<void> {
  await sql`
    update automations a
       set next_run_at = p.until, last_error = p.error,
           updated_at = case when a.last_error is distinct from p.error then now() else a.updated_at end
      from json_to_recordset(${JSON.stringify(automations)}::json) as p (id uuid, until timestamptz, error text)
     where a.id = p.id and a.status = 'active'`.execute(trx)
}

/**
 * Wakes schedulers once this transaction commits: something may be due sooner than they know. Transactions that do so commit one after
 * another, so it is for what is due soon alone.
 */
export async function wake(trx: Transaction<DB>): Promise<void> {
  await sql`select pg_notify('hyperspeed_due', '')`.execute(trx)
}
