import { listen } from '../db/listen.ts'
import type { Config } from '../src/config.ts'
import { createExecutor, createUndertaker } from '../src/engine/executor.ts'
import { startScheduler } from '../src/engine/scheduler.ts'
import { startMaintenance } from '../src/maintenance.ts'
import type { Work } from '../src/runs/queue.ts'
import type { Program } from './program.ts'

/** Runs under way in one process. Most of them wait for somebody else: a run costs memory and perhaps a socket, no thread. */
const CONCURRENCY = 1000

/**
 * Starts what runs automations: the scheduler, which starts what is due, the executor, which runs what was started, and the
 * minute's maintenance.
 *
 * @returns `stop` takes nothing more, hands back what has not begun, and ends after what is under way.
 */
export async function startWorker(program: Program, { retentionDays }: Pick<Config, 'retentionDays'>): Promise<Work> {
  const { queue, actions, kinds, cipher, rules } = program
  const { db, url } = program.database
  const onError = program.onError('a worker failed')
  const stopping = new AbortController()
  const scheduler = startScheduler({ db, queue, kinds, now: Date.now, onError })
  const stopListening = listen(url, 'hyperspeed_due', () => scheduler.wake(), onError)
  const execute = createExecutor({ db, queue, actions, kinds, cipher, stopping: stopping.signal })
  const work = await queue.work(CONCURRENCY, execute, createUndertaker({ db, queue, kinds }))
  const stopMaintenance = startMaintenance(db, { means: { actions, kinds, rules }, retentionDays }, onError)
  return {
    isAlive: work.isAlive,
    async stop() {
      stopping.abort()
      stopMaintenance()
      await Promise.all([stopListening(), scheduler.stop(), work.stop()])
    },
  }
}
