import { type Kysely, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'

export type HeldRole = { id: string; permissions: string[] }

/** The roles that a member holds, in the order of their ids. */
export async function list(db: Kysely<DB>, organizationId: string, userId: string): Promise<HeldRole[]> {
  return db
    .selectFrom('member_roles')
    .innerJoin('roles', 'roles.id', 'member_roles.role_id')
    .select(['roles.id', 'roles.permissions'])
    .where('member_roles.organization_id', '=', organizationId)
    .where('member_roles.user_id', '=', userId)
    .orderBy('roles.id')
    .execute()
}

/** Gives roles of the organization to a member. */
export async function insert(
  trx: Transaction<DB>,
  organizationId: string,
  userId: string,
  roleIds: readonly string[],
): Promise<void> {
  await sql`
    insert into member_roles (organization_id, user_id, role_id)
    select ${organizationId}::uuid, ${userId}::uuid, unnest(${roleIds}::uuid[])`.execute(trx)
}

export async function remove(
  trx: Transaction<DB>,
  organizationId: string,
  userId: string,
  roleIds: readonly string[],
): Promise<void> {
  await trx
    .deleteFrom('member_roles')
    .where('organization_id', '=', organizationId)
    .where('user_id', '=', userId)
    .where(sql<boolean>`role_id = any(${roleIds}::uuid[])`)
    .execute()
}

/** Whether a person other than `userId` holds the role. Users behind service accounts have no email: they don't count. */
export async function isHeldByAnotherPerson(
  trx: Transaction<DB>,
  organizationId: string,
  roleId: string,
  userId: string,
): Promise<boolean> {
  const row = await trx
    .selectFrom('member_roles')
    .innerJoin('users', 'users.id', 'member_roles.user_id')
    .select('users.id')
    .where('member_roles.organization_id', '=', organizationId)
    .where('member_roles.role_id', '=', roleId)
    .where('member_roles.user_id', '<>', userId)
    .where('users.email', 'is not', null)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
