import { type Kysely, sql } from 'kysely'

/** Webhooks: where they come in, the secrets of automations, and the events that came. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    -- Where events for an automation come in. The id is in the URL and says nothing of what is behind it.
    create table webhooks (
      hook_id text primary key,
      organization_id uuid not null,
      automation_id uuid not null,
      unique (organization_id, automation_id),
      foreign key (organization_id, automation_id) references automations (organization_id, id) on delete cascade
    )`,
  sql`
    -- For automations that are there already. A random UUID has 122 random bits.
    insert into webhooks (hook_id, organization_id, automation_id)
    select 'wh_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), organization_id, id
      from automations
     where kind = 'webhook'`,
  sql`
    -- Secrets that an automation shares with somebody: by which it knows who sends it events, or others know its requests.
    create table automation_secrets (
      id uuid primary key,
      organization_id uuid not null,
      automation_id uuid not null,
      purpose text not null check (purpose in ('webhook', 'signing')),
      ciphertext text not null,
      -- null for the present one; the one before holds until then
      valid_until timestamptz(3),
      created_at timestamptz(3) not null default now(),
      foreign key (organization_id, automation_id) references automations (organization_id, id) on delete cascade
    )`,
  sql`
    create unique index automation_secrets_present_key on automation_secrets (organization_id, automation_id, purpose)
      where valid_until is null`,
  sql`create index automation_secrets_automation_idx on automation_secrets (organization_id, automation_id)`,
  sql`
    create table webhook_events (
      -- a UUID of version 7, made when it came in: the order of the ids is that of arrival
      id uuid not null,
      organization_id uuid not null,
      space_id uuid not null,
      automation_id uuid not null,
      -- what the sender calls it; null where it does not say
      event_key text,
      type text,
      status text not null check (status in ('accepted', 'filtered', 'ignored')),
      -- without signatures, tokens and cookies
      headers json not null,
      -- json, not jsonb: as it was sent; a string where it was no JSON
      body json,
      body_bytes integer not null,
      -- the run that it set off; that one may be gone
      run_id uuid,
      received_at timestamptz(3) not null,
      primary key (organization_id, automation_id, id),
      foreign key (organization_id, automation_id) references automations (organization_id, id) on delete cascade
    )`,
  sql`
    -- What comes again is the same event.
    create unique index webhook_events_key on webhook_events (organization_id, automation_id, event_key)
      where event_key is not null`,
  sql`
    -- Thousands of events may come in a second: what is removed by its age is found without a tree of its own.
    create index webhook_events_received_at_idx on webhook_events using brin (received_at)`,
  sql`
    -- The event that a run is for. It is removed in its own time.
    alter table automation_runs add column event_id uuid`,
]
