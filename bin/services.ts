import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDb, type Database } from '../db/client.ts'
import { type Embedded, EmbeddedPostgresError, startEmbedded } from '../db/embedded.ts'
import { isMigrated } from '../db/migrate.ts'
import { type Config, ConfigError, readConfig } from '../src/config.ts'

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

/**
 * The configuration of the environment, with secrets. Beside the embedded database they are made once and kept in
 * `DATA_DIR/secrets.env` with mode 0600; with DATABASE_URL they must be given.
 */
export async function loadConfig(env: NodeJS.ProcessEnv): Promise<ConfigWithSecrets> {
  const config = readConfig(env)
  if (config.jwtSecret && config.encryptionKeys) return { ...config, ...secretsOf(config) }
  const kept = await keptSecrets(config.dataDir)
  const complete = readConfig({ ...kept, ...env })
  return { ...complete, ...secretsOf(complete) }
}

export type ConfigWithSecrets = Config & { jwtSecret: string; encryptionKeys: NonNullable<Config['encryptionKeys']> }

function secretsOf({ jwtSecret, encryptionKeys }: Config) {
  if (jwtSecret === undefined || encryptionKeys === undefined) throw new Error('secrets are missing')
  return { jwtSecret, encryptionKeys }
}

async function keptSecrets(dataDir: string): Promise<Record<string, string>> {
  const path = join(dataDir, 'secrets.env')
  await mkdir(dataDir, { recursive: true })
  const made = {
    JWT_SECRET: randomBytes(48).toString('base64'),
    HS_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  }
  const text = Object.entries(made).map(([name, value]) => `${name}=${value}\n`)
  try {
    await writeFile(path, text.join(''), { mode: 0o600, flag: 'wx' })
    await chmod(path, 0o600)
    return made
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    const lines = (await readFile(path, 'utf8')).trim().split('\n')
    return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)))
  }
}
