import { type Kysely, sql, type Transaction } from 'kysely'
import { isBehind, type Piece } from '../page.ts'
import type { DB } from '../types.ts'

export type Role = {
  id: string
  organization_id: string
  name: string
  is_system: boolean
  permissions: string[]
  created_at: Date
  updated_at: Date
}

const ROLE = ['id', 'organization_id', 'name', 'is_system', 'permissions', 'created_at', 'updated_at'] as const

/** A piece of the roles of an organization, the oldest first. */
export async function list(db: Kysely<DB>, organizationId: string, piece: Piece): Promise<Role[]> {
  return db
    .selectFrom('roles')
    .select(ROLE)
    .where('organization_id', '=', organizationId)
    .where(isBehind('created_at', 'id', piece))
    .orderBy('created_at')
    .orderBy('id')
    .limit(piece.most)
    .execute()
}

export async function find(db: Kysely<DB>, organizationId: string, id: string): Promise<Role | undefined> {
  return db
    .selectFrom('roles')
    .select(ROLE)
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst()
}

/** Those of `ids` that are roles of this organization. */
export async function listByIds(db: Kysely<DB>, organizationId: string, ids: readonly string[]): Promise<Role[]> {
  return db
    .selectFrom('roles')
    .select(ROLE)
    .where('organization_id', '=', organizationId)
    .where(sql<boolean>`id = any(${ids}::uuid[])`)
    .execute()
}

/**
 * Locks the system role Owner until the transaction ends. Whatever changes who may do what takes this lock first, so
 * that such changes come one after another in each organization, and none decides on what another is taking away.
 *
 * @returns the id of the role.
 */
export async function lockOwner(trx: Transaction<DB>, organizationId: string): Promise<string> {
  const { id } = await trx
    .selectFrom('roles')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('is_system', '=', true)
    .where('name', '=', 'Owner')
    .forUpdate()
    .executeTakeFirstOrThrow()
  return id
}

/** @throws a violation of `roles_name_key` when the organization has a role of that name. */
export async function insert(
  trx: Transaction<DB>,
  organizationId: string,
  row: { id: string; name: string; permissions: string[]; is_system?: boolean },
): Promise<Role> {
  return trx
    .insertInto('roles')
    .values({ is_system: false, ...row, organization_id: organizationId })
    .returning(ROLE)
    .executeTakeFirstOrThrow()
}

/** @throws a violation of `roles_name_key` when the organization has another role of that name. */
export async function update(
  trx: Transaction<DB>,
  organizationId: string,
  id: string,
  change: { name: string; permissions: string[] },
): Promise<Role> {
  return trx
    .updateTable('roles')
    .set({
      ...change,
      updated_at: sql<Date>`case when (name, permissions) is distinct from (${change.name}, ${change.permissions}::text[])
                              then now() else updated_at end`,
    })
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .returning(ROLE)
    .executeTakeFirstOrThrow()
}

/** Deletes a role, and takes it from its members and from the access lists of spaces. */
export async function remove(trx: Transaction<DB>, organizationId: string, id: string): Promise<void> {
  await trx.deleteFrom('roles').where('organization_id', '=', organizationId).where('id', '=', id).execute()
}
