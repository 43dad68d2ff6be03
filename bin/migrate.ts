import { startQueue } from '../src/runs/queue.ts'
import { migrate as migrateDatabase, openDatabase } from './database.ts'
import { loadConfig } from './load-config.ts'

/** Brings the database up to this program, the tables of the queue included. @returns the exit code. */
export async function migrate(env: NodeJS.ProcessEnv): Promise<number> {
  const database = await openDatabase(await loadConfig(env), console.error, { attach: true })
  try {
    const ran = await migrateDatabase(database.url)
    const queue = await startQueue(database.url, { isWorker: false, onError: console.error })
    await queue.stop()
    console.log(ran.length === 0 ? 'the database is up to date' : `ran ${ran.join(', ')}`)
    return 0
  } finally {
    await database.close()
  }
}
