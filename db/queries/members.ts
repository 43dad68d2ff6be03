import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import { isBehind, type Piece } from '../page.ts'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'
import { LISTED } from './access.ts'

/** Somebody who belongs to an organization: a person, or the user behind a service account. */
export type Member = {
  organization_id: string
  user_id: string
  email: string | null
  display_name: string
  role_ids: string[]
  role: 'admin' | 'member'
  is_service_account: boolean
  /** Null for people. */
  service_account_id: string | null
  last_seen_at: Date | null
  created_at: Date
}

/** A piece of the members of an organization, the oldest first. */
export async function list(db: Kysely<DB>, organizationId: string, piece: Piece): Promise<Member[]> {
  return read(db, organizationId, piece, sql`true`)
}

/** A piece of those members who may enter a space, the oldest first. @param enterEverySpace permissions that let in everywhere. */
export async function listOfSpace(
  db: Kysely<DB>,
  { organizationId, id }: Space,
  enterEverySpace: readonly string[],
  piece: Piece,
): Promise<Member[]> {
  const mayEnter = sql<boolean>`(
    held.permissions && ${enterEverySpace}::text[]
    or exists (select from spaces s cross join (select m.user_id) as c
                where s.organization_id = m.organization_id and s.id = ${id}::uuid and ${LISTED})
  )`
  return read(db, organizationId, piece, mayEnter)
}

async function read(
  db: Kysely<DB>,
  organizationId: string,
  piece: Piece,
  isWanted: RawBuilder<unknown>,
): Promise<Member[]> {
  const { rows } = await sql<Member>`
    select m.organization_id, m.user_id, u.email, u.display_name, coalesce(held.role_ids, '{}') as role_ids,
           case when held.is_owner then 'admin' else 'member' end as role,
           sa.id is not null as is_service_account, sa.id as service_account_id,
           case when sa.id is null then (
             select max(t.created_at) from sessions x join refresh_tokens t on t.session_id = x.id where x.user_id = m.user_id
           ) else sa.last_used_at end as last_seen_at,
           m.created_at
      from members m
      join users u on u.id = m.user_id
      left join service_accounts sa on sa.user_id = m.user_id and sa.organization_id = m.organization_id
      cross join lateral (
        select array_agg(r.id order by r.id) as role_ids, bool_or(r.is_system) as is_owner,
               string_to_array(string_agg(array_to_string(r.permissions, ' '), ' '), ' ') as permissions
          from member_roles mr
          join roles r on r.organization_id = mr.organization_id and r.id = mr.role_id
         where mr.organization_id = m.organization_id and mr.user_id = m.user_id
      ) held
     where m.organization_id = ${organizationId}::uuid and ${isWanted} and ${isBehind('m.created_at', 'm.user_id', piece)}
     order by m.created_at, m.user_id
     limit ${piece.most}`.execute(db)
  return rows
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
