import type { Kysely } from 'kysely'
import { isUnavailable } from '../db/failures.ts'
import * as automationRuns from '../db/queries/automation-runs.ts'
import * as automationSecrets from '../db/queries/automation-secrets.ts'
import * as consoleLogins from '../db/queries/console-logins.ts'
import * as idempotencyKeys from '../db/queries/idempotency-keys.ts'
import * as sessions from '../db/queries/sessions.ts'
import * as spaceEvents from '../db/queries/space-events.ts'
import * as tunnelNames from '../db/queries/tunnel-names.ts'
import * as webhookEvents from '../db/queries/webhook-events.ts'
import type { DB } from '../db/types.ts'
import { expireProposals } from './automations/expiry.ts'
import type { Means } from './automations/means.ts'
import { recheck } from './automations/recheck.ts'
import { EVENTS_KEPT_MS } from './space-events.ts'

const BATCH = 500
const EVERY_MS = 60_000
const DAY_MS = 24 * 60 * 60_000

export type Upkeep = {
  /** What changes of automations need. */
  means: Pick<Means, 'actions' | 'kinds' | 'rules'>
  /** Days for which finished runs, and events of webhooks, are kept. */
  retentionDays: number
}

/**
 * What falls due by the clock alone, in small batches, so that nothing waits behind it.
 *
 * @param stopping ends it after the batch that is under way.
 * @throws what went wrong first, once all else is done; at once where the database is away.
 */
export async function sweep(
  db: Kysely<DB>,
  { means, retentionDays }: Upkeep,
  now = new Date(),
  stopping?: AbortSignal,
): Promise<void> {
  const before = (ms: number) => new Date(now.getTime() - ms)
  const kept = before(retentionDays * DAY_MS)
  const batches: (() => Promise<number>)[] = [
    () => recheck(db, means, BATCH),
    () => expireProposals(db, means.kinds, BATCH),
    () => idempotencyKeys.removeExpired(db, BATCH),
    () => sessions.removeExpired(db, BATCH),
    () => consoleLogins.removeEnded(db, BATCH),
    () => automationSecrets.destroyExpired(db, BATCH),
    () => automationRuns.removeFinished(db, kept, BATCH),
    () => tunnelNames.removeFreed(db, BATCH),
    () => webhookEvents.removeReceived(db, kept, BATCH),
    () => spaceEvents.removeOld(db, before(EVENTS_KEPT_MS), BATCH),
  ]
  const errors: unknown[] = []
  for (const batch of batches) {
    try {
      while (!stopping?.aborted && (await batch()) === BATCH);
    } catch (error) {
      errors.push(error)
      if (isUnavailable(error)) break
    }
  }
  for (const error of errors) throw error
}

/**
 * Sweeps at once, because another release may have worked here before, and then once a minute until it is stopped. Several processes may do so on one database.
 *
 * @param onError told of a sweep that failed; the next one tries again.
 * @returns stops it; what is under way ends with its batch, and nobody waits for it.
 */
export function startMaintenance(db: Kysely<DB>, upkeep: Upkeep, onError: (error: unknown) => void): () => void {
  const stopping = new AbortController()
  let isIdle = true
  const look = () => {
    if (!isIdle) return
    isIdle = false
    sweep(db, upkeep, new Date(), stopping.signal)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) onError(error)
      })
      .finally(() => {
        isIdle = true
      })
  }
  look()
  const timer = setInterval(look, EVERY_MS)
  return () => {
    clearInterval(timer)
    stopping.abort()
  }
}
