import type { Transaction } from 'kysely'
import * as runTurns from '../../db/queries/run-turns.ts'
import type { DB } from '../../db/types.ts'
import { jobOf, type RunQueue } from './queue.ts'

const MAX_FORGOTTEN = 100

/**
 * Queues what begins once the runs before it have ended, in the transaction that ended them. The automations are locked already
 * (db/queries/run-turns.ts).
 */
export async function passTurns(
  trx: Transaction<DB>,
  queue: Pick<RunQueue, 'send'>,
  automations: readonly runTurns.AutomationKey[],
): Promise<void> {
  if (automations.length === 0) return
  const turns = await runTurns.take(trx, automations)
  const jobs = turns.map(jobOf)
  if (jobs.length > 0) await queue.send(trx, jobs)
}

/** Passes turns that whoever ended the run before did not pass. */
export async function passForgottenTurns(trx: Transaction<DB>, queue: Pick<RunQueue, 'send'>): Promise<void> {
  await passTurns(trx, queue, await runTurns.lockForgotten(trx, MAX_FORGOTTEN))
}
