import { sql } from 'kysely'
import { type FindWith, findWith } from './access.ts'
import { POLICY_ROW, type PolicyRow } from './automation-policies.ts'
import { STANDING, type Standing } from './automation-revisions.ts'
import { LOCKED, type Locked } from './automations.ts'

/** All that the rules of a change need to know, as it was read before the transaction of the change. */
export type LookedRow = Locked &
  PolicyRow & {
    /** In the order of their numbers. */
    revisions: Standing[]
    /** Says which state of its row this is: whatever writes to the row makes another. */
    seen: string
  }

type Values = { organizationId: string; spaceId: string; id: string }

/**
 * Reads an automation of a space without locking it, and the policy of its organization, together with the question whether the caller
 * may change it: what `automations.lock`, `automationRevisions.listStanding` and `automationPolicies.find` read one by one.
 */
export const findWithAccess: FindWith<Values, LookedRow> = findWith<Values, LookedRow>(
  (param) => sql<LookedRow>`
    select ${sql.join([...LOCKED, 'problems'].map((name) => sql.ref(`automations.${name}`)))}, ${POLICY_ROW},
           ${STANDING} as revisions, automations.xmin::text as seen
      from automations
      left join automation_policies policy on policy.organization_id = automations.organization_id
     where automations.organization_id = ${param('organizationId')} and automations.space_id = ${param('spaceId')}
       and automations.id = ${param('id')}`,
)
