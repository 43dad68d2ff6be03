import type { Kysely, Transaction } from 'kysely'
import type { DB } from '../../db/types.ts'

/** An automation that a transaction has claimed, and where it is. */
type Claimed = { automation_id: string; organization_id: string; space_id: string }

/**
 * Does something to automations that need it, each in a transaction of its own. Several processes may do so at once.
 *
 * @param most how many at the most in one call.
 * @param claim locks the next one, but for those that failed; undefined where there is none.
 * @returns how many were claimed.
 * @throws what went wrong with the first that failed, once the others are done.
 */
export async function oneByOne<T extends Claimed>(
  db: Kysely<DB>,
  most: number,
  claim: (trx: Transaction<DB>, except: readonly string[]) => Promise<T | undefined>,
  work: (trx: Transaction<DB>, claimed: T) => Promise<void>,
): Promise<number> {
  const failed = new Map<string, unknown>()
  let count = 0
  for (; count < most; count++) {
    let claimed: T | undefined
    try {
      await db.transaction().execute(async (trx) => {
        claimed = await claim(trx, [...failed.keys()])
        if (claimed !== undefined) await work(trx, claimed)
      })
      if (claimed === undefined) break
    } catch (error) {
      if (claimed === undefined) throw error
      failed.set(claimed.automation_id, error)
    }
  }
  for (const error of failed.values()) throw error
  return count
}
