import { type Kysely, sql, type Transaction } from 'kysely'
import { isBehind, type Piece } from '../page.ts'
import type { DB } from '../types.ts'

export type Organization = {
  id: string
  name: string
  slug: string
  open_signups_enabled: boolean
  datasets_enabled: boolean
  intended_public_url: string | null
  created_at: Date
}

/** What an organization can turn on and off. */
export type Features = Pick<Organization, 'open_signups_enabled' | 'datasets_enabled'>

/** Held by whoever asks whether there is an organization yet and makes the only one, until the transaction ends. */
const ONLY_ORGANIZATION_LOCK = 4_711_002

const ORGANIZATION = [
  'id',
  'name',
  'slug',
  'open_signups_enabled',
  'datasets_enabled',
  'intended_public_url',
  'created_at',
] as const

/** A piece of the organizations that somebody belongs to, the oldest first. */
export async function list(db: Kysely<DB>, userId: string, piece: Piece): Promise<Organization[]> {
  return db
    .selectFrom('organizations')
    .innerJoin('members', 'members.organization_id', 'organizations.id')
    .select(ORGANIZATION.map((column) => `organizations.${column}` as const))
    .where('members.user_id', '=', userId)
    .where(isBehind('organizations.created_at', 'organizations.id', piece))
    .orderBy('organizations.created_at')
    .orderBy('organizations.id')
    .limit(piece.most)
    .execute()
}

export async function find(db: Kysely<DB>, id: string): Promise<Organization | undefined> {
  return db.selectFrom('organizations').select(ORGANIZATION).where('id', '=', id).executeTakeFirst()
}

/** Holds the switches of an organization in place until the transaction ends. */
export async function lock(trx: Transaction<DB>, id: string): Promise<Organization | undefined> {
  return trx.selectFrom('organizations').select(ORGANIZATION).where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
}

/** Whether the database has any organization. */
export async function exists(db: Kysely<DB>): Promise<boolean> {
  return (await findFirst(db)) !== undefined
}

/** The oldest organization of the database: the only one, unless the server takes many. */
export async function findFirst(db: Kysely<DB>): Promise<Organization | undefined> {
  return db
    .selectFrom('organizations')
    .select(ORGANIZATION)
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
}

/** Waits until nobody else is about to make the only organization. */
export async function lockOnly(trx: Transaction<DB>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${ONLY_ORGANIZATION_LOCK}::bigint)`.execute(trx)
}

/** @returns undefined when another organization has that slug. */
export async function insert(
  trx: Transaction<DB>,
  row: { id: string; name: string; slug: string; intended_public_url: string | null },
): Promise<Organization | undefined> {
  return trx
    .insertInto('organizations')
    .values(row)
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .returning(ORGANIZATION)
    .executeTakeFirst()
}

/** Says where the people of an organization mean to reach it. */
export async function updatePublicUrl(trx: Transaction<DB>, id: string, url: string | null): Promise<void> {
  await trx.updateTable('organizations').set({ intended_public_url: url }).where('id', '=', id).execute()
}

/** Sets the switches of an organization. */
export async function updateFeatures(trx: Transaction<DB>, id: string, features: Features): Promise<void> {
  await trx.updateTable('organizations').set(features).where('id', '=', id).execute()
}
