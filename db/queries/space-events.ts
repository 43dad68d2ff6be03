import { type Kysely, type Selectable, sql } from 'kysely'
import type { Space } from '../space.ts'
import type { DB, SpaceEvents } from '../types.ts'

/** A place in the order of events: that of transactions, and within one, that of writing. */
export type Position = { transactionId: string; id: string }

export type SpaceEvent = Pick<
  Selectable<SpaceEvents>,
  'transaction_id' | 'id' | 'type' | 'automation_id' | 'run_id' | 'status' | 'created_at'
>

// Events of transactions older than every one that is still open: what is behind this line is complete, and nothing will
// be added before it. A transaction that only reads has no number and holds nothing up.
const SETTLED = sql<boolean>`transaction_id < pg_snapshot_xmin(pg_current_snapshot())`

/** From where on all that is still to come lies. */
export async function horizon(db: Kysely<DB>): Promise<string> {
  const { rows } = await sql<{ horizon: string }>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as horizon`.execute(db)
  return rows[0]?.horizon ?? '0'
}

/** Events of a space after a position, in order. Walks the primary key. */
export async function list(db: Kysely<DB>, space: Space, after: Position, most: number): Promise<SpaceEvent[]> {
  return db
    .selectFrom('space_events')
    .select(['transaction_id', 'id', 'type', 'automation_id', 'run_id', 'status', 'created_at'])
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where(sql<boolean>`(transaction_id, id) > (${after.transactionId}::xid8, ${after.id}::bigint)`)
    .where(SETTLED)
    .orderBy('transaction_id')
    .orderBy('id')
    .limit(most)
    .execute()
}

/**
 * Which of some spaces have events of transactions from `since` on.
 *
 * @returns their ids, and the horizon to ask from next time.
 */
export async function listChanged(
  db: Kysely<DB>,
  spaces: readonly Space[],
  since: string,
): Promise<{ spaceIds: string[]; horizon: string }> {
  const organizationIds = spaces.map((space) => space.organizationId)
  const spaceIds = spaces.map((space) => space.id)
  const { rows } = await sql<{ space_ids: string[]; horizon: string }>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as horizon,
           array(
             select s.space_id::text
               from unnest(${organizationIds}::uuid[], ${spaceIds}::uuid[]) as s (organization_id, space_id)
              where exists (
                select from space_events e
                 where e.organization_id = s.organization_id and e.space_id = s.space_id
                   and e.transaction_id >= ${since}::xid8 and ${SETTLED})
           ) as space_ids`.execute(db)
  return { spaceIds: rows[0]?.space_ids ?? [], horizon: rows[0]?.horizon ?? since }
}

/** Removes up to `most` events from before a time. @returns how many it removed. */
export async function removeOld(db: Kysely<DB>, before: Date, most: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from space_events
     where ctid = any(array(
       select ctid from space_events where created_at < ${before} limit ${most} for update skip locked))`.execute(db)
  return Number(numAffectedRows)
}
