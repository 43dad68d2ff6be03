import { type Kysely, sql } from 'kysely'

/** Events that had in their body what can't be stored. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table webhook_events
      -- whether U+FFFD stands in the body for what can't be stored
      add column body_replaced boolean not null default false`.execute(db)
}
