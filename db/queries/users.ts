import type { Insertable, Kysely, Transaction } from 'kysely'
import type { DB, Users } from '../types.ts'

export type Account = {
  id: string
  email: string | null
  display_name: string
  password_hash: string | null
  created_at: Date
}

const ACCOUNT = ['id', 'email', 'display_name', 'password_hash', 'created_at'] as const

export async function find(db: Kysely<DB>, id: string): Promise<Account | undefined> {
  return db.selectFrom('users').select(ACCOUNT).where('id', '=', id).executeTakeFirst()
}

/** @param email in lower case. */
export async function findByEmail(db: Kysely<DB>, email: string): Promise<Account | undefined> {
  return db.selectFrom('users').select(ACCOUNT).where('email', '=', email).executeTakeFirst()
}

/** @throws a violation of `users_email_key` when the email has an account. */
export async function insert(trx: Transaction<DB>, row: Insertable<Users>): Promise<void> {
  await trx.insertInto('users').values(row).execute()
}

export async function rename(db: Kysely<DB>, id: string, displayName: string): Promise<void> {
  await db.updateTable('users').set({ display_name: displayName }).where('id', '=', id).execute()
}
