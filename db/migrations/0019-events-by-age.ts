import { type Kysely, sql } from 'kysely'

/**
 * Events are found by their age as runs are: one step, however many there are. An index of block ranges takes less room, and is read whole each time;
 * a new event costs the same with either (bench/README.md).
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`drop index webhook_events_received_at_idx`.execute(db)
  await sql`create index webhook_events_received_at_idx on webhook_events (received_at)`.execute(db)
}
