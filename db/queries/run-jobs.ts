import { type RawBuilder, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'

// What stands in our own statements of the jobs that pg-boss keeps.

/** The channel on which workers hear that there is something to take. */
export const QUEUED_CHANNEL = 'hyperspeed_queued'

/** Wakes workers once this transaction commits, once however often it is asked for. */
export async function wakeWorkers(trx: Transaction<DB>): Promise<void> {
  await sql`select pg_notify(${sql.lit(QUEUED_CHANNEL)}, '')`.execute(trx)
}

/**
 * A statement that queues jobs, in two parts: between them belongs a JSON array of jobs, as a text. `job` is the JSON of one in
 * which `places` stand for what differs.
 */
export type QueueStatement = {
  head: string
  tail: string
  job: string
  places: { run: string; organization: string; priority: string; tier: string }
}

/**
 * The statement that queues a job for each of some runs; `runs` has their `id` and `organization_id`, and the `priority` and
 * `tier` of the job.
 */
export function queueEach({ head, tail, job, places }: QueueStatement, runs: RawBuilder<unknown>): RawBuilder<unknown> {
  const ofRun = sql`replace(replace(${job}, ${places.run}, id::text), ${places.organization}, organization_id::text)`
  const own = sql`replace(replace(${ofRun}, ${places.priority}, priority::text), ${places.tier}, tier)`
  return sql`${sql.raw(head)}(select '[' || coalesce(string_agg(${own}, ','), '') || ']' from ${runs})${sql.raw(tail)}`
}
