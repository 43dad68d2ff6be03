import { type Kysely, sql } from 'kysely'

/** Runs: each execution of an automation, and when the next one is due. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    alter table automations
      -- when a worker starts the next run, and the time on the schedule that this is for (without jitter)
      add column next_run_at timestamptz(3),
      add column next_planned_at timestamptz(3),
      add column consecutive_failures integer not null default 0,
      add constraint automations_planned_while_active
        check (next_run_at is null or (status = 'active' and next_planned_at is not null))`,
  sql`create index automations_next_run_at_idx on automations (next_run_at) where next_run_at is not null`,
  sql`
    create table automation_runs (
      id uuid primary key,
      organization_id uuid not null,
      space_id uuid not null,
      automation_id uuid not null,
      -- the content that it runs: that of this revision, held to this digest
      revision integer not null,
      digest text not null,
      trigger text not null check (trigger in ('schedule', 'manual', 'webhook', 'retry', 'tunnel')),
      status text not null
        check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'skipped', 'unknown')),
      -- counts the times that a worker took it; only the latest may write its end
      attempt integer not null default 0,
      scheduled_for timestamptz(3),
      -- why it runs when it does, where that is not plain
      note text,
      requested_by_user_id uuid references users,
      retry_of_run_id uuid,
      started_at timestamptz(3),
      finished_at timestamptz(3),
      error_message text,
      external_ref text,
      output json,
      created_at timestamptz(3) not null default now(),
      foreign key (organization_id, automation_id) references automations (organization_id, id) on delete cascade,
      check ((trigger = 'schedule') = (scheduled_for is not null)),
      check ((status in ('queued', 'running')) = (finished_at is null))
    )`,
  sql`
    -- What is due at one time runs once, however many schedulers see it.
    create unique index automation_runs_scheduled_for_key
        on automation_runs (organization_id, automation_id, scheduled_for)`,
  sql`create index automation_runs_automation_idx on automation_runs (organization_id, automation_id, id desc)`,
  sql`
    create index automation_runs_open_idx on automation_runs (organization_id, automation_id)
     where status in ('queued', 'running')`,
  sql`create index automation_runs_finished_at_idx on automation_runs (finished_at) where finished_at is not null`,
]
