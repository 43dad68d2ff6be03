import { listen } from '../db/listen.ts'
import type { Config } from '../src/config.ts'
import { createExecutor, createUndertaker } from '../src/engine/executor.ts'
import { startScheduler } from '../src/engine/scheduler.ts'
import { startMaintenance } from '../src/maintenance.ts'
import type { Program } from './program.ts'

/** Runs under way in one process. Most of them wait for somebody else: a run costs memory and perhaps a socket, no thread. */
const CONCURRENCY = 1000

/**
 * Starts what runs automations: the scheduler, which starts what is due, the executor, which runs what was started, and the
 * minute's maintenance.
 *
 * @returns stops them, after what is under way. Runs that are not done go back to the queue with it.
 */
export async function startWorker(
  program: Program,
  { retentionDays }: Pick<Config, 'retentionDays'>,
): Promise<() => Promise<void>> {
  const { queue, actions, kinds, cipher } = program
  const { db, url } = program.database
  const onError = program.onError('a worker failed')
  const scheduler = startScheduler({ db, queue, kinds, now: Date.now, onError })
  const stopListening = listen(url, 'hyperspeed_due', () => scheduler.wake(), onError)
  await queue.work(
    CONCURRENCY,
    createExecutor({ db, queue, actions, kinds, cipher }),
    createUndertaker({ db, queue, kinds }),
  )
  const stopMaintenance = startMaintenance(db, { kinds, retentionDays }, onError)
  return async () => {
    await stopListening()
    await scheduler.stop()
    await stopMaintenance()
  }
}
