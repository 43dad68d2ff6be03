import { type Kysely, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'

/** A login that nobody uses ends by itself. */
const IDLE_HOURS = 12

/** Whether a login of the console holds, where a statement calls it `l`. */
export const isLive = sql<boolean>`l.ends_at > now() and l.last_used_at > now() - make_interval(hours => ${sql.lit(IDLE_HOURS)})`

/** @param days after which it ends, however much it is used. */
export async function insert(
  trx: Transaction<DB>,
  login: { token_hash: Buffer; session_id: string; days: number },
): Promise<void> {
  const { token_hash, session_id, days } = login
  const ends_at = sql<Date>`now() + make_interval(days => ${days})`
  await trx.insertInto('console_logins').values({ token_hash, session_id, ends_at }).execute()
}

/** Whose a login is that still holds. */
export async function findUser(
  db: Kysely<DB>,
  tokenHash: Buffer,
): Promise<{ id: string; email: string | null; display_name: string } | undefined> {
  return db
    .selectFrom('console_logins as l')
    .innerJoin('sessions as s', 's.id', 'l.session_id')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .select(['u.id', 'u.email', 'u.display_name'])
    .where('l.token_hash', '=', tokenHash)
    .where('s.revoked_at', 'is', null)
    .where(isLive)
    .executeTakeFirst()
}

/** Notes that it was used now. */
export async function touch(db: Kysely<DB>, tokenHash: Buffer): Promise<void> {
  await db
    .updateTable('console_logins')
    .set({ last_used_at: sql<Date>`now()` })
    .where('token_hash', '=', tokenHash)
    .execute()
}

/** Removes up to `most` logins that ended a day ago or more, with their sessions. @returns how many */
export async function removeEnded(db: Kysely<DB>, most: number): Promise<number> {
  const { rows } = await sql<{ removed: number }>`
    with ended as (
      delete from sessions s
       where s.id in (select session_id from console_logins l
                       where least(l.ends_at, l.last_used_at + make_interval(hours => ${IDLE_HOURS})) <= now() - interval '1 day'
                       limit ${most} for update skip locked)
      returning s.id
    )
    select count(*)::integer as removed from ended`.execute(db)
  return rows[0]?.removed ?? 0
}
