import { type Kysely, type Selectable, sql } from 'kysely'
import type { DB, SpaceEvents } from '../types.ts'

/** A place in the order of events: that of transactions, and within one, that of writing. */
export type Position = { transactionId: string; id: string }

export type SpaceEvent = Pick<
  Selectable<SpaceEvents>,
  'transaction_id' | 'id' | 'type' | 'space_id' | 'automation_id' | 'run_id' | 'status' | 'created_at'
>

/** Whose events are asked for: a space's, or, where the id is null, all of an organization. */
export type Source = { organizationId: string; id: string | null }

// Events of transactions older than every one that is still open: what is behind this line is complete, and nothing will
// be added before it. A transaction that only reads has no number and holds nothing up.
const SETTLED = sql<boolean>`transaction_id < pg_snapshot_xmin(pg_current_snapshot())`

/** From where on all that is still to come lies. */
export async function horizon(db: Kysely<DB>): Promise<string> {
  const { rows } = await sql<{ horizon: string }>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as horizon`.execute(db)
  return rows[0]?.horizon ?? '0'
}

/** Events of a source after a position, in order. Walks the primary key, or the index of the organization. */
export async function list(db: Kysely<DB>, source: Source, after: Position, most: number): Promise<SpaceEvent[]> {
  const all = db
    .selectFrom('space_events')
    .select(['transaction_id', 'id', 'type', 'space_id', 'automation_id', 'run_id', 'status', 'created_at'])
    .where('organization_id', '=', source.organizationId)
  const asked = source.id === null ? all : all.where('space_id', '=', source.id)
  return asked
    .where(sql<boolean>`(transaction_id, id) > (${after.transactionId}::xid8, ${after.id}::bigint)`)
    .where(SETTLED)
    .orderBy('transaction_id')
    .orderBy('id')
    .limit(most)
    .execute()
}

/**
 * Which of some sources have events of transactions from `since` on.
 *
 * @returns the ids of spaces, and of organizations where these were asked for, and the horizon to ask from next time.
 */
export async function listChanged(
  db: Kysely<DB>,
  sources: readonly Source[],
  since: string,
): Promise<{ changed: Set<string>; horizon: string }> {
  const spaces = sources.filter(({ id }) => id !== null)
  const organizations = sources.filter(({ id }) => id === null).map(({ organizationId }) => organizationId)
  const isNews = sql`e.transaction_id >= ${since}::xid8 and ${SETTLED}`
  const { rows } = await sql<{ changed: string[]; horizon: string }>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as horizon,
           array(
             select s.space_id::text
               from unnest(${spaces.map(({ organizationId }) => organizationId)}::uuid[], ${spaces.map(({ id }) => id)}::uuid[])
                    as s (organization_id, space_id)
              where exists (
                select from space_events e
                 where e.organization_id = s.organization_id and e.space_id = s.space_id and ${isNews})
              union all
             select o.id::text
               from unnest(${organizations}::uuid[]) as o (id)
              where exists (select from space_events e where e.organization_id = o.id and ${isNews})
           ) as changed`.execute(db)
  return { changed: new Set(rows[0]?.changed), horizon: rows[0]?.horizon ?? since }
}

/** Removes up to `most` events from before a time. @returns how many it removed. */
export async function removeOld(db: Kysely<DB>, before: Date, most: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from space_events
     where ctid = any(array(
       select ctid from space_events where created_at < ${before} limit ${most} for update skip locked))`.execute(db)
  return Number(numAffectedRows)
}
