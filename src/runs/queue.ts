import type { Transaction } from 'kysely'
import { fromKysely, type Job, PgBoss } from 'pg-boss'
import type { DB } from '../../db/types.ts'

const QUEUE = 'runs'
const DEAD = 'runs-dead'

/** A worker that sends no sign of life for this long has lost its runs; the watch looks every {@link WATCH_SECONDS}. */
const HEARTBEAT_SECONDS = 15
const WATCH_SECONDS = 10
/** How often a run is taken over from workers that died under it, before it is given up. */
const MOST_TAKEOVERS = 3
const BATCH = 25
const LONGEST_RUN_SECONDS = 15 * 60

export type RunJob = { runId: string; organizationId: string; startAfter?: Date }

type JobData = { run_id: string; organization_id: string }

/** What a worker does with a job. Resolves when the run has its result; rejects only when the database is away. */
export type RunHandler = (job: { runId: string; organizationId: string; signal: AbortSignal }) => Promise<void>

export type RunQueue = {
  /** Queues runs in the transaction that writes their rows: both are there, or neither. */
  send(trx: Transaction<DB>, jobs: readonly RunJob[]): Promise<void>
  /**
   * Takes jobs from now on, `concurrency` at a time, and no more than a quarter of them for one organization, so that the
   * flood of one does not starve another.
   *
   * @param onDead is given the run of a job that killed every worker that took it.
   */
  work(concurrency: number, handler: RunHandler, onDead: RunHandler): Promise<void>
  /** Takes nothing more, and waits for what is under way. */
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
  const boss = new PgBoss({
    connectionString: url,
    application_name: 'hyperspeed',
    max: 4,
    schedule: false,
    supervise: options.isWorker,
    useListenNotify: options.isWorker,
    superviseIntervalSeconds: WATCH_SECONDS,
    monitorIntervalSeconds: WATCH_SECONDS,
  })
  boss.on('error', options.onError)
  await boss.start()
  await boss.createQueue(DEAD)
  await boss.createQueue(QUEUE, {
    notify: true,
    deadLetter: DEAD,
    retryLimit: MOST_TAKEOVERS,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    expireInSeconds: LONGEST_RUN_SECONDS,
    deleteAfterSeconds: 3600,
  })
  return {
    async send(trx, jobs) {
      const inserts = jobs.map(({ runId, organizationId, startAfter }) => ({
        data: { run_id: runId, organization_id: organizationId },
        group: { id: organizationId },
        ...(startAfter ? { startAfter } : {}),
      }))
      await boss.insert(QUEUE, inserts, { db: fromKysely(trx) })
    },
    async work(concurrency, handler, onDead) {
      const each = (take: RunHandler) => (jobs: Job<JobData>[]) => Promise.all(jobs.map((job) => take(unpack(job))))
      // Some fetchers with a batch each: one fetch for each job would be the bottleneck, and one batch for all would let
      // a slow run hold up the next fetch.
      const fetchers = Math.max(1, Math.floor(concurrency / BATCH))
      const options = {
        localConcurrency: fetchers,
        batchSize: BATCH,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: 1,
        groupConcurrency: Math.ceil(concurrency / 2),
      }
      await boss.work<JobData>(QUEUE, options, each(handler))
      await boss.work<JobData>(DEAD, each(onDead))
    },
    stop: () => boss.stop({ graceful: true, timeout: 5000 }),
  }
}

function unpack({ data, signal }: Job<JobData>) {
  return { runId: data.run_id, organizationId: data.organization_id, signal }
}
