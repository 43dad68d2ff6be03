import { type Kysely, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'

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

/** When the next automation of these kinds is due; null where none is planned. */
export async function nextTime(db: Kysely<DB>, kinds: readonly string[]): Promise<Date | null> {
  const row = await db
    .selectFrom('automations')
    .select('next_run_at')
    .where('next_run_at', 'is not', null)
    .where('kind', '=', sql<string>`any(${[...kinds]}::text[])`)
    .orderBy('next_run_at')
    .limit(1)
    .executeTakeFirst()
  return row?.next_run_at ?? null
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

/** Wakes schedulers once this transaction commits: something may be due sooner than they know. */
export async function wake(trx: Transaction<DB>): Promise<void> {
  await sql`select pg_notify('hyperspeed_due', '')`.execute(trx)
}
