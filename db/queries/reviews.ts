import { type Kysely, sql, type Transaction } from 'kysely'
import { jsonBytes } from '../bytes.ts'
import { boundedPage, type Page } from '../page.ts'
import type { DB } from '../types.ts'
import { LISTED } from './access.ts'

/** A proposal that waits, the content that runs beside it, and where and by whom. */
export type Row = {
  automation_id: string
  space_id: string
  space_name: string
  kind: string
  status: string
  revision: number
  name: string
  config: unknown
  description: string | null
  secret_versions: Record<string, number>
  /** The slots of those that have their value still. */
  present_slots: string[]
  digest: string
  /** Of what runs; null where the proposal never ran. */
  base_digest: string | null
  proposed_by_user_id: string | null
  proposed_by_service_account_id: string | null
  proposed_by_name: string
  proposed_at: Date
  /** When it ends by itself, where nobody decides before. */
  expires_at: Date
  /** The content that runs; null where the proposal never ran. */
  running: { name: string; config: unknown; description: string | null; secret_versions: Record<string, number> } | null
}

/** Who looks: they see what is in the spaces that they may enter. */
export type Viewer = { userId: string; seesEverySpace: boolean }

type Stored = Omit<Row, 'running'> & {
  running_name: string | null
  running_config: unknown
  running_description: string | null
  running_secret_versions: Record<string, number> | null
}

/** Which are asked for, by each that is given. */
export type Filter = {
  spaceId: string | null
  kind: string | null
  authorId: string | null
  automationId: string | null
}

// A change beside what runs waits since it was written; the rest, which may have been a draft for long, since it was last touched.
const EXPIRES_AT = sql<Date>`
  case when a.pending_revision is null then a.updated_at else p.created_at end
  + make_interval(days => coalesce(policy.proposal_expires_after_days, 30))`

/**
 * Proposals of an organization that wait for a person, oldest first.
 *
 * @param page `after` is the place of the last row of the page before.
 */
export async function list(
  db: Kysely<DB>,
  organizationId: string,
  viewer: Viewer,
  filter: Filter,
  page: { after: { proposedAt: string; automationId: string } | null; most: number },
): Promise<Page<Row>> {
  const { proposedAt = null, automationId = null } = page.after ?? {}
  const rows = sql<Stored>`(
    with c as (
      select ${viewer.userId}::uuid as user_id
    ), held as (
      select array_agg(mr.role_id) as role_ids
        from member_roles mr
       where mr.organization_id = ${organizationId}::uuid and mr.user_id = ${viewer.userId}::uuid
    )
    select a.id as automation_id, a.space_id, s.name as space_name, a.kind, a.status,
           p.revision, p.name, p.config, p.description, p.secret_versions, p.digest,
           array(
             select s.slot from automation_secrets s
              where s.organization_id = a.organization_id and s.automation_id = a.id and s.ciphertext is not null
                and p.secret_versions ->> s.slot = s.version::text
           ) as present_slots,
           p.authored_by_user_id as proposed_by_user_id,
           p.authored_by_service_account_id as proposed_by_service_account_id,
           coalesce(sa.name, u.display_name) as proposed_by_name,
           p.created_at as proposed_at, ${EXPIRES_AT} as expires_at,
           r.name as running_name, r.config as running_config, r.description as running_description,
           r.secret_versions as running_secret_versions, r.digest as base_digest
      from automations a
      cross join c
      cross join held
      join spaces s on s.organization_id = a.organization_id and s.id = a.space_id
      join automation_revisions p
        on p.organization_id = a.organization_id and p.automation_id = a.id
       and p.revision = coalesce(a.pending_revision, a.revision)
      left join automation_revisions r
        on a.pending_revision is not null
       and r.organization_id = a.organization_id and r.automation_id = a.id and r.revision = a.revision
      left join service_accounts sa on sa.id = p.authored_by_service_account_id
      left join users u on u.id = p.authored_by_user_id
      left join automation_policies policy on policy.organization_id = a.organization_id
     where a.organization_id = ${organizationId}::uuid
       and (a.status = 'pending_approval' or a.pending_revision is not null)
       and (${viewer.seesEverySpace}::boolean or ${LISTED})
       and (${filter.spaceId}::uuid is null or a.space_id = ${filter.spaceId}::uuid)
       and (${filter.kind}::text is null or a.kind = ${filter.kind})
       and (${filter.automationId}::uuid is null or a.id = ${filter.automationId}::uuid)
       and (${filter.authorId}::uuid is null or ${filter.authorId}::uuid in (p.authored_by_user_id, p.authored_by_service_account_id))
       and (${automationId}::uuid is null or (p.created_at, a.id) > (${proposedAt}::timestamptz, ${automationId}::uuid))
     order by p.created_at, a.id
     limit ${page.most + 1}
  )`
  const bytes = sql<number>`512 + ${jsonBytes('config')} + ${jsonBytes('running_config')}`
  const found = await boundedPage(db, rows, { most: page.most, order: sql`proposed_at, automation_id`, bytes })
  return { ...found, rows: found.rows.map(withRunning) }
}

function withRunning(row: Stored): Row {
  const {
    running_name: name,
    running_config: config,
    running_description: description,
    running_secret_versions: versions,
    ...proposed
  } = row
  const running = name === null ? null : { name, config, description, secret_versions: versions ?? {} }
  return { ...proposed, running }
}

export type Expired = { automation_id: string; organization_id: string; space_id: string; days: number }

/**
 * Takes one proposal that waited for longer than its organization's policy allows, locked until the transaction ends.
 * Several processes may look at once: what one holds, the others pass over.
 *
 * @param except ids of automations that are passed over too.
 */
export async function claimExpired(trx: Transaction<DB>, except: readonly string[]): Promise<Expired | undefined> {
  const { rows } = await sql<Expired>`
    select a.id as automation_id, a.organization_id, a.space_id, coalesce(policy.proposal_expires_after_days, 30) as days
      from automations a
      join automation_revisions p
        on p.organization_id = a.organization_id and p.automation_id = a.id
       and p.revision = coalesce(a.pending_revision, a.revision)
      left join automation_policies policy on policy.organization_id = a.organization_id
     where (a.status = 'pending_approval' or a.pending_revision is not null)
       and ${EXPIRES_AT} < now()
       and a.id <> all(${[...except]}::uuid[])
     limit 1
       for update of a skip locked`.execute(trx)
  return rows[0]
}
