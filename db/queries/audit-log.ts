import { type Kysely, sql, type Transaction } from 'kysely'
import { textBytes } from '../bytes.ts'
import { boundedPage, type Page } from '../page.ts'
import { preparedAppend } from '../prepared.ts'
import type { DB } from '../types.ts'

/** What the columns of an entry say besides its text, to find it by. */
export type NewEntry = {
  organization_id: string
  id: string
  /** The whole entry as canonical JSON. */
  entry: string
  at: string
  action: string
  actor_id: string | null
  target_id: string | null
}

const appendOne = preparedAppend<NewEntry>(
  {
    organization_id: 'uuid',
    id: 'uuid',
    entry: 'text',
    at: 'timestamptz',
    action: 'text',
    actor_id: 'uuid',
    target_id: 'uuid',
  },
  (rows) => sql`
    with new as materialized (select * from ${rows}),
         unsealed as (
           insert into audit_unsealed (organization_id, entry_id) select organization_id, id from new)
    insert into audit_log (organization_id, id, entry, at, action, actor_id, target_id)
    select organization_id, id, entry, at, action, actor_id, target_id from new`,
)

/** Adds an entry to an organization's log. It waits for nobody, and nobody for it (db/later.ts): its number and its hash come later (db/queries/audit-seals.ts). */
export async function insert(trx: Transaction<DB>, entry: NewEntry): Promise<void> {
  await appendOne(trx, entry)
}

/** An entry, and its seal where it has one already. */
export type Row = {
  id: string
  entry: string
  sequence: number | null
  previous_hash: string | null
  hash: string | null
}

export type Filter = {
  action: string | null
  actorId: string | null
  targetId: string | null
  /** Only entries with a smaller id. */
  before: string | null
  most: number
}

/** Entries of an organization, newest first. */
export async function list(db: Kysely<DB>, organizationId: string, filter: Filter): Promise<Page<Row>> {
  const rows = db
    .selectFrom('audit_log as log')
    .leftJoin('audit_seals as seal', (join) =>
      join.onRef('seal.organization_id', '=', 'log.organization_id').onRef('seal.entry_id', '=', 'log.id'),
    )
    .select([
      'log.id',
      'log.entry',
      sql<number | null>`seal.sequence::integer`.as('sequence'),
      'seal.previous_hash',
      'seal.hash',
    ])
    .where('log.organization_id', '=', organizationId)
    .where(sql<boolean>`(${filter.action}::text is null or log.action = ${filter.action})`)
    .where(sql<boolean>`(${filter.actorId}::uuid is null or log.actor_id = ${filter.actorId})`)
    .where(sql<boolean>`(${filter.targetId}::uuid is null or log.target_id = ${filter.targetId})`)
    .where(sql<boolean>`(${filter.before}::uuid is null or log.id < ${filter.before})`)
    .orderBy('log.id', 'desc')
    .limit(filter.most + 1)
  return boundedPage(db, rows, { most: filter.most, order: sql`id desc`, bytes: textBytes('entry') })
}
