import { createDb, type Database } from '../db/client.ts'
import { type Embedded, EmbeddedPostgresError, startEmbedded } from '../db/embedded.ts'
import { isMigrated } from '../db/migrate.ts'
import { type Config, ConfigError } from '../src/config.ts'

/** A database to work on, and how to let it go. */
export type OpenedDatabase = { db: Database; url: string; embedded: boolean; close(): Promise<void> }

/**
 * Opens the database of the configuration: the server of DATABASE_URL, or the embedded Postgres.
 *
 * @param options `attach` goes beside a server that runs on the embedded Postgres, where one does.
 * @param onError told of connections that break; they are replaced by themselves.
 */
export async function openDatabase(
  config: Config,
  onError: (error: unknown) => void,
  options: { attach?: boolean } = {},
): Promise<OpenedDatabase> {
  if (config.databaseUrl !== undefined) {
    const db = createDb(config.databaseUrl, { onError })
    return { db, url: config.databaseUrl, embedded: false, close: () => db.destroy() }
  }
  const postgres = options.attach
    ? await attachOrStart(config.dataDir)
    : await startEmbedded(config.dataDir, { onError })
  const db = createDb(postgres.url, { onError })
  return {
    db,
    url: postgres.url,
    embedded: true,
    async close() {
      await db.destroy()
      await postgres.stop()
    },
  }
}

/**
 * The same for a command that works on what is there.
 *
 * @throws ConfigError where the database is not migrated.
 */
export async function openMigrated(config: Config): Promise<OpenedDatabase> {
  const database = await openDatabase(config, console.error, { attach: true })
  try {
    if (await isMigrated(database.db)) return database
    throw new ConfigError('the database is behind this program: run hyperspeed migrate first')
  } catch (error) {
    await database.close()
    throw error
  }
}

async function attachOrStart(dataDir: string): Promise<Embedded> {
  try {
    return await startEmbedded(dataDir, { attach: true })
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) return startEmbedded(dataDir)
    throw error
  }
}
