import { type Kysely, sql } from 'kysely'

/**
 * Runs: each execution of an automation, and when the next one is due; and what changed in a space, for those who follow
 * it.
 */
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
        on automation_runs (organization_id, automation_id, scheduled_for) where scheduled_for is not null`,
  sql`create index automation_runs_automation_idx on automation_runs (organization_id, automation_id, id desc)`,
  sql`
    create index automation_runs_open_idx on automation_runs (organization_id, automation_id)
     where status in ('queued', 'running')`,
  sql`create index automation_runs_finished_at_idx on automation_runs (finished_at) where finished_at is not null`,
  sql`
    -- What changed in a space, kept for a day. Written by triggers, so that no statement can forget it.
    create table space_events (
      organization_id uuid not null,
      space_id uuid not null,
      -- Numbers are given before a transaction commits, so a reader that goes by id alone would pass over what commits
      -- late. In the order of transactions, what is older than every open one is complete.
      transaction_id xid8 not null default pg_current_xact_id(),
      id bigint generated always as identity,
      type text not null
        check (type in ('automation.created', 'automation.updated', 'automation.deleted', 'run.created', 'run.updated')),
      automation_id uuid not null,
      run_id uuid,
      status text not null,
      created_at timestamptz(3) not null default now(),
      primary key (organization_id, space_id, transaction_id, id)
    )`,
  sql`create index space_events_created_at_idx on space_events using brin (created_at)`,
  sql`
    create function space_events_of_automations() returns trigger language plpgsql as $$
    begin
      if tg_op = 'INSERT' then
        insert into space_events (organization_id, space_id, type, automation_id, status)
        select organization_id, space_id, 'automation.created', id, status from new_rows;
      elsif tg_op = 'DELETE' then
        insert into space_events (organization_id, space_id, type, automation_id, status)
        select organization_id, space_id, 'automation.deleted', id, status from old_rows;
      else
        -- The scheduler plans the next time of what it starts; the run of it is news enough.
        insert into space_events (organization_id, space_id, type, automation_id, status)
        select n.organization_id, n.space_id, 'automation.updated', n.id, n.status
          from new_rows n join old_rows o on o.id = n.id
         where (n.version, n.updated_at) is distinct from (o.version, o.updated_at);
      end if;
      return null;
    end $$`,
  sql`
    create trigger space_events_insert after insert on automations
      referencing new table as new_rows for each statement execute function space_events_of_automations()`,
  sql`
    create trigger space_events_update after update on automations
      referencing old table as old_rows new table as new_rows
      for each statement execute function space_events_of_automations()`,
  sql`
    create trigger space_events_delete after delete on automations
      referencing old table as old_rows for each statement execute function space_events_of_automations()`,
  sql`
    create function space_events_of_runs() returns trigger language plpgsql as $$
    begin
      insert into space_events (organization_id, space_id, type, automation_id, run_id, status)
      select organization_id, space_id, case tg_op when 'INSERT' then 'run.created' else 'run.updated' end,
             automation_id, id, status
        from new_rows;
      return null;
    end $$`,
  sql`
    create trigger space_events_insert after insert on automation_runs
      referencing new table as new_rows for each statement execute function space_events_of_runs()`,
  sql`
    create trigger space_events_update after update on automation_runs
      referencing new table as new_rows for each statement execute function space_events_of_runs()`,
]
