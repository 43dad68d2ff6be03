import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Database } from './client.ts'
import * as identity from './migrations/0001-identity.ts'
import * as automations from './migrations/0002-automations.ts'
import * as review from './migrations/0003-review.ts'
import * as runs from './migrations/0004-runs.ts'
import * as webhooks from './migrations/0005-webhooks.ts'
import * as kindsAndSecrets from './migrations/0006-kinds-and-secrets.ts'
import * as events from './migrations/0007-events.ts'
import * as turns from './migrations/0008-runs.ts'
import * as workspace from './migrations/0009-workspace.ts'
import * as problems from './migrations/0010-problems.ts'
import * as notificationMarks from './migrations/0011-notification-marks.ts'
import * as posts from './migrations/0012-posts.ts'
import * as tunnels from './migrations/0013-tunnels.ts'
import * as decisions from './migrations/0014-decisions.ts'
import * as consoleLogins from './migrations/0015-console-logins.ts'
import * as auditSeals from './migrations/0016-audit-seals.ts'
import * as plansAtScale from './migrations/0017-plans-at-scale.ts'
import * as changedMeanwhile from './migrations/0018-changed-meanwhile.ts'
import * as eventsByAge from './migrations/0019-events-by-age.ts'
import type { DB } from './types.ts'

/** Every migration, in order. Frozen once released: a change is a new one. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-identity': identity,
  '0002-automations': automations,
  '0003-review': review,
  '0004-runs': runs,
  '0005-webhooks': webhooks,
  '0006-kinds-and-secrets': kindsAndSecrets,
  '0007-events': events,
  '0008-runs': turns,
  '0009-workspace': workspace,
  '0010-problems': problems,
  '0011-notification-marks': notificationMarks,
  '0012-posts': posts,
  '0013-tunnels': tunnels,
  '0014-decisions': decisions,
  '0015-console-logins': consoleLogins,
  '0016-audit-seals': auditSeals,
  '0017-plans-at-scale': plansAtScale,
  '0018-changed-meanwhile': changedMeanwhile,
  '0019-events-by-age': eventsByAge,
}

const LOCK = 4_711_002

/**
 * Brings the database up to this program's migrations, all in one transaction. Safe when several processes start at once:
 * the transaction holds an advisory lock, and the others then find nothing to do.
 *
 * @returns the names of the migrations that this call ran.
 * @throws what Postgres said, and where the database was migrated by a newer program than this.
 */
export async function migrate(db: Database): Promise<string[]> {
  const results = await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(trx)
    const { error, results = [] } = await migrator(trx).migrateToLatest()
    if (error !== undefined) throw error
    return results
  })
  return results.filter((result) => result.status === 'Success').map((result) => result.migrationName)
}

/** Whether every migration of this program has run on the database. */
export async function isMigrated(db: Database): Promise<boolean> {
  const migrations = await migrator(db).getMigrations()
  return migrations.every((migration) => migration.executedAt !== undefined)
}

function migrator(db: Kysely<DB>): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
}
