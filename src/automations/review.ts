import type { Transaction } from 'kysely'
import * as automationPolicies from '../../db/queries/automation-policies.ts'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { ApiError, type ErrorDetail } from '../errors.ts'
import { contentOf } from './content.ts'
import { type Current, lock, proposalOf, record, type Seen, type Version } from './current.ts'
import { CLOSED, NOT_REJECTED, reviewed, reviewOf } from './decision.ts'
import type { Means } from './definition.ts'
import { nextStatus } from './lifecycle.ts'
import { plan, requireValid } from './planning.ts'
import { requireSecondPerson, requireSeen } from './policy.ts'
import { type Change, diff } from './revisions.ts'

type Target = { space: Space; id: string; seen: Seen }

/** Why a proposal was not approved, for people and for AI staff that wants to correct itself. */
export type Rejection = { reason?: string; code?: string; paths?: string[] }

/**
 * Approves exactly what the reviewer saw: the proposal becomes active, or takes the place of what runs at once.
 *
 * @param digest what the reviewer saw; where it is undefined, an `If-Match` can say the same.
 * @throws ApiError `automation_not_pending`, `digest_mismatch` with the differences, `digest_required`,
 * `second_person_required`, `service_account_cannot_approve`
 */
export async function approve(
  trx: Transaction<DB>,
  author: Caller,
  target: Target,
  digest: string | undefined,
  { actions }: Pick<Means, 'actions'>,
): Promise<void> {
  const { current, proposal, status } = await decide(trx, author, target, 'approve')
  const { automation, revision } = current
  const policy = await automationPolicies.find(trx, target.space.organizationId)
  const hasSeen = target.seen({ version: automation.version, digest: proposal.digest })
  if (digest !== undefined && digest !== proposal.digest)
    throw new ApiError('digest_mismatch', { details: await differences(trx, target, digest, proposal) })
  requireSeen(current, proposal, hasSeen || digest !== undefined, policy)
  requireSecondPerson(policy, author.actor, proposal)
  requireSameCredential(revision, proposal)
  requireValid(automation.kind, proposal.content.config, actions, { isWhole: true })
  await automations.update(trx, target.space, automation.id, {
    status,
    revision: proposal.revision,
    approved_digest: proposal.digest,
    ...CLOSED,
    ...NOT_REJECTED,
    ...reviewed(author.actor, automation, proposal.revision),
  })
  const { id, kind } = automation
  const { config } = proposal.content
  await plan(trx, { organizationId: target.space.organizationId, id, kind, config, status, resumes: false })
  const details = { before: revision.digest, after: proposal.digest, revision: proposal.revision, status }
  await record(trx, author, target.space, automation.id, 'automation.approved', details)
}

/**
 * Turns a proposal down. What runs goes on running.
 *
 * @throws ApiError `automation_not_pending`, `service_account_cannot_approve`
 */
export async function reject(
  trx: Transaction<DB>,
  author: Caller,
  target: Target,
  rejection: Rejection,
): Promise<void> {
  const { current, proposal, status } = await decide(trx, author, target, 'reject')
  const { automation } = current
  target.seen({ version: automation.version, digest: proposal.digest })
  const isWhole = status === 'rejected'
  await automations.update(trx, target.space, automation.id, {
    status,
    // What AI staff sends next is a new look at the same proposal, unless what runs was never touched by this one.
    ...(isWhole ? reviewOf(author.actor.userId, proposal.revision) : CLOSED),
    rejection_reason: rejection.reason ?? null,
    rejection_code: rejection.code ?? null,
    rejection_paths: rejection.paths ?? null,
  })
  const details = { digest: proposal.digest, revision: proposal.revision, status, code: rejection.code ?? null }
  await record(trx, author, target.space, automation.id, 'automation.rejected', details)
}

async function decide(trx: Transaction<DB>, author: Caller, { space, id }: Target, request: 'approve' | 'reject') {
  const current = await lock(trx, space, id).catch(asNotPending)
  const { automation, pending } = current
  const state = { status: automation.status, hasPendingRevision: pending !== null }
  const status = nextStatus(author.actor, state, request)
  const proposal = proposalOf(current)
  if (proposal === null) throw new ApiError('automation_not_pending')
  return { current, proposal, status }
}

/** Hyperspeed's API gives one answer to both. */
function asNotPending(error: unknown): never {
  if (error instanceof ApiError && error.code === 'automation_not_found') throw new ApiError('automation_not_pending')
  throw error
}

/** A person replaced the credential after the proposal was written: what would run is not what was proposed. */
function requireSameCredential(current: Version, proposal: Version): void {
  const before = proposal.credential_version
  const after = current.credential_version
  if (before === after) return
  const message = 'the credential was changed since: the change must be proposed again'
  throw new ApiError('digest_mismatch', { details: [{ path: '/credential_version', message, before, after }] })
}

async function differences(
  trx: Transaction<DB>,
  { space, id }: Target,
  digest: string,
  proposal: Current['revision'],
): Promise<ErrorDetail[]> {
  const seen = await automationRevisions.findByDigest(trx, space, id, digest)
  if (seen === undefined)
    return [{ path: '/digest', message: `no revision has this digest; it is ${proposal.digest} now` }]
  return diff(contentOf(seen), proposal.content).map(toDetail)
}

function toDetail({ path, op, before, after }: Change): ErrorDetail {
  const message = { add: 'was added', remove: 'was removed', replace: 'was changed' }[op]
  return { path, message, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }
}
