import { type Kysely, sql, type Transaction } from 'kysely'
import { isBehind, type Piece } from '../page.ts'
import type { DB } from '../types.ts'

/** Somebody who belongs to an organization: a person, or the user behind a service account. */
export type Member = {
  user_id: string
  email: string | null
  display_name: string
  role_ids: string[]
  /** Null for people. */
  service_account_id: string | null
  created_at: Date
}

/** A piece of the members of an organization, the oldest first. */
export async function list(db: Kysely<DB>, organizationId: string, piece: Piece): Promise<Member[]> {
  return db
    .selectFrom('members')
    .innerJoin('users', 'users.id', 'members.user_id')
    .leftJoin('service_accounts', (join) =>
      join
        .onRef('service_accounts.user_id', '=', 'members.user_id')
        .onRef('service_accounts.organization_id', '=', 'members.organization_id'),
    )
    .select([
      'members.user_id',
      'users.email',
      'users.display_name',
      sql<string[]>`array(
        select mr.role_id from member_roles mr
         where mr.organization_id = members.organization_id and mr.user_id = members.user_id
         order by mr.role_id
      )`.as('role_ids'),
      'service_accounts.id as service_account_id',
      'members.created_at',
    ])
    .where('members.organization_id', '=', organizationId)
    .where(isBehind('members.created_at', 'members.user_id', piece))
    .orderBy('members.created_at')
    .orderBy('members.user_id')
    .limit(piece.most)
    .execute()
}

/** The organizations that somebody belongs to, in the order of their ids. */
export async function listOrganizationIds(db: Kysely<DB>, userId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('members')
    .select('organization_id')
    .where('user_id', '=', userId)
    .orderBy('organization_id')
    .execute()
  return rows.map((row) => row.organization_id)
}

/** Whether somebody is a member, and as which service account, if any. */
export async function find(
  db: Kysely<DB>,
  organizationId: string,
  userId: string,
): Promise<{ user_id: string; service_account_id: string | null } | undefined> {
  return db
    .selectFrom('members')
    .leftJoin('service_accounts', 'service_accounts.user_id', 'members.user_id')
    .select(['members.user_id', 'service_accounts.id as service_account_id'])
    .where('members.organization_id', '=', organizationId)
    .where('members.user_id', '=', userId)
    .executeTakeFirst()
}

/** Makes a user a member, without roles. @returns false when the user is one already. */
export async function insert(trx: Transaction<DB>, organizationId: string, userId: string): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('members')
    .values({ organization_id: organizationId, user_id: userId })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** Ends a membership, and with it every role that hung on it. */
export async function remove(trx: Transaction<DB>, organizationId: string, userId: string): Promise<void> {
  await trx.deleteFrom('members').where('organization_id', '=', organizationId).where('user_id', '=', userId).execute()
}
