import { type Kysely, sql } from 'kysely'

/** The policy by which an organization reviews, and the audit log: append-only, each entry chained to the one before. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    -- No row means the defaults.
    create table automation_policies (
      organization_id uuid primary key references organizations on delete cascade,
      require_digest_on_approval boolean not null default false,
      approver_must_differ_from_editor boolean not null default false,
      max_pending_per_service_account integer not null default 50
        check (max_pending_per_service_account between 0 and 10000),
      kinds_allowed_for_service_accounts text[] not null
        default '{social_post,reverse_tunnel,scheduled,webhook}',
      proposal_expires_after_days integer not null default 30 check (proposal_expires_after_days between 1 and 3650)
    )`,
  sql`
    -- The end of each organization's chain. Its row is the lock under which entries are numbered.
    create table audit_heads (
      organization_id uuid primary key,
      sequence bigint not null,
      previous_hash text not null,
      hash text not null
    )`,
  sql`
    create table audit_log (
      organization_id uuid not null,
      sequence bigint not null,
      -- the entry as canonical JSON, byte for byte what the hash covers
      entry text not null,
      previous_hash text not null,
      -- SHA-256 of previous_hash and entry
      hash text not null,
      at timestamptz(3) not null,
      action text not null,
      actor_id uuid,
      target_id uuid,
      primary key (organization_id, sequence)
    )`,
  sql`create index audit_log_target_idx on audit_log (organization_id, target_id, sequence desc)`,
  sql`create index audit_log_actor_idx on audit_log (organization_id, actor_id, sequence desc)`,
  sql`create index audit_log_action_idx on audit_log (organization_id, action, sequence desc)`,
  sql`
    create function audit_log_is_append_only() returns trigger language plpgsql as $$
    begin
      raise exception 'the audit log is append-only' using errcode = 'restrict_violation';
    end $$`,
  sql`
    create trigger audit_log_is_append_only before update or delete or truncate on audit_log
      for each statement execute function audit_log_is_append_only()`,
]
