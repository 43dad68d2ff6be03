import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDb, type Database } from '../../db/client.ts'
import { removeEmbedded, startEmbedded } from '../../db/embedded.ts'
import { migrate } from '../../db/migrate.ts'

export type BenchDatabase = {
  db: Database
  url: string
  /** The process that all others of the server are children of. */
  pid: number
}

/**
 * Gives `work` an embedded Postgres of its own, migrated and empty, with the durability that Postgres has by default; it is
 * gone afterwards.
 *
 * @param settings of postgresql.conf.
 */
export async function withDatabase<T>(
  work: (database: BenchDatabase) => Promise<T>,
  settings: Record<string, string> = {},
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-bench-'))
  const postgres = await startEmbedded(folder, { settings })
  const db = createDb(postgres.url, { statementTimeout: 300_000 })
  const [line = ''] = (await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')
  const pid = Number(line)
  try {
    await migrate(db)
    return await work({ db, url: postgres.url, pid })
  } finally {
    await db.destroy()
    await postgres.stop()
    await removeEmbedded(folder)
  }
}
