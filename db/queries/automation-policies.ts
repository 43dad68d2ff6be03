import { type Kysely, type RawBuilder, type Selectable, sql, type Transaction, type Updateable } from 'kysely'
import { prepared, preparedLater } from '../prepared.ts'
import type { AutomationPolicies, DB } from '../types.ts'
import { type FindWith, findWith } from './access.ts'

export type Policy = Omit<Selectable<AutomationPolicies>, 'organization_id'>

const COLUMNS = [
  'require_digest_on_approval',
  'approver_must_differ_from_editor',
  'max_pending_per_service_account',
  'kinds_allowed_for_service_accounts',
  'proposal_expires_after_days',
  'require_whole_config',
] as const

/** The same as the defaults of the columns. Null is every kind. */
const DEFAULTS: Policy = {
  require_digest_on_approval: false,
  approver_must_differ_from_editor: false,
  max_pending_per_service_account: 50,
  kinds_allowed_for_service_accounts: null,
  proposal_expires_after_days: 30,
  require_whole_config: false,
}

const findOne = prepared<{ organizationId: string }, Policy>((param, db) =>
  db.selectFrom('automation_policies').select(COLUMNS).where('organization_id', '=', param('organizationId')),
)

/** The policy of an organization, the defaults where it never set one. */
export async function find(db: Kysely<DB>, organizationId: string): Promise<Policy> {
  const [row] = await findOne(db, { organizationId })
  return row ?? DEFAULTS
}

/** A policy as it is read together with something else; of nulls where an organization never set one. */
export type PolicyRow = Policy & {
  /** Says which state of its row this is: whatever writes to the row makes another. */
  policy_seen: string
}

/** SQL for the columns of {@link PolicyRow}, of a table that is called `policy`. */
export const POLICY_ROW = sql`
  ${sql.join(COLUMNS.map((column) => sql.ref(`policy.${column}`)))}, policy.xmin::text as policy_seen`

/** {@link find} together with the question whether the caller may do something in a space. */
export const findWithAccess: FindWith<{ organizationId: string }, PolicyRow> = findWith<
  { organizationId: string },
  PolicyRow
>(
  {},
  (param) => sql<PolicyRow>`
    select ${POLICY_ROW} from automation_policies policy where policy.organization_id = ${param('organizationId')}`,
)

/** A policy that was read before a transaction; `seen` is null where an organization never set one. */
export type KnownPolicy = { policy: Policy; seen: string | null }

/** What was read with something else. */
export function toKnownPolicy(row: { [K in keyof PolicyRow]: PolicyRow[K] | null }): KnownPolicy {
  return isSet(row) ? { policy: row, seen: row.policy_seen } : { policy: DEFAULTS, seen: null }
}

function isSet(row: { policy_seen: string | null }): row is PolicyRow {
  return row.policy_seen !== null
}

/** SQL for whether the policy of an organization is another than the one that was read. */
export function isOtherPolicy(organizationId: RawBuilder<unknown>, seen: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql<boolean>`
    (select policy.xmin::text from automation_policies policy where policy.organization_id = ${organizationId}::uuid)
    is distinct from ${seen}::text`
}

const holdOne = preparedLater<{ organizationId: string; seen: string | null }>(
  (param) =>
    sql`select case when ${isOtherPolicy(param('organizationId'), param('seen'))} then changed_meanwhile() end`,
)

/**
 * Lets a transaction fail where the policy is not the one that was read before it (db/failures.ts, `isChangedMeanwhile`). Nobody waits for
 * it (db/later.ts).
 */
export async function hold(trx: Transaction<DB>, organizationId: string, seen: string | null): Promise<void> {
  await holdOne(trx, { organizationId, seen })
}

/** Changes what is named. @returns the whole policy. */
export async function update(
  trx: Transaction<DB>,
  organizationId: string,
  change: Omit<Updateable<AutomationPolicies>, 'organization_id'>,
): Promise<Policy> {
  return trx
    .insertInto('automation_policies')
    .values({ organization_id: organizationId, ...change })
    .onConflict((conflict) =>
      conflict.column('organization_id').doUpdateSet({ organization_id: organizationId, ...change }),
    )
    .returning(COLUMNS)
    .executeTakeFirstOrThrow()
}
