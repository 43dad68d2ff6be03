import { type Kysely, type Selectable, sql, type Transaction, type Updateable } from 'kysely'
import { prepared } from '../prepared.ts'
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
export type PolicyRow = Policy & { is_set: true }

/** SQL for the columns of {@link PolicyRow}, of a table that is called `policy`. */
export const POLICY_ROW = sql`
  ${sql.join(COLUMNS.map((column) => sql.ref(`policy.${column}`)))}, policy.organization_id is not null as is_set`

/** {@link find} together with the question whether the caller may do something in a space. */
export const findWithAccess: FindWith<{ organizationId: string }, PolicyRow> = findWith(
  (param) => sql<PolicyRow>`
    select ${POLICY_ROW} from automation_policies policy where policy.organization_id = ${param('organizationId')}`,
)

/** What was read with something else. */
export function toPolicy(row: { [K in keyof PolicyRow]: PolicyRow[K] | null }): Policy {
  return isSet(row) ? row : DEFAULTS
}

function isSet(row: { is_set: boolean | null }): row is PolicyRow {
  return row.is_set === true
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
