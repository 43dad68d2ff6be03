import type { Kysely, Transaction } from 'kysely'
import { ownerOf } from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import * as reviews from '../../db/queries/reviews.ts'
import type { DB } from '../../db/types.ts'
import { SYSTEM } from '../audit.ts'
import type { Kinds } from '../kinds/registry.ts'
import { changed } from './changed.ts'
import { lock, proposalOf, record, standingOf } from './current.ts'
import { CLOSED, noteDecision } from './decision.ts'
import { oneByOne } from './one-by-one.ts'
import { destroyReplaced } from './versions.ts'

/**
 * Rejects proposals that nobody decided on in the time that their organization's policy sets, each in a transaction of
 * its own. What runs goes on running.
 *
 * @param most how many at the most in one call.
 * @returns how many it rejected.
 * @throws what went wrong with the first that it could not reject, once it is done with the others.
 */
export async function expireProposals(db: Kysely<DB>, kinds: Kinds, most: number): Promise<number> {
  return oneByOne(db, most, reviews.claimExpired, (trx, claimed) => expire(trx, kinds, claimed))
}

async function expire(trx: Transaction<DB>, kinds: Kinds, claimed: reviews.Expired): Promise<void> {
  const space = { organizationId: claimed.organization_id, id: claimed.space_id }
  const current = await lock(trx, space, claimed.automation_id)
  const isWhole = current.pending === null
  const proposal = proposalOf(current)
  const reason = `nobody decided on it within ${claimed.days} ${claimed.days === 1 ? 'day' : 'days'}`
  if (proposal !== null) {
    const revision = { space, id: claimed.automation_id, revision: proposal.revision }
    await noteDecision(trx, null, revision, { outcome: 'expired', reason, code: 'expired' })
  }
  const after = standingOf(space, current, isWhole ? { status: 'rejected' } : {})
  await changed(trx, kinds, standingOf(space, current), after, (plan) =>
    automations.update(trx, space, claimed.automation_id, {
      ...(isWhole ? { status: 'rejected' } : CLOSED),
      rejection_reason: reason,
      rejection_code: 'expired',
      rejection_paths: null,
      ...plan,
    }),
  )
  await destroyReplaced(trx, ownerOf(space, claimed.automation_id), current, { ...current, pending: null })
  const details = { revision: proposal?.revision ?? null, digest: proposal?.digest ?? null, days: claimed.days }
  await record(trx, SYSTEM, space, claimed.automation_id, 'proposal.expired', details)
}
