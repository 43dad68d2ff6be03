import type { Transaction } from 'kysely'
import type { Policy } from '../../db/queries/automation-policies.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationStatus } from '../../schemas/automations.ts'
import type { Actor, Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { ApiError } from '../errors.ts'
import type { Kinds } from '../kinds/registry.ts'
import { changed } from './changed.ts'
import { type Current, type NewVersion, record, standingOf, writeRevision } from './current.ts'
import { NOT_REJECTED, NOT_REVIEWED, reviewed } from './decision.ts'
import { isLive } from './lifecycle.ts'
import { type Origin, originOf, requireSecondPerson, requireSeen } from './policy.ts'

/** A change of content that somebody makes: what the content becomes, and what the audit log says of its secrets. */
export type Edit = Pick<NewVersion, 'content' | 'digest' | 'sendsTo'> & {
  /** Whether it differs from what it was made from. */
  isNew: boolean
  deed: Record<string, unknown>
}

/** Lets a change wait beside what runs. */
export async function stage(
  trx: Transaction<DB>,
  caller: Caller,
  space: Space,
  { automation, pending }: Pick<Current, 'automation' | 'pending'>,
  { isNew, deed, ...version }: Edit,
): Promise<void> {
  if (!isNew && pending !== null) return
  const revision = automation.last_revision + 1
  const basedOn = automation.revision
  await writeRevision(trx, caller.actor, space, automation.id, { ...version, revision, basedOn })
  await automations.update(trx, space, automation.id, {
    pending_revision: revision,
    last_revision: revision,
    proposal_revision: automation.proposal_revision ?? revision,
    ...NOT_REJECTED,
  })
  const details = { revision, digest: version.digest, ...deed }
  await record(trx, caller, space, automation.id, 'proposal.submitted', details)
}

type Decision = { status: AutomationStatus; hasSeen: boolean; policy: Policy; kinds: Kinds }

/** Puts a change in the place of what is shown, and with it its status. */
export async function apply(
  trx: Transaction<DB>,
  caller: Caller,
  space: Space,
  current: Current,
  { isNew, deed, ...version }: Edit,
  { status, hasSeen, policy, kinds }: Decision,
): Promise<void> {
  const { actor } = caller
  const { automation } = current
  const { digest, content } = version
  // What waits or was turned down is never let run by having been approved some time before.
  const activates = status === 'active' && (!isLive(automation.status) || automation.approved_digest !== digest)
  const origin = activates ? await originOf(trx, { space, current }, current.revision) : undefined
  const reviews = origin !== undefined && isReview(actor, current, origin, policy)
  if (origin && isNew && policy.approver_must_differ_from_editor) throw new ApiError('second_person_required')
  if (origin) await requireSecondPerson(trx, policy, actor, { space, current }, origin)
  if (reviews) requireSeen(current, current.revision, hasSeen, policy)
  const revision = isNew ? automation.last_revision + 1 : automation.revision
  if (isNew) await writeRevision(trx, actor, space, automation.id, { ...version, revision })
  await automations.update(trx, space, automation.id, {
    status,
    revision,
    ...(isNew ? { last_revision: revision } : {}),
    ...proposalAfter(current, status, revision),
    ...(status === 'active' ? { approved_digest: digest } : {}),
    ...(reviews ? reviewed(actor, automation, revision) : {}),
    ...(actor.type === 'service_account' ? NOT_REVIEWED : {}),
    ...(status === automation.status ? {} : NOT_REJECTED),
  })
  await changed(trx, kinds, standingOf(space, current), standingOf(space, current, { status, content }))
  const action = reviews ? 'automation.approved' : 'automation.updated'
  const before = { status: automation.status, digest: current.revision.digest }
  const details = { before, after: { status, digest }, revision, ...deed }
  await record(trx, caller, space, automation.id, action, details)
}

/**
 * A person who lets run what AI staff wrote has reviewed it, and so has one who lets run what another person asked to be reviewed,
 * or wrote where the policy wants reviews of people too.
 */
function isReview(actor: Actor, current: Current, { authors }: Origin, policy: Policy): boolean {
  const { automation, revision } = current
  const isDecided = isLive(automation.status) && automation.approved_digest === revision.digest
  if (isDecided) return false
  if (isOfStaff(current)) return true
  const isAnothers = authors.some((id) => id !== actor.id)
  const isWanted = policy.approver_must_differ_from_editor || policy.require_digest_on_approval
  return isAnothers && (automation.status === 'pending_approval' || isWanted)
}

/**
 * Whether words of AI staff may be in what is shown. A person's edit of its proposal keeps what that person left alone,
 * and perhaps never saw.
 */
function isOfStaff({ automation, revision }: Current): boolean {
  return automation.created_by_service_account_id !== null || revision.authored_by_service_account_id !== null
}

/** A pending revision stays beside what stays active or paused; anything else begins, continues or ends a proposal. */
function proposalAfter(
  { automation }: Current,
  status: AutomationStatus,
  revision: number,
): automations.AutomationChange {
  if (status === 'pending_approval')
    return { pending_revision: null, proposal_revision: automation.proposal_revision ?? revision }
  if (isLive(status) && automation.pending_revision !== null) return {}
  return { pending_revision: null, proposal_revision: null }
}
