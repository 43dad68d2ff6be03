import type { Transaction } from 'kysely'
import type { Policy } from '../../db/queries/automation-policies.ts'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import type { DB } from '../../db/types.ts'
import type { Actor, Space } from '../access/actor.ts'
import { ApiError } from '../errors.ts'
import type { Current, Version } from './current.ts'
import { isLive } from './lifecycle.ts'

/** An automation that is locked, and where it is. */
export type Place = { space: Space; current: Current }

/** What somebody lets run, and what they said of it. */
export type Entry = {
  /** The content as it is stored. */
  proposal: Version
  /** Whether whoever lets it run changes it by the same request. */
  isChanged: boolean
  /** Whether they named what they saw: a digest, or an entity tag in `If-Match`. */
  hasSeen: boolean
  /** Whether they decide on a proposal in so many words; false for a status that is set. */
  isDecision: boolean
}

/**
 * The one gate into `active`. Whatever lets a content run passes it: a decision on a proposal, a status that is set, and a
 * change of what is active. It asks whether they saw what they let run, and whether the policy wants another person.
 *
 * @returns whether this is a review: somebody lets run what is not theirs alone, and is on record as having looked at it.
 * @throws ApiError `digest_required`, `second_person_required`
 */
export async function passGate(
  trx: Transaction<DB>,
  policy: Policy,
  actor: Actor,
  place: Place,
  { proposal, isChanged, hasSeen, isDecision }: Entry,
): Promise<boolean> {
  const { current } = place
  const { require_digest_on_approval: wantsDigest, approver_must_differ_from_editor: wantsSecond } = policy
  const isOpen = isUndecided(current.automation, current.revision.digest)
  const isAsked = isDecision || current.automation.is_turned_down || (isOpen && isOfStaff(current))
  const authors = isAsked && !wantsSecond ? new Set<string>() : await listAuthors(trx, place, proposal)
  const isAnothers = [...authors].some((id) => id !== actor.id)
  const isReview = isAsked || (isAnothers && (wantsDigest || wantsSecond || isProposed(current)))
  if (isChanged) requireOthersWords(policy)
  if (wantsSecond && authors.has(actor.id)) throw new ApiError('second_person_required')
  if (isReview) requireSeen(current, proposal, hasSeen, policy)
  return isReview
}

/**
 * Where the policy wants four eyes, nobody lets run what they write at that moment.
 *
 * @throws ApiError `second_person_required`
 */
export function requireOthersWords(policy: Policy): void {
  if (policy.approver_must_differ_from_editor) throw new ApiError('second_person_required')
}

/**
 * Whether a content, by its digest, is not what somebody has let run, or somebody took it back or turned it down since: it is never let
 * run by having been approved some time before.
 */
export function isUndecided(
  { status, approved_digest, is_turned_down }: Current['automation'],
  digest: string,
): boolean {
  return !isLive(status) || approved_digest !== digest || is_turned_down
}

/** Whether somebody was asked to decide on what is shown. */
function isProposed({ automation: { status } }: Current): boolean {
  return status === 'pending_approval' || status === 'rejected'
}

/**
 * Whether words of AI staff may be in what is shown. A person's edit of its proposal keeps what that person left alone,
 * and perhaps never saw.
 */
function isOfStaff({ automation, revision }: Current): boolean {
  return automation.created_by_service_account_id !== null || revision.authored_by_service_account_id !== null
}

/**
 * Who wrote a part of a content that nobody else has approved, its words or a secret that it brings: people and service
 * accounts. Who wrote last may have changed one word of what somebody else wrote.
 */
async function listAuthors(
  trx: Transaction<DB>,
  { space, current }: Place,
  proposal: Version,
): Promise<ReadonlySet<string>> {
  const { automation, revision, approved } = current
  if (proposal === revision && !isUndecided(automation, revision.digest)) return new Set()
  const range = { after: await lastApproved(trx, { space, current }, proposal), upTo: proposal.revision }
  const [authors, stored] = await Promise.all([
    automationRevisions.listAuthors(trx, space, automation.id, range),
    automationSecrets.listVersions(trx, automationSecrets.ownerOf(space, automation.id)),
  ])
  const isBrought = ({ slot, version }: automationSecrets.Version) =>
    proposal.secret_versions[slot] === version && approved?.secret_versions[slot] !== version
  const setters = stored.filter(isBrought).map(({ set_by_user_id }) => set_by_user_id)
  return new Set([...authors, ...setters].filter((id) => id !== null))
}

/**
 * The number after which a revision may hold words of a content that were not approved. A change beside what is shown brings
 * only its own where it was made from what is approved. An edit of what is paused takes its place unapproved, and a change may
 * be made from that, whatever is shown and approved by now.
 */
async function lastApproved(trx: Transaction<DB>, { space, current }: Place, proposal: Version): Promise<number> {
  const { automation, revision, approved, proposedFrom } = current
  const known = approved?.revision ?? 0
  if (proposal === revision) return Math.min(known, proposal.revision - 1)
  const from = proposedFrom ?? 0
  const [base] = await automationRevisions.findMany(trx, space, automation.id, [from])
  if (base?.digest === automation.approved_digest) return (automation.proposal_revision ?? proposal.revision) - 1
  return known <= from ? known : 0
}

/**
 * Whoever lets something run must have seen it. Who names it (a digest, or an entity tag in `If-Match`) has. Who names
 * nothing can only have seen the proposal as first submitted: once it was edited, or what runs was edited beside it, a
 * reviewer's page may show something else.
 *
 * @throws ApiError `digest_required` with the digest to look at.
 */
function requireSeen({ automation, revision }: Current, proposal: Version, hasSeen: boolean, policy: Policy): void {
  if (hasSeen) return
  const isFirst = proposal.revision === automation.proposal_revision && revision.revision <= proposal.revision
  if (isFirst && !policy.require_digest_on_approval) return
  throw new ApiError('digest_required', { details: [{ path: '/digest', message: `is ${proposal.digest} now` }] })
}
