import type { Transaction } from 'kysely'
import type * as automationPolicies from '../../db/queries/automation-policies.ts'
import { OAUTH_SLOT, ownerOf } from '../../db/queries/automation-secrets.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationStatus, AutomationUpdate } from '../../schemas/automations.ts'
import type { Actor, Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { ApiError } from '../errors.ts'
import { apply, type Edit, stage } from './apply.ts'
import { applyUpdate, type Content } from './content.ts'
import { credentialIn } from './credential.ts'
import { type Contents, type Current, credentialDeed, type Seen, type Version } from './current.ts'
import type { Place } from './gate.ts'
import { isLive, nextStatus } from './lifecycle.ts'
import { type Looked, take } from './looked.ts'
import type { Means } from './means.ts'
import { requireRoomForProposal } from './policy.ts'
import { findProblems, requireValid } from './problems.ts'
import { digestOf } from './revisions.ts'
import { refuseCredentialOfStaff, refuseForeignEdit } from './staff.ts'
import { destroyReplaced, storeValues, type VersionChange, versionsFor } from './versions.ts'

/**
 * Changes an automation. What AI staff (or, where the policy wants a second person, anybody) changes of what runs becomes
 * a pending revision beside it.
 *
 * @param target.seen holds the change to what its caller read.
 * @param target.looked what was read just before.
 * @throws ApiError where the status, authorship, policy or what the caller saw does not allow it.
 */
export async function edit(
  trx: Transaction<DB>,
  caller: Caller,
  target: { space: Space; id: string; seen: Seen; looked?: Looked | undefined },
  body: AutomationUpdate,
  means: Means,
): Promise<void> {
  const { actor } = caller
  const { space, id } = target
  refuseCredentialOfStaff(actor, body)
  const token = credentialIn(body)
  const { current, policy } = await take(trx, space, id, target.looked)
  const { automation, pending } = current
  const hasSeen = target.seen({ version: automation.version, digest: current.revision.digest })
  if (Object.keys(body).length === 0 && actor.type === 'user') return
  await refuseForeignEdit(trx, actor, { space, current })
  const state = { status: automation.status, hasPendingRevision: pending !== null }
  const status = nextStatus(actor, state, body.status ?? 'edit')
  const addsProposal = automation.status === 'rejected' || (isLive(automation.status) && pending === null)
  if (addsProposal) await requireRoomForProposal(trx, actor, space, automation.kind, policy)
  const owner = ownerOf(space, id)
  const values = token === undefined ? {} : { [OAUTH_SLOT]: token }
  const versions = await storeValues(trx, caller, owner, values, means)
  const base = baseOf(current, actor, status, policy)
  const content = applyUpdate(actor, base.content, body)
  const running = heldAfterRejection(current, status, policy)
  const made = await editOf(trx, actor, { space, current }, { base, content, versions, running }, means)
  const becomesActive = status === 'active' && (automation.status !== 'active' || body.config !== undefined)
  if (body.config !== undefined || status === 'active')
    requireValid(made.problems, {
      // What is active already is renamed all the same.
      isWhole: becomesActive && policy.require_whole_config,
      lacksSecrets: actor.type === 'service_account',
    })
  const change = { ...made, deed: credentialDeed(token) }
  const after = await settle(trx, caller, { space, current }, change, status, { hasSeen, policy, means })
  await destroyReplaced(trx, owner, current, after)
}

type Decision = { hasSeen: boolean; policy: automationPolicies.Policy; means: Pick<Means, 'kinds' | 'rules'> }

/**
 * Puts an edit where it belongs: in the place of what is shown, or beside it.
 *
 * @returns what is shown and what waits from then on.
 */
export async function settle(
  trx: Transaction<DB>,
  caller: Caller,
  { space, current }: Place,
  made: Edit,
  status: AutomationStatus,
  { hasSeen, policy, means }: Decision,
): Promise<Contents> {
  const { revision, pending } = current
  const approved = heldContent(current, policy)
  if (isStaged(caller.actor, current, status, made, policy)) {
    await stage(trx, caller, space, current, made)
    return { revision, pending: made, approved }
  }
  await apply(trx, caller, space, current, made, { status, hasSeen, policy, means })
  return { revision: made, pending: isLive(status) ? pending : null, approved: status === 'active' ? null : approved }
}

/** The content whose secrets stay until somebody else has decided on other ones; null where people change at once. */
export function heldContent({ approved }: Current, policy: automationPolicies.Policy): Version | null {
  return policy.approver_must_differ_from_editor ? approved : null
}

/**
 * The content with whose secrets a change goes on once a proposal was turned down: what was let run, not what the proposal
 * brought. Undefined elsewhere, and where a person lets run the very content that was turned down.
 */
function heldAfterRejection(
  current: Current,
  status: AutomationStatus,
  policy: automationPolicies.Policy,
): Content | undefined {
  if (current.automation.status !== 'rejected' || status === 'active') return undefined
  return heldContent(current, policy)?.content
}

/**
 * What somebody goes on from: their own change that waits, where the next one will wait too; else what is shown. AI staff sees
 * nothing of its change elsewhere, and goes on from it in any case.
 */
function baseOf(current: Current, actor: Actor, status: AutomationStatus, policy: automationPolicies.Policy): Version {
  const { revision, pending, proposedById } = current
  if (pending === null) return revision
  if (actor.type === 'service_account') return pending
  return waits(current, actor, status, policy) && proposedById === actor.id ? pending : revision
}

/**
 * Whether what a person changes waits for a second one: beside what is active, and wherever a change of their own waits
 * already, because what one person changes adds up.
 */
export function waits(
  { automation, pending, proposedById }: Current,
  actor: Actor,
  status: AutomationStatus,
  policy: automationPolicies.Policy,
): boolean {
  if (!policy.approver_must_differ_from_editor || status !== automation.status) return false
  return status === 'active' || (pending !== null && proposedById === actor.id)
}

/** What somebody makes of a content, and what they make it from. */
type Change = { base: Version; content: Content; versions: VersionChange; running?: Content | undefined }

/**
 * An edit whole: its content with the versions of its secrets, what keeps that from running, and whether it says anything new.
 *
 * @param made.content all but the versions of its secrets: these follow from what runs, from `versions`, which are new, and from
 * what the config names.
 * @param made.running what runs, whose secrets it goes on with, where that is not what is shown or changed.
 */
export async function editOf(
  trx: Transaction<DB>,
  actor: Actor,
  { space, current: { automation, revision } }: Place,
  { base, content, versions, ...made }: Change,
  { kinds, actions }: Pick<Means, 'kinds' | 'actions'>,
): Promise<Omit<Edit, 'deed'>> {
  const { id, kind, status } = automation
  const { hosts, secrets } = kinds.profile(kind, content.config, actions)
  const owner = ownerOf(space, id)
  // A person goes on from their own change with its credential; AI staff never has one of its own.
  const running = made.running ?? (actor.type === 'user' ? base : revision).content
  const isElsewhere = kinds.credentialFor(kind, running.config) !== kinds.credentialFor(kind, content.config)
  // A credential is not sent to anybody but for whom it was set.
  const change = isElsewhere ? { [OAUTH_SLOT]: null, ...versions } : versions
  const from = {
    names: kinds.profile(kind, base.content.config, actions).secrets,
    versions: base.content.secretVersions,
  }
  const secretVersions = await versionsFor(trx, owner, secrets, change, running.secretVersions, from)
  const whole = { ...content, secretVersions }
  const digest = digestOf(id, kind, whole)
  // A rejected proposal that comes again is a revision of its own, even with the same words.
  const isAgain = actor.type === 'service_account' && status === 'rejected'
  const isNew = isAgain || digest !== base.digest || whole.description !== base.content.description
  const problems = await findProblems(trx, { kinds, actions }, { ...owner, kind }, whole)
  return { content: whole, digest, sendsTo: hosts, isNew, problems }
}

/** Whether a change waits beside what is active or paused instead of taking its place. */
function isStaged(
  actor: Actor,
  current: Current,
  status: AutomationStatus,
  { digest }: Edit,
  policy: automationPolicies.Policy,
): boolean {
  const { automation, pending, proposedById } = current
  if (actor.type === 'service_account') return isLive(automation.status)
  if (!waits(current, actor, status, policy) || digest === automation.approved_digest) return false
  // Whose change waits already is not to find another one in its place.
  if (pending !== null && proposedById !== actor.id) throw new ApiError('other_proposal_pending')
  return true
}
