import { type Selectable, sql, type Transaction } from 'kysely'
import { prepared, preparedLater } from '../prepared.ts'
import type { Space } from '../space.ts'
import type { Automations, DB } from '../types.ts'
import { type FindWith, findWith } from './access.ts'
import { isOtherPolicy, POLICY_ROW, type PolicyRow } from './automation-policies.ts'
import { STANDING, type Standing } from './automation-revisions.ts'
import { PROBLEMS, type StoredProblems } from './automations.ts'

/** What {@link lock} reads, without the problems. */
const LOCKED = [
  'id',
  'kind',
  'status',
  'revision',
  'last_revision',
  'approved_digest',
  'pending_revision',
  'proposal_revision',
  'created_by_user_id',
  'created_by_service_account_id',
  'owner_user_id',
  'version',
  'is_turned_down',
] as const

/** What the rules of a change need to know of an automation. */
export type Locked = Pick<Selectable<Automations>, (typeof LOCKED)[number]> & { problems: StoredProblems }

const lockOne = prepared<{ organizationId: string; spaceId: string; id: string }, Locked>((param, db) =>
  db
    .selectFrom('automations')
    .select([...LOCKED, PROBLEMS])
    .where('organization_id', '=', param('organizationId'))
    .where('space_id', '=', param('spaceId'))
    .where('id', '=', param('id'))
    .forNoKeyUpdate(),
)

/**
 * One automation of a space, locked against every other change until the transaction ends. Its key does not change, so runs and
 * events of it can be written all the while.
 */
export async function lock(trx: Transaction<DB>, space: Space, id: string): Promise<Locked | undefined> {
  const [row] = await lockOne(trx, { organizationId: space.organizationId, spaceId: space.id, id })
  return row
}

/** Which states of the rows were read: that of the automation, and that of the policy, where there is one. */
export type Seen = { automation: string; policy: string | null }

type HoldValues = { organizationId: string; spaceId: string; id: string } & Seen

const holdOne = preparedLater<HoldValues>(
  (param) => sql`
    with held as materialized (
      select from automations
       where organization_id = ${param('organizationId')}::uuid and space_id = ${param('spaceId')}::uuid and id = ${param('id')}::uuid
         and xmin::text = ${param('automation')}
         for no key update
    )
    select case when not exists (select from held) or ${isOtherPolicy(param('organizationId'), param('policy'))}
           then changed_meanwhile() end`,
)

/**
 * Locks an automation like {@link lock}, if its row and the policy are those that were read before the transaction: nothing has written to
 * them since.
 * Otherwise the transaction fails (db/failures.ts, `isChangedMeanwhile`). Nobody waits for it (db/later.ts).
 *
 * @param seen of the rows that were read ({@link findWithAccess}).
 */
export async function hold(trx: Transaction<DB>, space: Space, id: string, seen: Seen): Promise<void> {
  await holdOne(trx, { organizationId: space.organizationId, spaceId: space.id, id, ...seen })
}

/** All that the rules of a change need to know, as it was read before the transaction of the change. */
export type LookedRow = Locked &
  PolicyRow & {
    /** In the order of their numbers. */
    revisions: Standing[]
    /** Says which state of its row this is, as `policy_seen` does of the policy. */
    seen: string
  }

type Values = { organizationId: string; spaceId: string; id: string }

/**
 * Reads an automation of a space without locking it, and the policy of its organization, together with the question whether the caller
 * may change it: what {@link lock}, `automationRevisions.listStanding` and `automationPolicies.find` read one by one.
 */
export const findWithAccess: FindWith<Values, LookedRow> = findWith<Values, LookedRow>(
  { id: 'uuid' },
  (param) => sql<LookedRow>`
    select ${sql.join([...LOCKED, 'problems'].map((name) => sql.ref(`automations.${name}`)))}, ${POLICY_ROW},
           ${STANDING} as revisions, automations.xmin::text as seen
      from automations
      left join automation_policies policy on policy.organization_id = automations.organization_id
     where automations.organization_id = ${param('organizationId')} and automations.space_id = ${param('spaceId')}
       and automations.id = ${param('id')}`,
)
