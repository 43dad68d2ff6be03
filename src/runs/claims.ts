import { setTimeout as wait } from 'node:timers/promises'
import type { Job, PgBoss } from 'pg-boss'
import { gather } from '../../db/gather.ts'
import { createBell } from '../bell.ts'

/** Jobs whose time comes later, and what other processes leave, wake nobody. */
const LOOK_EVERY_MS = 1000
/** While something is under way, a little later one look fetches for several: each look costs Postgres as much as several runs do. */
const LITTLE_MS = 20
const MAX_TOGETHER = 400
/** What is still under way so long after a stop is told to end, and then has {@link LAST_WORDS_MS} to write that it did. */
const GRACE_MS = 5000
const LAST_WORDS_MS = 1000
/** Longer than one look may take, and the pause after it: whoever has not looked for so long hangs, or the database does. */
const ALIVE_WITHIN_MS = 15_000

export type ClaimOptions<D> = {
  boss: Pick<PgBoss, 'fetch' | 'complete' | 'fail' | 'touch'>
  queue: string
  /** Jobs under way at once, here. */
  concurrency: number
  /** Jobs under way at once of one group, in all processes together; those of a tier while there are not so many of its group. */
  perGroup: number | { default: number; tiers: Record<string, number> }
  heartbeatSeconds: number
  graceMs?: number
  /** Rejects only when the job must be given to another. The signal is aborted once this process has lost the job. */
  take: (data: D, signal: AbortSignal) => Promise<void>
  onError: (error: Error) => void
}

export type Claims = {
  /** Looks now: there is something to take. */
  wake(): void
  /** Whether the queue has been looked at lately. */
  isAlive(): boolean
  /** Takes nothing more, waits for what is under way, and in the end aborts it. */
  stop(): Promise<void>
}

/**
 * Takes jobs for as many hands as are free, and each job ends by itself: pg-boss's own workers take a batch and wait for its
 * slowest before they take the next, and once a batch was not full they sleep although more may wait (bench/README.md).
 */
export function startClaiming<D>(options: ClaimOptions<D>): Claims {
  const { boss, queue, concurrency, take, onError, graceMs = GRACE_MS } = options
  const held = new Map<string, { job: Job<D>; controller: AbortController }>()
  const underWay = new Set<Promise<void>>()
  const bell = createBell()
  let isStopped = false
  let lookedAt = performance.now()

  const complete = gather<Job<D>, undefined>(
    async (jobs) => {
      await boss.complete(queue, [...jobs])
      return jobs.map(() => undefined)
    },
    { most: MAX_TOGETHER },
  )
  const run = async (job: Job<D>): Promise<void> => {
    const controller = new AbortController()
    held.set(job.id, { job, controller })
    try {
      await take(job.data, controller.signal)
      await complete(job)
    } catch (error) {
      // Where this can't be said either, the missing heartbeat says it.
      await boss.fail(queue, job, { message: toError(error).message }).catch(onError)
      onError(toError(error))
    }
    held.delete(job.id)
    bell.ring()
  }
  const notNow = (error: unknown): undefined => {
    onError(toError(error))
  }
  const look = async (): Promise<void> => {
    while (!isStopped) {
      const jobs = await fetch(options, concurrency - held.size).catch(notNow)
      if (jobs !== undefined) lookedAt = performance.now()
      for (const job of jobs ?? []) {
        const running = run(job).finally(() => underWay.delete(running))
        underWay.add(running)
      }
      await bell.wait(LOOK_EVERY_MS)
      if (!isStopped && held.size > 0) await wait(LITTLE_MS)
    }
  }
  const looking = look()
  const stopHeartbeat = startHeartbeat(options, held)
  return {
    wake: bell.ring,
    isAlive: () => performance.now() - lookedAt < ALIVE_WITHIN_MS,
    async stop() {
      isStopped = true
      bell.ring()
      // What a look still brings belongs to what is under way, but one that hangs is not waited for.
      const all = async () => {
        await looking
        await Promise.all(underWay)
      }
      await Promise.race([all(), wait(graceMs, undefined, { ref: false })])
      for (const { controller } of held.values()) controller.abort(new Error('the worker was stopped'))
      await Promise.race([Promise.all(underWay), wait(LAST_WORDS_MS, undefined, { ref: false })])
      stopHeartbeat()
    },
  }
}

/**
 * Fetches as many jobs as there are free hands. Of the first that wait, pg-boss leaves out what is over the share of its group:
 * where it came back with less, others may wait behind that one's, and are looked for without it.
 */
async function fetch<D>(options: ClaimOptions<D>, free: number): Promise<Job<D>[]> {
  const { boss, queue, perGroup: groupConcurrency } = options
  const jobs: Job<D>[] = []
  const seen = new Set<string>()
  while (jobs.length < free) {
    const wanted = { batchSize: free - jobs.length, groupConcurrency, ignoreGroups: [...seen] }
    const more = await boss.fetch<D>(queue, wanted).catch((error) => {
      if (jobs.length === 0) throw error
      return [] // what was fetched before is to be taken
    })
    if (more.length === 0) break
    jobs.push(...more)
    for (const { groupId } of more) if (groupId) seen.add(groupId)
  }
  return jobs
}

/** Says for all jobs at once that they are worked on. One that is not this process's any more has its signal aborted. */
function startHeartbeat<D>(
  { boss, queue, heartbeatSeconds, onError }: ClaimOptions<D>,
  held: Map<string, { job: Job<D>; controller: AbortController }>,
): () => void {
  const beat = async (): Promise<void> => {
    const all = [...held.values()].filter(({ controller }) => !controller.signal.aborted)
    if (all.length === 0) return
    const answer = await boss.touch(
      queue,
      all.map(({ job }) => job),
    )
    const touched = 'settled' in answer && Array.isArray(answer.settled) ? new Set<unknown>(answer.settled) : undefined
    for (const { job, controller } of all)
      if (touched?.has(job.id) === false && held.has(job.id))
        controller.abort(new Error('another worker has taken this run over'))
  }
  const timer = setInterval(() => void beat().catch(onError), (heartbeatSeconds * 1000) / 3)
  return () => clearInterval(timer)
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
