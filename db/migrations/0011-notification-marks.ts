import { type Kysely, sql } from 'kysely'

/** What a person has done with a notification. There is none of a proposal that they have not touched. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    create table notification_marks (
      organization_id uuid not null,
      user_id uuid not null,
      automation_id uuid not null,
      -- of the proposal that they saw: one that is edited after that is new to them
      revision integer not null,
      read_at timestamptz(3) not null default now(),
      -- taken out of their inbox; it waits for a decision all the same
      is_removed boolean not null,
      primary key (organization_id, user_id, automation_id),
      foreign key (organization_id, user_id) references members on delete cascade,
      foreign key (organization_id, automation_id) references automations (organization_id, id) on delete cascade
    )`,
  sql`create index notification_marks_automation_idx on notification_marks (organization_id, automation_id)`,
]
