import type { Transaction } from 'kysely'
import { fromKysely, type Job, PgBoss } from 'pg-boss'
import { listen } from '../../db/listen.ts'
import * as runJobs from '../../db/queries/run-jobs.ts'
import { openQueueDatabase } from '../../db/queue-database.ts'
import type { DB } from '../../db/types.ts'
import { startClaiming } from './claims.ts'
import { createPace, type Pace } from './pace.ts'

const QUEUE = 'runs'
const DEAD = 'runs-dead'

/** What stands in a job for what Postgres puts in; the lowest priority is that of no run. */
const PLACES = { run: '{run}', organization: '{organization}', priority: -2_147_483_648, tier: '{tier}' }

/** A worker that sends no sign of life for this long has lost its runs; the watch looks every {@link WATCH_SECONDS}. */
const HEARTBEAT_SECONDS = 15
const WATCH_SECONDS = 10
/** How often a run is taken over from workers that died under it, before it is given up. */
const MAX_TAKEOVERS = 3
const MAX_RUN_SECONDS = 15 * 60
const STOP_WITHIN_MS = 1000

export type RunJob = { runId: string; organizationId: string; automationId: string; startAfter?: Date }

/** The job of a run, from its row. */
export function jobOf(row: { id: string; organization_id: string; automation_id: string }): RunJob {
  return { runId: row.id, organizationId: row.organization_id, automationId: row.automation_id }
}

type JobData = { run_id: string; organization_id: string }

/** What a worker does with a job. Resolves when the run has its result; rejects only when the database is away. */
export type RunHandler = (job: { runId: string; organizationId: string; signal: AbortSignal }) => Promise<void>

export type RunQueue = {
  /** Queues runs in the transaction that writes their rows: both are there, or neither. */
  send(trx: Transaction<DB>, jobs: readonly RunJob[]): Promise<void>
  /**
   * Queues runs in the very statement that writes their rows, which is a whole transaction in one round trip.
   *
   * @param write runs that statement with the one that queues in it, wakes the workers, and returns what was queued. `rank` gives
   * each run of an automation its place among those that wait.
   */
  sendWithin(write: (statement: runJobs.QueueStatement, rank: Pace) => Promise<readonly RunJob[]>): Promise<void>
  /**
   * Takes jobs from now on, `concurrency` at a time. All workers together give one organization half of what one of them can
   * do, so that its flood does not starve another; and the flood of one of its automations three quarters of that.
   *
   * @param onDead is given the run of a job that killed every worker that took it.
   */
  work(concurrency: number, handler: RunHandler, onDead: RunHandler): Promise<Work>
  /** Lets its connections go. */
  stop(): Promise<void>
}

export type Work = {
  /** Whether jobs are being looked for: the database answers, and nothing hangs. */
  isAlive(): boolean
  /** Takes nothing more, and waits for what is under way; what takes too long is aborted, and comes back. */
  stop(): Promise<void>
}

/**
 * The queue of runs on pg-boss, in the same Postgres. It carries ids alone: what a run is stands in its row.
 *
 * @param options `isWorker` also watches over workers that died; `onError` is told of what pg-boss can't do just now.
 */
export async function startQueue(
  url: string,
  options: { isWorker: boolean; onError: (error: Error) => void },
): Promise<RunQueue> {
  const database = openQueueDatabase(url, options.onError)
  const boss = new PgBoss({
    db: database,
    schedule: false,
    supervise: options.isWorker,
    superviseIntervalSeconds: WATCH_SECONDS,
    monitorIntervalSeconds: WATCH_SECONDS,
  })
  boss.on('error', options.onError)
  await boss.start()
  database.hasStarted()
  await boss.createQueue(DEAD)
  await boss.createQueue(QUEUE, {
    deadLetter: DEAD,
    retryLimit: MAX_TAKEOVERS,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    expireInSeconds: MAX_RUN_SECONDS,
    deleteAfterSeconds: 3600,
  })
  const rank = createPace()
  return {
    async send(trx, jobs) {
      const ranked = jobs.map((job) => toInsert(job, rank(job.automationId, job.startAfter?.getTime())))
      await boss.insert(QUEUE, ranked, { db: fromKysely(trx) })
      if (jobs.some(({ startAfter }) => startAfter === undefined)) await runJobs.wakeWorkers(trx)
    },
    async sendWithin(write) {
      // pg-boss hands its statement to the database that it is given; this one makes it a part of another.
      const executeSql = async (text: string, values: unknown[] = []) => {
        await write(toStatement(text, values), rank)
        return { rows: [] }
      }
      const job = toInsert({ runId: PLACES.run, organizationId: PLACES.organization }, PLACES)
      await boss.insert(QUEUE, [job], { db: { executeSql } })
    },
    async work(concurrency, handler, onDead) {
      const claims = startClaiming<JobData>({
        boss,
        queue: QUEUE,
        concurrency,
        perGroup: shareOf(concurrency),
        heartbeatSeconds: HEARTBEAT_SECONDS,
        take: (data, signal) => handler(unpack({ data, signal })),
        onError: options.onError,
      })
      const stopListening = listen(url, runJobs.QUEUED_CHANNEL, claims.wake, (error) =>
        options.onError(error instanceof Error ? error : new Error(String(error))),
      )
      const bury = (jobs: Job<JobData>[]) => Promise.all(jobs.map((job) => onDead(unpack(job))))
      await boss.work<JobData>(DEAD, { pollingIntervalSeconds: WATCH_SECONDS }, bury)
      return {
        isAlive: claims.isAlive,
        async stop() {
          await Promise.all([stopListening(), boss.offWork(DEAD, { wait: false }), claims.stop()])
        },
      }
    },
    async stop() {
      await boss.stop({ graceful: true, timeout: STOP_WITHIN_MS })
      await database.close()
    },
  }
}

/** Of all that one worker does at once, what runs of one organization may be. */
function shareOf(concurrency: number) {
  const all = Math.ceil(concurrency / 2)
  return { default: all, tiers: { later: Math.ceil((all * 3) / 4) } }
}

function toInsert(
  { runId, organizationId, startAfter }: Omit<RunJob, 'automationId'>,
  { priority, tier }: { priority: number; tier: string },
) {
  return {
    data: { run_id: runId, organization_id: organizationId },
    group: { id: organizationId, tier },
    priority,
    ...(startAfter ? { startAfter } : {}),
  }
}

function toStatement(text: string, [jobs, ...more]: unknown[]): runJobs.QueueStatement {
  const [head, tail, ...rest] = text.split('$1')
  const isAsBefore = typeof jobs === 'string' && tail !== undefined && rest.length + more.length === 0
  if (head === undefined || !isAsBefore) throw new Error('pg-boss queues in another way now')
  return { head, tail, job: jobs.slice(1, -1), places: { ...PLACES, priority: String(PLACES.priority) } }
}

function unpack({ data, signal }: Pick<Job<JobData>, 'data' | 'signal'>) {
  return { runId: data.run_id, organizationId: data.organization_id, signal }
}
