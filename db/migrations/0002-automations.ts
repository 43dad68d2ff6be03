import { type Kysely, sql } from 'kysely'

/**
 * Automations, and the immutable revisions that hold their content. An automation points at its current revision and,
 * while AI staff proposes a change to what runs, at a pending one beside it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    create table automations (
      id uuid primary key,
      organization_id uuid not null,
      space_id uuid not null,
      kind text not null check (kind in ('social_post', 'reverse_tunnel', 'scheduled', 'webhook')),
      status text not null check (status in ('draft', 'pending_approval', 'active', 'paused', 'rejected')),
      -- the revision that is shown and, while active, runs
      revision integer not null,
      -- the number of the newest revision, whether shown, pending or rejected
      last_revision integer not null default 1,
      -- the digest of the content that a person let run
      approved_digest text,
      -- a change that AI staff proposes to what is active or paused
      pending_revision integer,
      -- the first revision of the open proposal: without a digest, only that one can be approved
      proposal_revision integer,
      created_by_user_id uuid references users,
      created_by_service_account_id uuid,
      -- the person who answers for it: its maker, or who approved what AI staff proposed
      owner_user_id uuid references users,
      -- the latest decision of a person: whose, and on which revision
      reviewed_by_user_id uuid references users,
      reviewed_revision integer,
      reviewed_at timestamptz(3),
      rejection_reason text,
      rejection_code text,
      rejection_paths text[],
      last_run_at timestamptz(3),
      last_error text,
      oauth_token_ciphertext text,
      -- counts the credentials that this automation has had; the ciphertext is bound to it
      oauth_token_version integer not null default 0,
      -- counts every change; the entity tag is made of it
      version integer not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      unique (organization_id, id),
      foreign key (organization_id, space_id) references spaces (organization_id, id) on delete cascade,
      foreign key (organization_id, created_by_service_account_id) references service_accounts (organization_id, id),
      check (num_nonnulls(created_by_user_id, created_by_service_account_id) = 1),
      check (num_nulls(reviewed_by_user_id, reviewed_revision, reviewed_at) in (0, 3)),
      check (pending_revision is null or status in ('active', 'paused'))
    )`,
  sql`create index automations_space_idx on automations (organization_id, space_id, updated_at desc, id desc)`,
  sql`
    create index automations_pending_idx on automations (organization_id, updated_at, id)
     where status = 'pending_approval' or pending_revision is not null`,
  sql`
    create table automation_revisions (
      organization_id uuid not null,
      automation_id uuid not null,
      revision integer not null check (revision > 0),
      name text not null check (name ~ '\\S'),
      -- json, not jsonb: it comes back with its keys in the order in which they were sent
      config json not null check (json_typeof(config) = 'object'),
      description text,
      -- which of the automation's credentials it uses, never its value
      credential_version integer,
      -- SHA-256 over what takes effect: kind, name, config and credential version, as canonical JSON
      digest text not null check (digest ~ '^sha256:[0-9a-f]{64}$'),
      authored_by_user_id uuid references users,
      authored_by_service_account_id uuid,
      created_at timestamptz(3) not null default now(),
      primary key (organization_id, automation_id, revision),
      foreign key (organization_id, automation_id) references automations (organization_id, id) on delete cascade,
      foreign key (organization_id, authored_by_service_account_id) references service_accounts (organization_id, id),
      check (num_nonnulls(authored_by_user_id, authored_by_service_account_id) = 1)
    )`,
  sql`
    alter table automations
      add foreign key (organization_id, id, revision) references automation_revisions deferrable initially deferred,
      add foreign key (organization_id, id, pending_revision) references automation_revisions
        deferrable initially deferred`,
  sql`
    -- A revision is what somebody saw: it never changes, and goes only together with its automation.
    create function automation_revisions_are_immutable() returns trigger language plpgsql as $$
    begin
      if tg_op = 'DELETE' and not exists (
        select from automations where organization_id = old.organization_id and id = old.automation_id
      ) then
        return old;
      end if;
      raise exception 'a revision of an automation is immutable' using errcode = 'restrict_violation';
    end $$`,
  sql`
    create trigger automation_revisions_are_immutable before update or delete on automation_revisions
      for each row execute function automation_revisions_are_immutable()`,
  sql`
    create trigger automation_revisions_are_not_truncated before truncate on automation_revisions
      for each statement execute function automation_revisions_are_immutable()`,
  sql`
    -- The invariant that the product stands on: what is active is exactly what a person let run, and what AI staff
    -- wrote has a named reviewer, of that very revision. Checked at commit, whichever statement made it so.
    create function automations_active_is_approved() returns trigger language plpgsql as $$
    declare
      content record;
      automation record;
    begin
      select status, revision, approved_digest, created_by_service_account_id, reviewed_by_user_id, reviewed_revision
        into automation
        from automations where organization_id = new.organization_id and id = new.id;
      if not found or automation.status <> 'active' then
        return null;
      end if;
      select digest, authored_by_service_account_id into content
        from automation_revisions
       where organization_id = new.organization_id and automation_id = new.id and revision = automation.revision;
      if automation.approved_digest is distinct from content.digest then
        raise exception 'an automation is active only with the digest that was approved'
          using errcode = 'check_violation', constraint = 'automations_active_is_approved';
      end if;
      if automation.created_by_service_account_id is not null and automation.reviewed_by_user_id is null
        or content.authored_by_service_account_id is not null
           and automation.reviewed_revision is distinct from automation.revision then
        raise exception 'what a service account wrote is active only with a reviewer'
          using errcode = 'check_violation', constraint = 'automations_active_is_approved';
      end if;
      if exists (select from service_accounts where user_id = automation.reviewed_by_user_id) then
        raise exception 'a service account reviews nothing'
          using errcode = 'check_violation', constraint = 'automations_active_is_approved';
      end if;
      return null;
    end $$`,
  sql`
    create constraint trigger automations_active_is_approved
      after insert or update of status, revision, approved_digest, reviewed_by_user_id, reviewed_revision
        on automations
      deferrable initially deferred
      for each row execute function automations_active_is_approved()`,
]
