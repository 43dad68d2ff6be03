import { createDb, type Database } from '../db/client.ts'
import { type Embedded, type EmbeddedOptions, EmbeddedPostgresError, startEmbedded } from '../db/embedded.ts'
import * as migrations from '../db/migrate.ts'
import { checkServer } from '../db/server.ts'
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
    const url = await checkServer(config.databaseUrl)
    const db = createDb(url, { onError })
    return { db, url, embedded: false, close: () => db.destroy() }
  }
  const onNotice = (line: string) => console.error(`hyperspeed: ${line}`)
  const postgres = options.attach
    ? await attachOrStart(config.dataDir, { onNotice })
    : await startEmbedded(config.dataDir, { onError, onNotice })
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
    if (await migrations.isMigrated(database.db)) return database
    throw new ConfigError('the database is behind this program: run hyperspeed migrate first')
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Bringing a large database up to this program may take long, and so may waiting for another process that does. */
const MIGRATE_WITHIN_MS = 60 * 60_000

/** Migrates a database, on connections of its own whose statements may take their time. @returns the migrations that ran. */
export async function migrate(url: string): Promise<string[]> {
  const db = createDb(url, { pipelines: 1, poolSize: 1, statementTimeout: MIGRATE_WITHIN_MS })
  try {
    return await migrations.migrate(db)
  } finally {
    await db.destroy()
  }
}

async function attachOrStart(dataDir: string, options: Pick<EmbeddedOptions, 'onNotice'>): Promise<Embedded> {
  try {
    return await startEmbedded(dataDir, { ...options, attach: true })
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) return startEmbedded(dataDir, options)
    throw error
  }
}
