import { type Kysely, sql } from 'kysely'

/**
 * The database keeps no list of kinds; all secrets of automations stand in one table, and revisions name the versions that
 * they use; runs have an input, and tell when an effect that must not be repeated was sent.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`alter table automations drop constraint automations_kind_check`,
  sql`
    -- Null is every kind that the program knows.
    alter table automation_policies
      alter column kinds_allowed_for_service_accounts drop not null,
      alter column kinds_allowed_for_service_accounts drop default`,
  sql`
    update automation_policies set kinds_allowed_for_service_accounts = null
     where kinds_allowed_for_service_accounts @> '{social_post,reverse_tunnel,scheduled,webhook}'`,

  sql`alter table automation_secrets rename column purpose to slot`,
  sql`
    alter table automation_secrets
      drop constraint automation_secrets_purpose_check,
      add constraint automation_secrets_slot_check
        -- those of a person's own are named as templates name them
        check (slot in ('oauth', 'webhook', 'signing', 'tunnel') or slot ~ '^secrets\\.[a-z][a-z0-9_]{0,63}$'),
      -- counts the values of a slot; never given twice, because digests name it
      add column version integer,
      add column set_by_user_id uuid references users,
      -- null once the value is destroyed
      alter column ciphertext drop not null,
      -- to what the ciphertext is bound: this row, or the place that credentials had before there was this table, which
      -- is the automation and the version
      add column bound_to text not null default 'row' check (bound_to in ('row', 'automation'))`,
  sql`
    update automation_secrets s set version = numbered.version
      from (select id, row_number() over (partition by organization_id, automation_id, slot order by created_at, id) as version
              from automation_secrets) numbered
     where numbered.id = s.id`,
  sql`
    insert into automation_secrets (id, organization_id, automation_id, slot, version, ciphertext, bound_to, created_at)
    select gen_random_uuid(), organization_id, id, 'oauth', oauth_token_version, oauth_token_ciphertext, 'automation', updated_at
      from automations
     where oauth_token_version > 0`,
  sql`alter table automation_secrets alter column version set not null, add check (version > 0)`,
  sql`drop index automation_secrets_present_key`,
  sql`drop index automation_secrets_automation_idx`,
  sql`
    create unique index automation_secrets_version_key on automation_secrets (organization_id, automation_id, slot, version)`,
  sql`
    -- Of a secret that follows another at once there is one present value.
    create unique index automation_secrets_present_key on automation_secrets (organization_id, automation_id, slot)
      where valid_until is null and slot in ('webhook', 'signing')`,
  sql`alter table automations drop column oauth_token_ciphertext, drop column oauth_token_version`,

  sql`alter table automation_revisions disable trigger automation_revisions_are_immutable`,
  sql`
    alter table automation_revisions
      -- which version of each secret it uses, by slot; never a value
      add column secret_versions jsonb not null default '{}' check (jsonb_typeof(secret_versions) = 'object'),
      -- the revision that a change beside what runs was made from
      add column based_on integer,
      -- the hosts that it sends to, as far as they are known before anything is filled in
      add column sends_to text[] not null default '{}'`,
  sql`
    update automation_revisions set secret_versions = jsonb_build_object('oauth', credential_version)
     where credential_version is not null`,
  sql`
    update automation_revisions set sends_to = array[lower(substring(config #>> '{action,url}' from '^\\w+://([^/?#{]+)'))]
     where config #>> '{action,url}' ~ '^\\w+://[^/?#{]+([/?#]|$)'`,
  sql`alter table automation_revisions drop column credential_version`,
  sql`alter table automation_revisions enable trigger automation_revisions_are_immutable`,

  sql`
    alter table automation_runs
      -- what it was given by whoever asked for it
      add column input json,
      -- when an effect that must not be repeated was about to leave: from then on it may have happened
      add column sent_at timestamptz(3)`,
]
