import { type Kysely, sql } from 'kysely'

/** Tunnels: under which name each is reached, whose agents may serve it, and where their sessions are. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    create table tunnels (
      organization_id uuid not null,
      automation_id uuid not null,
      -- By this its agents are known: a SHA-256, and the id of the value, which sessions name.
      token_id uuid,
      token_hash bytea unique,
      token_set_at timestamptz(3),
      -- by this its visitors are, where they need to be
      access_token_hash bytea,
      access_token_set_at timestamptz(3),
      -- the run that lasts while an agent is connected, and since when none is
      run_id uuid,
      alone_since timestamptz(3),
      -- since it was made
      requests bigint not null default 0,
      bytes_in bigint not null default 0,
      bytes_out bigint not null default 0,
      primary key (organization_id, automation_id),
      check ((token_id is null) = (token_hash is null)),
      foreign key (organization_id, automation_id) references automations (organization_id, id) on delete cascade
    )`,
  sql`create index tunnels_run_id_idx on tunnels (run_id) where run_id is not null`,
  sql`
    -- The first labels of the host names of tunnels, of all organizations. One that was let go is kept from others for a while.
    create table tunnel_names (
      subdomain text primary key,
      organization_id uuid not null,
      -- null once it was let go
      automation_id uuid,
      -- whether it was made here, and not asked for
      is_made boolean not null,
      freed_at timestamptz(3),
      foreign key (organization_id, automation_id) references automations (organization_id, id)
        on delete set null (automation_id),
      check ((automation_id is null) = (freed_at is not null))
    )`,
  sql`
    create unique index tunnel_names_automation_key on tunnel_names (organization_id, automation_id)
     where automation_id is not null`,
  sql`create index tunnel_names_freed_at_idx on tunnel_names (freed_at) where freed_at is not null`,
  sql`create index tunnel_names_freed_of_idx on tunnel_names (organization_id, freed_at) where freed_at is not null`,
  sql`
    -- Also where an automation goes with its space.
    create function tunnel_names_let_go() returns trigger language plpgsql as $$
    begin
      new.freed_at := now();
      perform pg_notify('hyperspeed_tunnels', old.automation_id::text);
      return new;
    end $$`,
  sql`
    create trigger tunnel_names_let_go before update on tunnel_names for each row
      when (old.automation_id is not null and new.automation_id is null) execute function tunnel_names_let_go()`,
  sql`
    -- Processes that agents and visitors come in at. One whose lease is over counts for nothing.
    create table tunnel_servers (
      id uuid primary key,
      -- where the others reach it: host:port
      address text not null,
      leased_until timestamptz(3) not null,
      started_at timestamptz(3) not null default now()
    )`,
  sql`
    create table tunnel_sessions (
      id uuid primary key,
      server_id uuid not null references tunnel_servers on delete cascade,
      organization_id uuid not null,
      automation_id uuid not null,
      -- of one agent, which keeps several sessions: made by it, and what it says of itself
      agent_id text not null,
      agent_name text,
      agent_version text,
      agent_address text not null,
      -- host:port of the service that it leads to
      target text not null,
      connected_at timestamptz(3) not null default now(),
      round_trip_ms real,
      -- null until the service behind was looked at
      is_healthy boolean,
      health_status integer,
      health_checked_at timestamptz(3),
      foreign key (organization_id, automation_id) references tunnels on delete cascade
    )`,
  sql`create index tunnel_sessions_automation_idx on tunnel_sessions (organization_id, automation_id)`,
  sql`create index tunnel_sessions_server_idx on tunnel_sessions (server_id)`,

  sql`
    insert into tunnels (organization_id, automation_id)
    select organization_id, id from automations where kind = 'reverse_tunnel'`,
  sql`
    -- Of those that wanted the same name, the oldest has it.
    insert into tunnel_names (subdomain, organization_id, automation_id, is_made)
    select distinct on (subdomain) subdomain, organization_id, id, is_made
      from (select coalesce(r.config ->> 'subdomain', 't' || substr(md5(a.id::text), 1, 15)) as subdomain,
                   a.organization_id, a.id, r.config ->> 'subdomain' is null as is_made, a.created_at
              from automations a
              join automation_revisions r
                on r.organization_id = a.organization_id and r.automation_id = a.id and r.revision = a.revision
             where a.kind = 'reverse_tunnel') wanted
     order by subdomain, created_at, id`,
  sql`
    insert into tunnel_names (subdomain, organization_id, automation_id, is_made)
    select 't' || substr(md5(t.automation_id::text), 1, 15), t.organization_id, t.automation_id, true
      from tunnels t
     where not exists (select from tunnel_names n where n.automation_id = t.automation_id)`,
]
