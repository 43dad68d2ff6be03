import { type Kysely, type RawBuilder, sql, type Transaction, type Updateable } from 'kysely'
import { preparedAppend, preparedByColumns } from '../prepared.ts'
import type { Space } from '../space.ts'
import type { Automations, DB } from '../types.ts'
import type { NewRevision } from './automation-revisions.ts'

/** The kind of an automation of a space; undefined where it is not there. */
export async function findKind(db: Kysely<DB>, space: Space, id: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('automations')
    .select('kind')
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.kind
}

/** Which revisions of an automation of a space are shown and wait, and of what kind it is. */
export async function findShown(db: Kysely<DB>, space: Space, id: string) {
  return db
    .selectFrom('automations')
    .select(['kind', 'revision', 'pending_revision', 'last_run_at'])
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('id', '=', id)
    .executeTakeFirst()
}

/** Whether anything but this automation that is active or paused in the organization sends to a host. */
export async function isHostKnown(
  db: Kysely<DB>,
  organizationId: string,
  host: string,
  exceptId: string,
): Promise<boolean> {
  const { rows } = await sql`
    select from automations a
      join automation_revisions r
        on r.organization_id = a.organization_id and r.automation_id = a.id and r.revision = a.revision
     where a.organization_id = ${organizationId} and a.id <> ${exceptId} and a.status in ('active', 'paused')
       and ${host} = any(r.sends_to)
     limit 1`.execute(db)
  return rows.length > 0
}

/** How many automations a space holds; from `most` on, `most`. Reads as many rows of automations_space_idx. */
export async function count(db: Kysely<DB>, space: Space, most: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from (
      select from automations where organization_id = ${space.organizationId} and space_id = ${space.id} limit ${most}
    ) counted`.execute(db)
  return rows[0]?.count ?? 0
}

/** The same, where two at once count one another: takes the space's row until the transaction ends. */
export async function countAlone(trx: Transaction<DB>, space: Space, most: number): Promise<number> {
  await sql`
    select from spaces where organization_id = ${space.organizationId} and id = ${space.id} for no key update`.execute(
    trx,
  )
  return count(trx, space, most)
}

/** What keeps what an automation shows from running; null where nothing does. */
export type StoredProblems = { path: string; message: string }[] | null

export const PROBLEMS = sql<StoredProblems>`problems`.as('problems')

/** When an automation is due next; null for never, or not now. */
export type Planned = { next_run_at: Date | null; next_planned_at: Date | null }

/** What a new row says, and its first revision. */
export type NewAutomation = Planned & {
  id: string
  kind: string
  status: string
  approved_digest: string | null
  proposal_revision: number | null
  created_by_user_id: string | null
  created_by_service_account_id: string | null
  owner_user_id: string | null
  problems: string | null
  checked_by: string
} & Pick<NewRevision, 'name' | 'config' | 'description' | 'secret_versions' | 'sends_to' | 'digest'>

const appendOne = preparedAppend<NewAutomation & { organization_id: string; space_id: string }>(
  {
    id: 'uuid',
    organization_id: 'uuid',
    space_id: 'uuid',
    kind: 'text',
    status: 'text',
    approved_digest: 'text',
    proposal_revision: 'integer',
    created_by_user_id: 'uuid',
    created_by_service_account_id: 'uuid',
    owner_user_id: 'uuid',
    problems: 'json',
    checked_by: 'text',
    next_run_at: 'timestamptz',
    next_planned_at: 'timestamptz',
    name: 'text',
    config: 'json',
    description: 'text',
    secret_versions: 'json',
    sends_to: 'text[]',
    digest: 'text',
  },
  (rows) => sql`
    with new as materialized (select * from ${rows}),
         automation as (
           insert into automations (
             id, organization_id, space_id, kind, status, revision, approved_digest, proposal_revision, created_by_user_id,
             created_by_service_account_id, owner_user_id, problems, checked_by, next_run_at, next_planned_at)
           select id, organization_id, space_id, kind, status, 1, approved_digest, proposal_revision, created_by_user_id,
                  created_by_service_account_id, owner_user_id, problems, checked_by, next_run_at, next_planned_at
             from new)
    insert into automation_revisions (
      organization_id, automation_id, revision, name, config, description, secret_versions, sends_to, digest,
      authored_by_user_id, authored_by_service_account_id)
    select organization_id, id, 1, name, config, description, secret_versions::jsonb, sends_to, digest, created_by_user_id,
           created_by_service_account_id
      from new`,
)

/** Makes an automation with its first revision, written by whoever made it. Nobody waits for it (db/later.ts). */
export async function insert(trx: Transaction<DB>, space: Space, row: NewAutomation): Promise<void> {
  await appendOne(trx, { ...row, organization_id: space.organizationId, space_id: space.id })
}

/** The columns that a change may touch: what it is, who made it, and where, stays. */
export type AutomationChange = Partial<
  Omit<
    Updateable<Automations>,
    | 'id'
    | 'organization_id'
    | 'space_id'
    | 'kind'
    | 'created_at'
    | 'created_by_user_id'
    | 'created_by_service_account_id'
    | 'version'
    | 'updated_at'
  >
>

const updateColumns = preparedByColumns<AutomationChange, { organizationId: string; spaceId: string; id: string }>(
  (columns, param, db) =>
    db
      .updateTable('automations')
      .set((eb) => ({ ...columns, version: eb('version', '+', 1), updated_at: sql<Date>`now()` }))
      .where('organization_id', '=', param('organizationId'))
      .where('space_id', '=', param('spaceId'))
      .where('id', '=', param('id')),
)

/** Changes columns of an automation, and with them its version and `updated_at`. Nobody waits for it (db/later.ts). */
export async function update(trx: Transaction<DB>, space: Space, id: string, change: AutomationChange): Promise<void> {
  const { organizationId, id: spaceId } = space
  await updateColumns(trx, { ...change, ...unplanned(change) }, { organizationId, spaceId, id })
}

/** An automation of which nobody has looked yet, by the present rules, what keeps it from running. */
export type Unchecked = { automation_id: string; organization_id: string; space_id: string }

/**
 * Takes one automation of these kinds that was looked at by other rules, or never, locked until the transaction ends. What another
 * process holds is passed over. Uses automations_checked_by_idx, so where there is none it costs nothing.
 *
 * @param except ids of automations that are passed over too.
 */
export async function claimUnchecked(
  trx: Transaction<DB>,
  kinds: readonly string[],
  rules: string,
  except: readonly string[],
): Promise<Unchecked | undefined> {
  const first = (isOther: RawBuilder<boolean>) => sql`
    select id as automation_id, organization_id, space_id
      from automations
     where ${isOther} and kind = any(${[...kinds]}::text[]) and id <> all(${[...except]}::uuid[])
     order by checked_by
     limit 1
       for no key update skip locked`
  // One after the other, each a step into the index: of all three together, Postgres reads the whole table.
  const { rows } = await sql<Unchecked>`
    with never as (${first(sql`checked_by is null`)}),
         before as (${first(sql`checked_by < ${rules}`)}),
         after as (${first(sql`checked_by > ${rules}`)})
    select * from never union all select * from before union all select * from after limit 1`.execute(trx)
  return rows[0]
}

/** Notes what keeps an automation from running, and when it is due by that. Nobody has changed it: its version stays. */
export async function noteCheck(
  trx: Transaction<DB>,
  space: Space,
  id: string,
  { problems, checked_by, ...plan }: { problems: string | null; checked_by: string } & Partial<Planned>,
): Promise<void> {
  await trx
    .updateTable('automations')
    .set({
      problems,
      checked_by,
      ...plan,
      updated_at: sql<Date>`case when problems::text is distinct from ${problems} then now() else updated_at end`,
    })
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('id', '=', id)
    .execute()
}

/** Only what is active is due. What is paused keeps the time that it would have been due for next: there the pause began. */
function unplanned({ status }: AutomationChange): AutomationChange {
  if (status === undefined || status === 'active') return {}
  return status === 'paused' ? { next_run_at: null } : { next_run_at: null, next_planned_at: null }
}

export async function remove(trx: Transaction<DB>, space: Space, id: string): Promise<void> {
  await trx
    .deleteFrom('automations')
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('id', '=', id)
    .execute()
}

/** What a run needs to know of its automation, held in place until the transaction ends, where there is one. */
export async function findForRun(db: Kysely<DB>, space: Space, id: string) {
  return db
    .selectFrom('automations')
    .select(['id', 'kind', 'status', 'revision', 'approved_digest', PROBLEMS])
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('id', '=', id)
    .forShare()
    .executeTakeFirst()
}

/** Clears the error of an automation while it is still that of its latest run, of which it turned out that there was none. */
export async function forgetError(
  trx: Transaction<DB>,
  space: Space,
  id: string,
  run: { started_at: Date | null; error_message: string | null },
): Promise<void> {
  await trx
    .updateTable('automations')
    .set({ last_error: null, consecutive_failures: 0, updated_at: sql<Date>`now()` })
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('id', '=', id)
    .where('last_run_at', '=', run.started_at)
    .where('last_error', '=', run.error_message)
    .execute()
}

/** The same as {@link countPending}, where two at once count one another: takes the account's row until the transaction ends. */
export async function countPendingAlone(
  trx: Transaction<DB>,
  organizationId: string,
  serviceAccountId: string,
): Promise<number> {
  await sql`
    select from service_accounts
     where organization_id = ${organizationId} and id = ${serviceAccountId} for no key update`.execute(trx)
  return countPending(trx, organizationId, serviceAccountId)
}

/** How many proposals of a service account wait for a person. Uses automations_pending_idx. */
export async function countPending(db: Kysely<DB>, organizationId: string, serviceAccountId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count
      from automations a
      join automation_revisions r
        on r.organization_id = a.organization_id and r.automation_id = a.id
       and r.revision = coalesce(a.pending_revision, a.revision)
     where a.organization_id = ${organizationId}
       and (a.status = 'pending_approval' or a.pending_revision is not null)
       and r.authored_by_service_account_id = ${serviceAccountId}`.execute(db)
  return rows[0]?.count ?? 0
}
