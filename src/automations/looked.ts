import type { Transaction } from 'kysely'
import { isChangedMeanwhile } from '../../db/failures.ts'
import * as automationPolicies from '../../db/queries/automation-policies.ts'
import * as heldAutomations from '../../db/queries/held-automations.ts'
import type { DB } from '../../db/types.ts'
import type { Space } from '../access/actor.ts'
import { type Current, currentOf, lock } from './current.ts'

/**
 * An automation and its organization's policy as they were read before the transaction of a change, which holds them to be so still: then all of the change is known before
 * anything of it is sent, and it is sent as one.
 */
export type Looked = { current: Current; policy: automationPolicies.Policy; seen: heldAutomations.Seen }

/** What was read together with something else. @returns undefined where there is no such automation. */
export function toLooked(
  row: { [K in keyof heldAutomations.LookedRow]: heldAutomations.LookedRow[K] | null },
): Looked | undefined {
  if (row.id === null) return undefined
  const { revisions, seen, ...automation } = row as heldAutomations.LookedRow
  const { policy, seen: policySeen } = automationPolicies.toKnownPolicy(row)
  return { current: currentOf(automation, revisions), policy, seen: { automation: seen, policy: policySeen } }
}

/**
 * Takes an automation for a change: as it was read before, which is held to be so still when the change is sent, or else as it is,
 * locked.
 *
 * @throws ApiError `automation_not_found`
 */
export async function take(
  trx: Transaction<DB>,
  space: Space,
  id: string,
  looked: Looked | undefined,
): Promise<Pick<Looked, 'current' | 'policy'>> {
  if (looked !== undefined) {
    await heldAutomations.hold(trx, space, id, looked.seen)
    return looked
  }
  const [current, policy] = await Promise.all([
    lock(trx, space, id),
    automationPolicies.find(trx, space.organizationId),
  ])
  return { current, policy }
}

/** Changes what was read before; where somebody else was faster, once more without it. */
export async function changeKnown<K, T>(
  known: K | undefined,
  change: (known: K | undefined) => Promise<T>,
): Promise<T> {
  if (known === undefined) return change(undefined)
  try {
    return await change(known)
  } catch (error) {
    if (!isChangedMeanwhile(error)) throw error
    return change(undefined)
  }
}
