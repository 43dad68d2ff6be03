import { type Kysely, sql } from 'kysely'

/** What the console needs: sessions that go on with a cookie instead of tokens, events of a whole organization in order, and the runs of a space. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    create table console_logins (
      -- of the cookie's value, which nothing else here knows
      token_hash bytea primary key,
      session_id uuid not null unique references sessions on delete cascade,
      -- moves once a minute at the most
      last_used_at timestamptz(3) not null default now(),
      ends_at timestamptz(3) not null
    )`,
  sql`create index console_logins_ends_at_idx on console_logins (ends_at)`,
  sql`create index space_events_organization_idx on space_events (organization_id, transaction_id, id)`,
  sql`create index automation_runs_space_idx on automation_runs (organization_id, space_id, id desc)`,
]
