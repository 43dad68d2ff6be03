import { type Kysely, sql, type Transaction } from 'kysely'
import { textBytes } from '../bytes.ts'
import { boundedPage, type Page } from '../page.ts'
import type { DB } from '../types.ts'

/** What the columns of an entry say besides its text, to find it by. */
export type NewEntry = {
  /** The whole entry as canonical JSON. */
  entry: string
  at: string
  action: string
  actorId: string | null
  targetId: string | null
}

/**
 * Appends entries to an organization's chain, in one statement: it takes the row of the chain's end, so that the numbers
 * have no gap and each hash covers the one before. Call it last in a transaction, which holds that row until its end.
 */
export async function insert(trx: Transaction<DB>, organizationId: string, entry: NewEntry): Promise<void> {
  // The hash before comes out of the locked row itself: a read of the log beside it could be older than the lock.
  await sql`
    with head as (
      insert into audit_heads as head (organization_id, sequence, previous_hash, hash)
      values (${organizationId}::uuid, 1, '', encode(sha256(convert_to(${entry.entry}, 'UTF8')), 'hex'))
      on conflict (organization_id) do update
        set sequence = head.sequence + 1,
            previous_hash = head.hash,
            hash = encode(sha256(convert_to(head.hash || ${entry.entry}, 'UTF8')), 'hex')
      returning sequence, previous_hash, hash
    )
    insert into audit_log (organization_id, sequence, entry, previous_hash, hash, at, action, actor_id, target_id)
    select ${organizationId}::uuid, sequence, ${entry.entry}, previous_hash, hash,
           ${entry.at}::timestamptz, ${entry.action}, ${entry.actorId}::uuid, ${entry.targetId}::uuid
      from head`.execute(trx)
}

export type Row = { sequence: number; entry: string; previous_hash: string; hash: string }

export type Filter = {
  action: string | null
  actorId: string | null
  targetId: string | null
  /** Only entries with a smaller number. */
  before: number | null
  most: number
}

/** Entries of an organization, newest first. */
export async function list(db: Kysely<DB>, organizationId: string, filter: Filter): Promise<Page<Row>> {
  const rows = db
    .selectFrom('audit_log')
    .select([sql<number>`sequence::integer`.as('sequence'), 'entry', 'previous_hash', 'hash'])
    .where('organization_id', '=', organizationId)
    .where(sql<boolean>`(${filter.action}::text is null or action = ${filter.action})`)
    .where(sql<boolean>`(${filter.actorId}::uuid is null or actor_id = ${filter.actorId})`)
    .where(sql<boolean>`(${filter.targetId}::uuid is null or target_id = ${filter.targetId})`)
    .where(sql<boolean>`(${filter.before}::bigint is null or sequence < ${filter.before})`)
    .orderBy('audit_log.sequence', 'desc')
    .limit(filter.most + 1)
  return boundedPage(db, rows, { most: filter.most, order: sql`sequence desc`, bytes: textBytes('entry') })
}

/** Entries of an organization in the order of the chain, from behind `after`. */
export async function listChain(db: Kysely<DB>, organizationId: string, after: number, most: number): Promise<Row[]> {
  return db
    .selectFrom('audit_log')
    .select([sql<number>`sequence::integer`.as('sequence'), 'entry', 'previous_hash', 'hash'])
    .where('organization_id', '=', organizationId)
    .where(sql<boolean>`sequence > ${after}`)
    .orderBy('audit_log.sequence')
    .limit(most)
    .execute()
}

/** The end of a chain as it is noted beside the log, and the number of the last entry that is there. */
export type Head = { organization_id: string; sequence: number; hash: string; last_entry: number }

/**
 * The end of every organization's chain, in one statement, so that an entry that is being written is in all of it or in
 * none. Also of an organization whose end is gone while its entries are not: 0 and no hash.
 */
export async function listHeads(db: Kysely<DB>): Promise<Head[]> {
  const { rows } = await sql<Head>`
    select coalesce(h.organization_id, o.id) as organization_id, coalesce(h.sequence, 0)::integer as sequence,
           coalesce(h.hash, '') as hash, coalesce(l.last_entry, 0)::integer as last_entry
      from audit_heads h
      full join organizations o on o.id = h.organization_id
      cross join lateral (
        select max(sequence) as last_entry from audit_log
         where organization_id = coalesce(h.organization_id, o.id)
      ) l
     where h.organization_id is not null or l.last_entry is not null
     order by 1`.execute(db)
  return rows
}
