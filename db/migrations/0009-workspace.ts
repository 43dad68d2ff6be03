import { type Kysely, sql } from 'kysely'

/** What clients of the workspace set and read of organizations and roles. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    alter table organizations
      add column datasets_enabled boolean not null default false,
      -- where its people mean to reach it; says nothing of where it is reached
      add column intended_public_url text`,
  sql`alter table roles add column updated_at timestamptz(3)`,
  sql`update roles set updated_at = created_at`,
  sql`alter table roles alter column updated_at set not null, alter column updated_at set default now()`,
]
