import { type Kysely, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'

/** Begins a session. */
export async function insert(trx: Transaction<DB>, id: string, userId: string): Promise<void> {
  await trx.insertInto('sessions').values({ id, user_id: userId }).execute()
}

export async function insertRefreshToken(
  trx: Transaction<DB>,
  token: { token_hash: Buffer; session_id: string; days: number },
): Promise<void> {
  const { token_hash, session_id, days } = token
  const expires_at = sql<Date>`now() + make_interval(days => ${days})`
  await trx.insertInto('refresh_tokens').values({ token_hash, session_id, expires_at }).execute()
}

/** What came of using a refresh token: the session goes on, or this use has ended it. */
type Use = { session_id: string; user_id: string; outcome: 'won' | 'reused' | 'expired' }

/**
 * Uses up a refresh token, in one statement. Within `graceSeconds` of the first use it can be used again: two tabs that share it,
 * and a client that lost its answer, both go on. Any later use ends the whole session.
 *
 * @returns the session that goes on, or the one that was ended by this very use; undefined for a token that is unknown or of a
 * session that had ended.
 */
export async function useRefreshToken(
  trx: Transaction<DB>,
  tokenHash: Buffer,
  graceSeconds: number,
): Promise<Use | undefined> {
  // Of two at once the second waits for the first, and then sees when that one used the token.
  const { rows } = await sql<Use>`
    with used as (
      update refresh_tokens t set used_at = coalesce(t.used_at, now())
        from sessions s
       where t.token_hash = ${tokenHash} and t.expires_at > now()
         and (t.used_at is null or t.used_at > now() - make_interval(secs => ${graceSeconds}))
         and s.id = t.session_id and s.revoked_at is null
      returning s.id as session_id, s.user_id, 'won' as outcome
    ), revoked as (
      update sessions s set revoked_at = now()
        from refresh_tokens t
       where t.token_hash = ${tokenHash} and s.id = t.session_id and s.revoked_at is null
         and not exists (select from used)
      returning s.id as session_id, s.user_id,
                case when t.used_at is not null or t.expires_at > now() then 'reused' else 'expired' end as outcome
    )
    select session_id, user_id, outcome from used
     union all
    select session_id, user_id, outcome from revoked`.execute(trx)
  return rows[0]
}

/**
 * Ends the session of a refresh token, used up or not, or of a login of the console.
 *
 * @param holder the table that has the hash.
 * @returns whose it was; undefined where none was ended.
 */
export async function revoke(
  trx: Transaction<DB>,
  holder: 'refresh_tokens' | 'console_logins',
  tokenHash: Buffer,
): Promise<{ session_id: string; user_id: string } | undefined> {
  const { rows } = await sql<{ session_id: string; user_id: string }>`
    update sessions s set revoked_at = now()
      from ${sql.table(holder)} h
     where h.token_hash = ${tokenHash} and s.id = h.session_id and s.revoked_at is null
    returning s.id as session_id, s.user_id`.execute(trx)
  return rows[0]
}

/**
 * Removes up to `most` refresh tokens that expired a day ago or more, and the sessions that have no other. In a day, because then
 * nobody is just using one.
 *
 * @returns how many tokens it removed.
 */
export async function removeExpired(db: Kysely<DB>, most: number): Promise<number> {
  const isOver = sql`t.expires_at <= now() - interval '1 day'`
  const { rows } = await sql<{ removed: number }>`
    with removed as (
      delete from refresh_tokens
       where token_hash in (
             select token_hash from refresh_tokens t where ${isOver} limit ${most} for update skip locked)
      returning session_id
    ), ended as (
      delete from sessions s
       where s.id in (select session_id from removed)
         and not exists (select from refresh_tokens t where t.session_id = s.id and not ${isOver})
    )
    select count(*)::integer as removed from removed`.execute(db)
  return rows[0]?.removed ?? 0
}
