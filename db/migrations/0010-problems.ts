import { type Kysely, sql } from 'kysely'

/** What keeps automations from running, what was paused after it was turned down, and a policy that wants whole configs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    alter table automations
      -- what keeps the content that is shown from running, as [{path, message}]; null where nothing does
      add column problems json,
      -- the rules by which that was found; null where nobody has looked yet
      add column checked_by text,
      -- it was turned down, paused after that, and nobody has let it run since
      add column is_turned_down boolean not null default false,
      add constraint automations_turned_down_is_paused check (status = 'paused' or not is_turned_down)`,
  sql`create index automations_checked_by_idx on automations (checked_by)`,
  sql`alter table automation_policies add column require_whole_config boolean not null default false`,
]
