import { type Kysely, sql } from 'kysely'

/**
 * Entries of the audit log without a queue before it: they are written without a number, and get it, and their hash, in a table beside,
 * from one sealer at a time. Chains that are there go on.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`drop trigger audit_log_is_append_only on audit_log`,
  sql`alter table audit_log rename to audit_log_before`,
  sql`alter table audit_log_before rename constraint audit_log_pkey to audit_log_before_pkey`,
  ...['target', 'actor', 'action'].map((name) => sql`drop index ${sql.ref(`audit_log_${name}_idx`)}`),
  sql`
    create table audit_log (
      organization_id uuid not null,
      -- made with the entry, by the clock of the server that wrote it: the order in which the log is shown
      id uuid not null,
      -- the entry as canonical JSON, byte for byte what its hash covers
      entry text not null,
      at timestamptz(3) not null,
      action text not null,
      actor_id uuid,
      target_id uuid,
      primary key (organization_id, id)
    )`,
  sql`
    -- The chain: one seal for each entry, in the order in which they were sealed.
    create table audit_seals (
      organization_id uuid not null,
      sequence bigint not null,
      entry_id uuid not null,
      previous_hash text not null,
      -- SHA-256 of previous_hash and the entry
      hash text not null,
      primary key (organization_id, sequence),
      unique (organization_id, entry_id)
    )`,
  // The ids of what is there count up with the chain, also where a clock went back.
  sql`
    create temporary table audit_ids on commit drop as
    select organization_id, sequence,
           (lpad(to_hex((extract(epoch from max(at) over chain) * 1000)::bigint), 12, '0') || '70008'
             || lpad(to_hex(sequence), 15, '0'))::uuid as id
      from audit_log_before
    window chain as (partition by organization_id order by sequence)`,
  sql`
    insert into audit_log (organization_id, id, entry, at, action, actor_id, target_id)
    select log.organization_id, ids.id, log.entry, log.at, log.action, log.actor_id, log.target_id
      from audit_log_before log join audit_ids ids using (organization_id, sequence)
     order by log.organization_id, log.sequence`,
  sql`
    insert into audit_seals (organization_id, sequence, entry_id, previous_hash, hash)
    select log.organization_id, log.sequence, ids.id, log.previous_hash, log.hash
      from audit_log_before log join audit_ids ids using (organization_id, sequence)
     order by log.organization_id, log.sequence`,
  sql`drop table audit_log_before`,
  sql`create index audit_log_target_idx on audit_log (organization_id, target_id, id desc)`,
  sql`create index audit_log_actor_idx on audit_log (organization_id, actor_id, id desc)`,
  sql`create index audit_log_action_idx on audit_log (organization_id, action, id desc)`,
  sql`
    -- What the sealer has yet to seal, so that it need not look for it. No index: it is read whole, and short.
    create table audit_unsealed (
      organization_id uuid not null,
      entry_id uuid not null
    )`,
  ...['audit_log', 'audit_seals'].map(
    (table) => sql`
      create trigger audit_log_is_append_only before update or delete or truncate on ${sql.table(table)}
        for each statement execute function audit_log_is_append_only()`,
  ),
]
