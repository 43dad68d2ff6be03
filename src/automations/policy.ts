import type { Transaction } from 'kysely'
import type { Policy } from '../../db/queries/automation-policies.ts'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationKind } from '../../schemas/automations.ts'
import type { Actor, Space } from '../access/actor.ts'
import { ApiError } from '../errors.ts'
import type { Current, Version } from './current.ts'

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
  const pending = await automations.countPending(trx, space.organizationId, actor.id)
  if (pending >= policy.max_pending_per_service_account) throw new ApiError('pending_limit_reached')
}

/** An automation that is locked, and where it is. */
export type Place = { space: Space; current: Current }

/** What is to be let run, beside what was approved before, and who wrote a part of it since. */
export type Origin = {
  proposal: Version
  /** Undefined where nothing was ever approved. */
  approved: Pick<Version, 'revision' | 'secret_versions'> | undefined
  /** The people who wrote since then. */
  authors: string[]
}

/** Looks up where a content comes from that is to be let run. Who wrote last may have changed one word of what another wrote. */
export async function originOf(
  trx: Transaction<DB>,
  { space, current: { automation, revision } }: Place,
  proposal: Version,
): Promise<Origin> {
  const { id, approved_digest: digest, proposal_revision } = automation
  const approved =
    proposal !== revision
      ? revision
      : digest === null
        ? undefined
        : await automationRevisions.findByDigest(trx, space, id, digest)
  const after = proposal !== revision ? (proposal_revision ?? proposal.revision) - 1 : (approved?.revision ?? 0)
  const range = { after: Math.min(after, proposal.revision - 1), upTo: proposal.revision }
  const authors = await automationRevisions.listAuthors(trx, space, id, range)
  return { proposal, approved, authors }
}

/**
 * Where the policy wants four eyes, nobody lets run what they wrote a part of since it was last approved: neither its words nor
 * a secret that it brings.
 *
 * @throws ApiError `second_person_required`
 */
export async function requireSecondPerson(
  trx: Transaction<DB>,
  policy: Policy,
  actor: Actor,
  { space, current }: Place,
  { proposal, approved, authors }: Origin,
): Promise<void> {
  if (!policy.approver_must_differ_from_editor) return
  const stored = await automationSecrets.listVersions(trx, automationSecrets.ownerOf(space, current.automation.id))
  const brings = ({ slot, version }: automationSecrets.Version) =>
    proposal.secret_versions[slot] === version && approved?.secret_versions[slot] !== version
  const setters = stored.filter(brings).map(({ set_by_user_id }) => set_by_user_id)
  if (authors.includes(actor.id) || setters.includes(actor.id)) throw new ApiError('second_person_required')
}

/**
 * A reviewer lets run what they saw, by whichever request. Who names it (a digest, or an entity tag in `If-Match`) has seen it. Who names
 * nothing can only have seen the proposal as first submitted: once it was edited, or what runs was edited beside it, a
 * reviewer's page may show something else.
 *
 * @throws ApiError `digest_required` with the digest to look at.
 */
export function requireSeen(
  { automation, revision }: Current,
  proposal: Version,
  hasSeen: boolean,
  policy: Policy,
): void {
  if (hasSeen) return
  const isFirst = proposal.revision === automation.proposal_revision && revision.revision <= proposal.revision
  if (isFirst && !policy.require_digest_on_approval) return
  throw new ApiError('digest_required', { details: [{ path: '/digest', message: `is ${proposal.digest} now` }] })
}
