import { type Kysely, sql } from 'kysely'
import type { DB } from '../../db/types.ts'

/** Whether somebody in this database waits for somebody else's lock. */
export async function isLocked(db: Kysely<DB>): Promise<boolean> {
  const { rows } = await sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
  return rows.length > 0
}
