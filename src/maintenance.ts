import type { Kysely } from 'kysely'
import * as idempotencyKeys from '../db/queries/idempotency-keys.ts'
import * as sessions from '../db/queries/sessions.ts'
import type { DB } from '../db/types.ts'
import { expireProposals } from './automations/expiry.ts'

const BATCH = 500
const EVERY_MS = 60_000

/** What falls due by the clock alone, in small batches, so that nothing waits behind it. */
export async function sweep(db: Kysely<DB>): Promise<void> {
  await expireProposals(db, BATCH)
  while ((await idempotencyKeys.removeExpired(db, BATCH)) === BATCH);
  while ((await sessions.removeExpired(db, BATCH)) === BATCH);
}

/**
 * Sweeps once a minute until it is stopped. Several processes may do so on one database.
 *
 * @param onError told of a sweep that failed; the next one tries again.
 * @returns stops it, after the sweep that is under way.
 */
export function startMaintenance(db: Kysely<DB>, onError: (error: unknown) => void): () => Promise<void> {
  let underWay: Promise<void> = Promise.resolve()
  let isIdle = true
  const timer = setInterval(() => {
    if (!isIdle) return
    isIdle = false
    underWay = sweep(db)
      .catch(onError)
      .finally(() => {
        isIdle = true
      })
  }, EVERY_MS)
  return async () => {
    clearInterval(timer)
    await underWay
  }
}
