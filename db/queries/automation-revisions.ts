import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import { jsonBytes } from '../bytes.ts'
import { isoTime } from '../json.ts'
import { later } from '../later.ts'
import { boundedPage, type Page } from '../page.ts'
import { prepared } from '../prepared.ts'
import type { Space } from '../space.ts'
import type { AutomationRevisions, DB } from '../types.ts'

const PLAIN = [
  'revision',
  'name',
  'config',
  'description',
  'based_on',
  'digest',
  'authored_by_user_id',
  'authored_by_service_account_id',
] as const

const COLUMNS = [
  ...PLAIN.map((name) => `automation_revisions.${name}` as const),
  sql<Record<string, number>>`automation_revisions.secret_versions`.as('secret_versions'),
  'automation_revisions.created_at',
] as const

/** The content of an automation at one time, who wrote it and when. Never changes. */
export type Revision = Omit<
  Selectable<AutomationRevisions>,
  'organization_id' | 'automation_id' | 'secret_versions' | 'sends_to'
> & {
  /** Which version of each secret it uses, by slot. */
  secret_versions: Record<string, number>
}

/** The same, to be read by rules, which do not ask when. */
export type Standing = Omit<Revision, 'created_at'>

/** What became of it, as the API shows it. */
export type Decision = {
  outcome: 'approved' | 'rejected' | 'expired' | 'withdrawn'
  by: string | null
  at: string
  reason: string | null
  code: string | null
  paths: string[]
}

/** A revision, and the latest decision on it. */
export type Decided = Revision & { decision: Decision | null }

/** A revision that is to be written; JSON as text. */
export type NewRevision = Required<
  Omit<Insertable<AutomationRevisions>, 'organization_id' | 'automation_id' | 'created_at'>
> & {
  config: string
  secret_versions: string
}

/** Writes a revision; its number must be new for the automation. Nobody waits for it (db/later.ts). */
export async function insert(
  trx: Transaction<DB>,
  space: Space,
  automationId: string,
  revision: NewRevision,
): Promise<void> {
  const values = { ...revision, organization_id: space.organizationId, automation_id: automationId }
  await later(trx, trx.insertInto('automation_revisions').values(values).compile())
}

/** Some revisions of an automation of a space, by number. */
export async function findMany(
  db: Kysely<DB>,
  space: Space,
  automationId: string,
  numbers: readonly number[],
): Promise<Revision[]> {
  return ofAutomation(db, space, automationId)
    .where('automation_revisions.revision', '=', sql<number>`any(${[...numbers]}::integer[])`)
    .execute()
}

const listOfStanding = prepared<{ organizationId: string; spaceId: string; automationId: string }, Revision>(
  (param, db) =>
    standing(db)
      .where('automations.organization_id', '=', param('organizationId'))
      .where('automations.space_id', '=', param('spaceId'))
      .where('automations.id', '=', param('automationId')),
)

/**
 * The revisions that an automation of a space stands on: the one that is shown, the one that waits, the first of the open proposal, and where
 * something else is shown, the first of what was let run last. In the order of their numbers.
 */
export async function listStanding(db: Kysely<DB>, space: Space, automationId: string): Promise<Standing[]> {
  return listOfStanding(db, { organizationId: space.organizationId, spaceId: space.id, automationId })
}

/** SQL for whether a row of `automation_revisions` is one that its row of `automations` stands on. All of them are found by the primary key. */
const IS_STANDING = sql<boolean>`
  automation_revisions.organization_id = automations.organization_id and automation_revisions.automation_id = automations.id
  and automation_revisions.revision = any(array[
    automations.revision, automations.pending_revision, automations.proposal_revision,
    case when exists (
      select from automation_revisions shown
       where shown.organization_id = automations.organization_id and shown.automation_id = automations.id
         and shown.revision = automations.revision and shown.digest <> automations.approved_digest)
    then (
      select min(same.revision) from automation_revisions same
       where same.organization_id = automations.organization_id and same.automation_id = automations.id
         and same.digest = automations.approved_digest)
    end])`

function standing(db: Kysely<DB>) {
  return db
    .selectFrom('automations')
    .innerJoin('automation_revisions', (join) => join.on(IS_STANDING))
    .select(COLUMNS)
    .orderBy('automation_revisions.revision')
}

/** SQL for {@link listStanding} of a row of `automations`, as an array in JSON. */
export const STANDING = sql<Standing[]>`(
  select json_agg(json_build_object(${sql.join([...PLAIN, 'secret_versions'].flatMap((name) => [sql.lit(name), sql.ref(`automation_revisions.${name}`)]))}))
    from automation_revisions where ${IS_STANDING})`

/** A revision of an automation of a space, and the latest decision on it. */
export async function findDecided(
  db: Kysely<DB>,
  space: Space,
  automationId: string,
  revision: number,
): Promise<Decided | undefined> {
  return decided(db, space, automationId).where('automation_revisions.revision', '=', revision).executeTakeFirst()
}

/** The oldest revision with a digest: what has one digest takes one effect. */
export async function findByDigest(
  db: Kysely<DB>,
  space: Space,
  automationId: string,
  digest: string,
): Promise<Revision | undefined> {
  return ofAutomation(db, space, automationId)
    .where('automation_revisions.digest', '=', digest)
    .orderBy('automation_revisions.revision')
    .limit(1)
    .executeTakeFirst()
}

/** The ids of the people and service accounts who wrote revisions of an automation, after one number and up to another. */
export async function listAuthors(
  db: Kysely<DB>,
  space: Space,
  automationId: string,
  { after, upTo }: { after: number; upTo: number },
): Promise<string[]> {
  const rows = await db
    .selectFrom('automation_revisions')
    .select(sql<string>`coalesce(authored_by_user_id, authored_by_service_account_id)`.as('author'))
    .distinct()
    .where('organization_id', '=', space.organizationId)
    .where('automation_id', '=', automationId)
    .where('revision', '>', after)
    .where('revision', '<=', upTo)
    .execute()
  return rows.map(({ author }) => author)
}

/** The newest revision that a service account wrote. */
export async function findNewestBy(
  db: Kysely<DB>,
  space: Space,
  automationId: string,
  serviceAccountId: string,
): Promise<Revision | undefined> {
  return ofAutomation(db, space, automationId)
    .where('automation_revisions.authored_by_service_account_id', '=', serviceAccountId)
    .orderBy('automation_revisions.revision', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/**
 * Revisions of an automation, newest first, with what was decided on each.
 *
 * @param page.before only those with a smaller number; null for all.
 * @param page.digest only those with it; null for all.
 */
export async function list(
  db: Kysely<DB>,
  space: Space,
  automationId: string,
  page: { before: number | null; digest: string | null; most: number },
): Promise<Page<Decided>> {
  const rows = decided(db, space, automationId)
    .where(sql<boolean>`(${page.before}::integer is null or automation_revisions.revision < ${page.before})`)
    .where(sql<boolean>`(${page.digest}::text is null or automation_revisions.digest = ${page.digest})`)
    .orderBy('automation_revisions.revision', 'desc')
    .limit(page.most + 1)
  const bytes = sql<number>`512 + ${jsonBytes('config')}`
  return boundedPage(db, rows, { most: page.most, order: sql`revision desc`, bytes })
}

/** The automation must be of the space: revisions know only their organization. */
function ofAutomation(db: Kysely<DB>, space: Space, automationId: string) {
  return db
    .selectFrom('automation_revisions')
    .innerJoin('automations', (join) =>
      join
        .onRef('automations.organization_id', '=', 'automation_revisions.organization_id')
        .onRef('automations.id', '=', 'automation_revisions.automation_id'),
    )
    .select(COLUMNS)
    .where('automation_revisions.organization_id', '=', space.organizationId)
    .where('automation_revisions.automation_id', '=', automationId)
    .where('automations.space_id', '=', space.id)
}

function decided(db: Kysely<DB>, space: Space, automationId: string) {
  return ofAutomation(db, space, automationId)
    .leftJoin('automation_decisions as decided', (join) =>
      join
        .onRef('decided.organization_id', '=', 'automation_revisions.organization_id')
        .onRef('decided.automation_id', '=', 'automation_revisions.automation_id')
        .onRef('decided.revision', '=', 'automation_revisions.revision'),
    )
    .select(
      sql<Decision | null>`
        case when decided.outcome is not null then json_build_object(
          'outcome', decided.outcome,
          'by', coalesce(decided.decided_by_user_id, decided.decided_by_service_account_id),
          'at', ${isoTime('decided.decided_at')},
          'reason', decided.reason,
          'code', decided.code,
          'paths', coalesce(to_json(decided.paths), '[]'::json)
        ) end`.as('decision'),
    )
}
