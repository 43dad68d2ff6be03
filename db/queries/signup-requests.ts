import { type Kysely, sql, type Transaction } from 'kysely'
import { isBehind, type Piece } from '../page.ts'
import type { DB } from '../types.ts'

export type SignupStatus = 'pending' | 'approved' | 'denied'

export type SignupRequest = {
  id: string
  organization_id: string
  user_id: string
  email: string
  display_name: string
  status: SignupStatus
  created_at: Date
  resolved_at: Date | null
  resolved_by_user_id: string | null
}

function requests(db: Kysely<DB>, organizationId: string) {
  return db
    .selectFrom('signup_requests')
    .innerJoin('users', 'users.id', 'signup_requests.user_id')
    .select([
      'signup_requests.id',
      'signup_requests.organization_id',
      'signup_requests.user_id',
      // Only people ask to be let in, and every person has an email.
      sql<string>`users.email`.as('email'),
      'users.display_name',
      sql<SignupStatus>`signup_requests.status`.as('status'),
      'signup_requests.created_at',
      'signup_requests.decided_at as resolved_at',
      'signup_requests.decided_by as resolved_by_user_id',
    ])
    .where('signup_requests.organization_id', '=', organizationId)
}

/** A piece of those who wait to be let in, whoever has waited longest first. */
export async function listPending(db: Kysely<DB>, organizationId: string, piece: Piece): Promise<SignupRequest[]> {
  return requests(db, organizationId)
    .where('signup_requests.status', '=', 'pending')
    .where(isBehind('signup_requests.created_at', 'signup_requests.id', piece))
    .orderBy('signup_requests.created_at')
    .orderBy('signup_requests.id')
    .limit(piece.most)
    .execute()
}

export async function find(db: Kysely<DB>, organizationId: string, id: string): Promise<SignupRequest | undefined> {
  return requests(db, organizationId).where('signup_requests.id', '=', id).executeTakeFirst()
}

/** What somebody waits for, the oldest request first; undefined for nothing. */
export async function findPending(
  db: Kysely<DB>,
  userId: string,
): Promise<{ id: string; organization_id: string } | undefined> {
  return db
    .selectFrom('signup_requests')
    .select(['id', 'organization_id'])
    .where('user_id', '=', userId)
    .where('status', '=', 'pending')
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst()
}

/** Whether somebody waits to be let in anywhere. */
export async function isPending(db: Kysely<DB>, userId: string): Promise<boolean> {
  return (await findPending(db, userId)) !== undefined
}

export async function insert(
  trx: Transaction<DB>,
  organizationId: string,
  row: { id: string; user_id: string },
): Promise<void> {
  await trx
    .insertInto('signup_requests')
    .values({ ...row, organization_id: organizationId })
    .execute()
}

type Decision = { status: 'approved' | 'denied'; decided_by: string }

/** Decides a pending request: of many decisions at once exactly one is made. @returns whether this one was. */
export async function claim(
  trx: Transaction<DB>,
  organizationId: string,
  id: string,
  decision: Decision,
): Promise<boolean> {
  const row = await trx
    .updateTable('signup_requests')
    .set({ ...decision, decided_at: sql<Date>`now()` })
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Decides the pending request of somebody. @returns its id; undefined where there is none. */
export async function updateOf(
  trx: Transaction<DB>,
  organizationId: string,
  userId: string,
  decision: Decision,
): Promise<string | undefined> {
  const row = await trx
    .updateTable('signup_requests')
    .set({ ...decision, decided_at: sql<Date>`now()` })
    .where('organization_id', '=', organizationId)
    .where('user_id', '=', userId)
    .where('status', '=', 'pending')
    .returning('id')
    .executeTakeFirst()
  return row?.id
}
