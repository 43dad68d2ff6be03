import { type Kysely, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'

// The chain of the audit log: a number and a hash for each entry, which covers the one before. One sealer at a time writes it.

const LOCK = 4_711_003

/** Whether any entry waits for its seal. The table holds what was written since the last look, and no more. */
export async function isAnyWaiting(db: Kysely<DB>): Promise<boolean> {
  const { rows } = await sql`select from audit_unsealed limit 1`.execute(db)
  return rows.length > 0
}

/** Makes this transaction the one that seals, until it ends. @returns false where another one does. */
export async function take(trx: Transaction<DB>): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`select pg_try_advisory_xact_lock(${LOCK}) as taken`.execute(trx)
  return rows[0]?.taken === true
}

/** The same, once the one that does is done. */
export async function waitToTake(trx: Transaction<DB>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(trx)
}

/** An entry that waits for its seal, and the end of its organization's chain: 0 and no hash where there is none yet. */
export type Unsealed = {
  organization_id: string
  id: string
  entry: string
  last_sequence: number
  last_hash: string
}

const WITH_END = sql`
  select log.organization_id, log.id, log.entry,
         coalesce(head.sequence, 0)::integer as last_sequence, coalesce(head.hash, '') as last_hash
    from asked
    join audit_log log on log.organization_id = asked.organization_id and log.id = asked.entry_id
    left join audit_heads head on head.organization_id = log.organization_id
   order by log.organization_id, log.id`

/** Up to `most` entries that wait, those of an organization in the order of their ids. */
export async function listWaiting(trx: Transaction<DB>, most: number): Promise<Unsealed[]> {
  const { rows } = await sql<Unsealed>`
    with asked as (select organization_id, entry_id from audit_unsealed limit ${most}) ${WITH_END}`.execute(trx)
  return rows
}

/** The same of entries without a seal, whatever was noted of them. Reads both tables whole. */
export async function listForgotten(trx: Transaction<DB>, most: number): Promise<Unsealed[]> {
  const { rows } = await sql<Unsealed>`
    with asked as (
      select log.organization_id, log.id as entry_id
        from audit_log log
       where not exists (
         select from audit_seals seal where seal.organization_id = log.organization_id and seal.entry_id = log.id)
       limit ${most}
    ) ${WITH_END}`.execute(trx)
  return rows
}

export type Seal = { organization_id: string; sequence: number; entry_id: string; previous_hash: string; hash: string }

/** Writes seals, of each organization in the order of their numbers and from behind its end on, and the new ends. */
export async function insert(trx: Transaction<DB>, seals: readonly Seal[]): Promise<void> {
  await sql`
    with sealed as (
      select * from json_to_recordset(${JSON.stringify(seals)}::json)
                 as (organization_id uuid, sequence bigint, entry_id uuid, previous_hash text, hash text)
    ), chained as (
      insert into audit_seals (organization_id, sequence, entry_id, previous_hash, hash)
      select organization_id, sequence, entry_id, previous_hash, hash from sealed
    ), ended as (
      insert into audit_heads as head (organization_id, sequence, previous_hash, hash)
      select distinct on (organization_id) organization_id, sequence, previous_hash, hash
        from sealed order by organization_id, sequence desc
      on conflict (organization_id) do update
        set sequence = excluded.sequence, previous_hash = excluded.previous_hash, hash = excluded.hash
    )
    delete from audit_unsealed waiting using sealed
     where waiting.organization_id = sealed.organization_id and waiting.entry_id = sealed.entry_id`.execute(trx)
}

/** A seal, and the entry that it is of; null where that is gone. */
export type Sealed = Omit<Seal, 'organization_id'> & { entry: string | null }

/** Seals of an organization in the order of the chain, from behind `after`. */
export async function list(db: Kysely<DB>, organizationId: string, after: number, most: number): Promise<Sealed[]> {
  const { rows } = await sql<Sealed>`
    select seal.sequence::integer as sequence, seal.entry_id, seal.previous_hash, seal.hash, log.entry
      from audit_seals seal
      left join audit_log log on log.organization_id = seal.organization_id and log.id = seal.entry_id
     where seal.organization_id = ${organizationId} and seal.sequence > ${after}
     order by seal.sequence
     limit ${most}`.execute(db)
  return rows
}

/** The end of a chain as it is noted beside it, and the number of the last seal that is there. */
export type Head = { organization_id: string; sequence: number; hash: string; last_seal: number }

/**
 * The end of every organization's chain, in one statement, so that a batch that is being sealed is in all of it or in none. Also
 * of an organization whose end is gone while its seals are not: 0 and no hash.
 */
export async function listHeads(db: Kysely<DB>): Promise<Head[]> {
  const { rows } = await sql<Head>`
    select coalesce(h.organization_id, o.id) as organization_id, coalesce(h.sequence, 0)::integer as sequence,
           coalesce(h.hash, '') as hash, coalesce(l.last_seal, 0)::integer as last_seal
      from audit_heads h
      full join organizations o on o.id = h.organization_id
      cross join lateral (
        select max(sequence) as last_seal from audit_seals
         where organization_id = coalesce(h.organization_id, o.id)
      ) l
     where h.organization_id is not null or l.last_seal is not null
     order by 1`.execute(db)
  return rows
}

/** How many entries of each organization have no seal. Reads both tables whole. */
export async function countUnsealed(db: Kysely<DB>): Promise<Map<string, number>> {
  const { rows } = await sql<{ organization_id: string; count: number }>`
    select log.organization_id, count(*)::integer as count
      from audit_log log
     where not exists (
       select from audit_seals seal where seal.organization_id = log.organization_id and seal.entry_id = log.id)
     group by 1`.execute(db)
  return new Map(rows.map(({ organization_id, count }) => [organization_id, count]))
}
