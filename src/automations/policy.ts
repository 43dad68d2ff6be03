import type { Transaction } from 'kysely'
import type { KnownPolicy, Policy } from '../../db/queries/automation-policies.ts'
import * as automationPolicies from '../../db/queries/automation-policies.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationKind } from '../../schemas/automations.ts'
import type { Actor, Space } from '../access/actor.ts'
import { ApiError } from '../errors.ts'

/** The policy for something new: as it was read before, which is held to be so still when all is sent, or else as it is. */
export async function takePolicy(
  trx: Transaction<DB>,
  organizationId: string,
  known: KnownPolicy | undefined,
): Promise<Policy> {
  if (known === undefined) return automationPolicies.find(trx, organizationId)
  await automationPolicies.hold(trx, organizationId, known.seen)
  return known.policy
}

/**
 * Lets AI staff make one more proposal of a kind, if the policy does.
 *
 * @throws ApiError `kind_not_allowed`, `pending_limit_reached`
 */
export async function requireRoomForProposal(
  trx: Transaction<DB>,
  actor: Actor,
  space: Space,
  kind: AutomationKind,
  policy: Policy,
): Promise<void> {
  if (actor.type !== 'service_account') return
  if (policy.kinds_allowed_for_service_accounts?.includes(kind) === false) throw new ApiError('kind_not_allowed')
  const pending = await automations.countPendingAlone(trx, space.organizationId, actor.id)
  if (pending >= policy.max_pending_per_service_account) throw new ApiError('pending_limit_reached')
}
