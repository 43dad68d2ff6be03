import { type Kysely, sql } from 'kysely'

/** Runs that wait, without a job, until those of their automation before them have ended. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    alter table automation_runs
      -- what missed its time, or is buffered: it gets its job when its turn has come
      add column awaits_turn boolean not null default false`,
  sql`
    create index automation_runs_awaiting_idx on automation_runs (organization_id, automation_id, scheduled_for)
     where awaits_turn and status = 'queued'`,
]
