import { type Kysely, sql } from 'kysely'

/** What became of each proposal: the latest decision on each revision. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    create table automation_decisions (
      organization_id uuid not null,
      automation_id uuid not null,
      revision integer not null,
      outcome text not null check (outcome in ('approved', 'rejected', 'expired', 'withdrawn')),
      -- who decided, or took it back; nobody where time ran out
      decided_by_user_id uuid references users,
      decided_by_service_account_id uuid,
      decided_at timestamptz(3) not null default now(),
      reason text,
      code text,
      paths text[],
      primary key (organization_id, automation_id, revision),
      foreign key (organization_id, automation_id, revision) references automation_revisions on delete cascade,
      foreign key (organization_id, decided_by_service_account_id)
        references service_accounts (organization_id, id),
      check (num_nonnulls(decided_by_user_id, decided_by_service_account_id) = (outcome <> 'expired')::integer),
      -- the promise that the product stands on
      check (outcome not in ('approved', 'rejected') or decided_by_user_id is not null)
    )`,
  sql`create index automation_decisions_user_idx on automation_decisions (decided_by_user_id)`,
  // The audit log has told of them all along; of reasons, the automation itself knows the last one.
  sql`
    insert into automation_decisions (organization_id, automation_id, revision, outcome, decided_by_user_id, decided_at, code)
    select distinct on (log.organization_id, log.target_id, revision.revision)
           log.organization_id, log.target_id, revision.revision,
           case log.action when 'automation.approved' then 'approved' when 'automation.rejected' then 'rejected' else 'expired' end,
           users.id, log.at,
           case log.action when 'proposal.expired' then 'expired' else told.entry #>> '{details,code}' end
      from audit_log log
     cross join lateral (select log.entry::jsonb as entry) told
      join automation_revisions revision
        on revision.organization_id = log.organization_id and revision.automation_id = log.target_id
       and revision.revision::text = told.entry #>> '{details,revision}'
      left join users on users.id = log.actor_id
     where log.action in ('automation.approved', 'automation.rejected', 'proposal.expired')
       and (users.id is null) = (log.action = 'proposal.expired')
     order by log.organization_id, log.target_id, revision.revision, log.sequence desc`,
  sql`
    update automation_decisions decision
       set reason = automation.rejection_reason, code = automation.rejection_code, paths = automation.rejection_paths
      from automations automation
     where automation.organization_id = decision.organization_id and automation.id = decision.automation_id
       and decision.outcome in ('rejected', 'expired')
       and num_nonnulls(automation.rejection_reason, automation.rejection_code, automation.rejection_paths) > 0
       and not exists (
         select from automation_decisions later
          where later.organization_id = decision.organization_id and later.automation_id = decision.automation_id
            and later.decided_at > decision.decided_at)`,
]
