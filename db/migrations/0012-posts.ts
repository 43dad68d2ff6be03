import { type Kysely, sql } from 'kysely'

/** Effects that may be sent again for a time, and what social networks gave for credentials. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    alter table automation_runs
      -- until when what was sent may be sent again, because its receiver knows a repeat; null where it does not
      add column repeatable_until timestamptz(3)`,
  sql`
    -- What a network made of the credential of an automation: tokens that it gave for it, or that it does not accept it.
    create table social_sessions (
      id uuid primary key,
      organization_id uuid not null,
      automation_id uuid not null,
      -- of the credential
      version integer not null check (version > 0),
      -- counts the renewals: whoever renews says which one they renewed
      generation integer not null default 0,
      -- encrypted; null until the first renewal
      tokens text,
      -- whoever renews, and for how long the others wait
      lease uuid,
      leased_until timestamptz(3),
      -- when the network said that it does not accept the credential
      rejected_at timestamptz(3),
      unique (organization_id, automation_id, version),
      foreign key (organization_id, automation_id) references automations (organization_id, id) on delete cascade
    )`,
]
