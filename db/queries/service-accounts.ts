import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import { isBehind, type Piece } from '../page.ts'
import type { DB, ServiceAccounts } from '../types.ts'

/** What can be set about a service account. */
export type ServiceAccountSettings = Pick<
  Selectable<ServiceAccounts>,
  'name' | 'provider' | 'openrouter_model' | 'cursor_default_repo_url' | 'cursor_default_ref' | 'token_expires_at'
>

const SHOWN = [
  'id',
  'organization_id',
  'user_id',
  'name',
  'created_by',
  'created_at',
  'provider',
  'openrouter_model',
  'cursor_default_repo_url',
  'cursor_default_ref',
  sql<string[]>`array(
    select mr.role_id from member_roles mr
     where mr.organization_id = service_accounts.organization_id and mr.user_id = service_accounts.user_id
     order by mr.role_id
  )`.as('role_ids'),
  'token_expires_at as expires_at',
  'last_used_at',
] as const

function living(db: Kysely<DB>, organizationId: string) {
  return db
    .selectFrom('service_accounts')
    .select(SHOWN)
    .where('organization_id', '=', organizationId)
    .where('deleted_at', 'is', null)
}

/** A service account as the API shows it. */
export type ServiceAccount = Awaited<ReturnType<typeof list>>[number]

/** A piece of the service accounts of an organization that are not deleted, the oldest first. */
export async function list(db: Kysely<DB>, organizationId: string, piece: Piece) {
  return living(db, organizationId)
    .where(isBehind('created_at', 'id', piece))
    .orderBy('created_at')
    .orderBy('id')
    .limit(piece.most)
    .execute()
}

/** One service account that is not deleted. */
export async function find(db: Kysely<DB>, organizationId: string, id: string): Promise<ServiceAccount | undefined> {
  return living(db, organizationId).where('id', '=', id).executeTakeFirst()
}

export async function insert(
  trx: Transaction<DB>,
  organizationId: string,
  row: ServiceAccountSettings & { id: string; user_id: string; created_by: string; token_hash: Buffer },
): Promise<void> {
  await trx
    .insertInto('service_accounts')
    .values({ ...row, organization_id: organizationId })
    .execute()
}

/** Sets everything that can be set, so that one statement serves every change. */
export async function update(
  trx: Transaction<DB>,
  organizationId: string,
  id: string,
  settings: ServiceAccountSettings,
): Promise<void> {
  await trx
    .updateTable('service_accounts')
    .set(settings)
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .execute()
}

/** Puts another token in the place of the present one, which is dead from the commit on. */
export async function updateToken(
  trx: Transaction<DB>,
  organizationId: string,
  id: string,
  tokenHash: Buffer,
): Promise<void> {
  await trx
    .updateTable('service_accounts')
    .set({ token_hash: tokenHash })
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .execute()
}

/** Kills the token and marks the account deleted. The row stays, because what it wrote names it. */
export async function remove(trx: Transaction<DB>, organizationId: string, id: string): Promise<void> {
  await trx
    .updateTable('service_accounts')
    .set({ token_hash: null, deleted_at: sql<Date>`now()` })
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .execute()
}
