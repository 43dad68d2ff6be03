import { type Migration, Migrator } from 'kysely/migration'
import type { Database } from './client.ts'
import * as identity from './migrations/0001-identity.ts'
import * as automations from './migrations/0002-automations.ts'
import * as review from './migrations/0003-review.ts'
import * as runs from './migrations/0004-runs.ts'

/** Every migration, in order. Frozen once released: a change is a new one. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-identity': identity,
  '0002-automations': automations,
  '0003-review': review,
  '0004-runs': runs,
}

/**
 * Brings the database up to this program's migrations, each in the one transaction of the run. Safe when several
 * processes start at once: Kysely's migrator holds an advisory lock, and the others then find nothing to do.
 *
 * @returns the names of the migrations that this call ran.
 * @throws what Postgres said, and where the database was migrated by a newer program than this.
 */
export async function migrate(db: Database): Promise<string[]> {
  const { error, results = [] } = await migrator(db).migrateToLatest()
  if (error !== undefined) throw error
  return results.filter((result) => result.status === 'Success').map((result) => result.migrationName)
}

/** Whether every migration of this program has run on the database. */
export async function isMigrated(db: Database): Promise<boolean> {
  const migrations = await migrator(db).getMigrations()
  return migrations.every((migration) => migration.executedAt !== undefined)
}

function migrator(db: Database): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
}
