import { type Kysely, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'

export type StoredAnswer = { request_hash: Buffer; status: number; response: string }

/**
 * Takes the key for this transaction alone: an advisory lock on the first 8 bytes of its id, gone with the
 * transaction, also when the process is killed.
 *
 * @returns false when another transaction holds it: the first request is still in flight.
 */
export async function lock(trx: Transaction<DB>, id: Buffer): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(${id.readBigInt64BE().toString()}::bigint) as locked`.execute(trx)
  return rows[0]?.locked === true
}

/** The first answer under this key, while it is kept. */
export async function find(db: Kysely<DB>, id: Buffer): Promise<StoredAnswer | undefined> {
  return db
    .selectFrom('idempotency_keys')
    .select(['request_hash', 'status', 'response'])
    .where('id', '=', id)
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst()
}

/** Keeps an answer for `hours`, in the place of an expired one. */
export async function insert(trx: Transaction<DB>, id: Buffer, answer: StoredAnswer, hours: number): Promise<void> {
  const expires_at = sql<Date>`now() + make_interval(hours => ${hours})`
  await trx
    .insertInto('idempotency_keys')
    .values({ id, ...answer, expires_at })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...answer, expires_at }))
    .execute()
}

/** Removes up to `most` expired answers. @returns how many it removed. */
export async function removeExpired(db: Kysely<DB>, most: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('idempotency_keys')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('idempotency_keys')
        .select('id')
        .where('expires_at', '<=', sql<Date>`now()`)
        .limit(most)
        .forUpdate()
        .skipLocked(),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}
