import type { Transaction } from 'kysely'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import { nameOf, OAUTH_SLOT, ownerOf } from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { ApiError, type ErrorDetail } from '../errors.ts'
import { changed } from './changed.ts'
import { contentOf } from './content.ts'
import { type Current, lock, proposalOf, record, type Seen, standingOf, type Version } from './current.ts'
import { CLOSED, NOT_REJECTED, noteDecision, reviewed, reviewOf } from './decision.ts'
import { passGate } from './gate.ts'
import { nextStatus } from './lifecycle.ts'
import { type Looked, take } from './looked.ts'
import type { Means } from './means.ts'
import { checked, findProblems, requireValid } from './problems.ts'
import { type Change, diff } from './revisions.ts'
import { destroyReplaced } from './versions.ts'

/** `looked` is what was read just before. */
type Target = { space: Space; id: string; seen: Seen; looked?: Looked | undefined }

/** Why a proposal was not approved, for people and for AI staff that wants to correct itself. */
export type Rejection = { reason?: string; code?: string; paths?: string[] }

/**
 * Approves exactly what the reviewer saw: the proposal becomes active, or takes the place of what runs at once.
 *
 * @param shown `digest` is what the reviewer saw; where it is undefined, an `If-Match` can say the same. `base_digest` is of what ran when
 * they read the difference to it, null for nothing; where it is undefined, it may be anything.
 * @throws ApiError `automation_not_pending`, `digest_mismatch` with the differences, `digest_required`,
 * `second_person_required`, `service_account_cannot_approve`
 */
export async function approve(
  trx: Transaction<DB>,
  caller: Caller,
  target: Target,
  { digest, base_digest: base }: { digest?: string; base_digest?: string | null },
  means: Pick<Means, 'actions' | 'kinds' | 'rules'>,
): Promise<void> {
  const { current, proposal, status, policy } = await decide(trx, caller, target, 'approve')
  const { automation, revision } = current
  const hasSeen = target.seen({ version: automation.version, digest: proposal.digest })
  await requireSame(trx, target, digest, proposal)
  if (base !== undefined) await requireSameBase(trx, target, base, current)
  const entry = { proposal, isChanged: false, hasSeen: hasSeen || digest !== undefined, isDecision: true }
  await passGate(trx, policy, caller.actor, { space: target.space, current }, entry)
  if (proposal !== revision) await requireFreshSecrets(trx, target, current, proposal)
  const owner = ownerOf(target.space, target.id)
  const problems = await findProblems(trx, means, { ...owner, kind: automation.kind }, proposal.content)
  requireValid(problems, { isWhole: policy.require_whole_config })
  const change = {
    status,
    revision: proposal.revision,
    approved_digest: proposal.digest,
    ...CLOSED,
    is_turned_down: false,
    ...checked(problems, means),
    ...NOT_REJECTED,
    ...reviewed(caller.actor, automation, proposal.revision),
  }
  const after = standingOf(target.space, current, { status, content: proposal.content, problems })
  const details = { before: revision.digest, after: proposal.digest, revision: proposal.revision, status }
  await Promise.all([
    changed(trx, means.kinds, standingOf(target.space, current), after, (plan) =>
      automations.update(trx, target.space, automation.id, { ...change, ...plan }),
    ),
    noteDecision(trx, caller.actor, { ...target, revision: proposal.revision }, { outcome: 'approved' }),
    destroyReplaced(trx, owner, current, { revision: proposal, pending: null, approved: null }),
    record(trx, caller, target.space, automation.id, 'automation.approved', details),
  ])
}

/**
 * Turns a proposal down. What runs goes on running.
 *
 * @throws ApiError `automation_not_pending`, `service_account_cannot_approve`
 */
export async function reject(
  trx: Transaction<DB>,
  caller: Caller,
  target: Target,
  rejection: Rejection,
  { kinds }: Pick<Means, 'kinds'>,
): Promise<void> {
  const { current, proposal, status } = await decide(trx, caller, target, 'reject')
  const { automation } = current
  target.seen({ version: automation.version, digest: proposal.digest })
  const isWhole = status === 'rejected'
  const change = {
    status,
    // What AI staff sends next is a new look at the same proposal, unless what runs was never touched by this one.
    ...(isWhole ? reviewOf(caller.actor.userId, proposal.revision) : CLOSED),
    rejection_reason: rejection.reason ?? null,
    rejection_code: rejection.code ?? null,
    rejection_paths: rejection.paths ?? null,
  }
  const decision = { outcome: 'rejected', ...rejection } as const
  const details = { digest: proposal.digest, revision: proposal.revision, status, code: rejection.code ?? null }
  const after = standingOf(target.space, current, { status })
  await Promise.all([
    changed(trx, kinds, standingOf(target.space, current), after, (plan) =>
      automations.update(trx, target.space, automation.id, { ...change, ...plan }),
    ),
    noteDecision(trx, caller.actor, { ...target, revision: proposal.revision }, decision),
    destroyReplaced(trx, ownerOf(target.space, target.id), current, { ...current, pending: null }),
    record(trx, caller, target.space, automation.id, 'automation.rejected', details),
  ])
}

/**
 * Takes back a change that the caller proposed of what runs, which goes on running as it is.
 *
 * @param digest of what the caller takes back; where it is undefined, whatever they have waiting.
 * @throws ApiError `automation_not_pending`, `digest_mismatch` with the differences, `other_proposal_pending`
 */
export async function withdraw(
  trx: Transaction<DB>,
  caller: Caller,
  target: Target,
  digest: string | undefined,
): Promise<void> {
  const current = await lock(trx, target.space, target.id).catch(asNotPending)
  const { automation, pending } = current
  if (pending === null) throw new ApiError('automation_not_pending')
  target.seen({ version: automation.version, digest: pending.digest })
  if (current.proposedById !== caller.actor.id) throw new ApiError('other_proposal_pending')
  await requireSame(trx, target, digest, pending)
  await automations.update(trx, target.space, automation.id, CLOSED)
  await noteDecision(trx, caller.actor, { ...target, revision: pending.revision }, { outcome: 'withdrawn' })
  await destroyReplaced(trx, ownerOf(target.space, target.id), current, { ...current, pending: null })
  const details = { digest: pending.digest, revision: pending.revision }
  await record(trx, caller, target.space, automation.id, 'proposal.withdrawn', details)
}

async function decide(
  trx: Transaction<DB>,
  caller: Caller,
  { space, id, looked }: Target,
  request: 'approve' | 'reject',
) {
  const { current, policy } = await take(trx, space, id, looked).catch(asNotPending)
  const { automation, pending } = current
  const state = { status: automation.status, hasPendingRevision: pending !== null }
  const status = nextStatus(caller.actor, state, request)
  const proposal = proposalOf(current)
  if (proposal === null) throw new ApiError('automation_not_pending')
  return { current, proposal, status, policy }
}

/** Hyperspeed's API gives one answer to both. */
function asNotPending(error: unknown): never {
  if (error instanceof ApiError && error.code === 'automation_not_found') throw new ApiError('automation_not_pending')
  throw error
}

/**
 * A proposal names the secrets that it was made with. Where one was replaced since in what runs, what would run is not what was
 * meant; one that the proposal itself brings is a part of it.
 */
async function requireFreshSecrets(
  trx: Transaction<DB>,
  { space, id }: Target,
  { revision: { revision, content: now } }: Current,
  { based_on, content: proposed }: Version,
): Promise<void> {
  const [row] =
    based_on === null || based_on === revision ? [] : await automationRevisions.findMany(trx, space, id, [based_on])
  const base = based_on === revision ? now : row && contentOf(row)
  const slots = new Set([OAUTH_SLOT, ...Object.keys(proposed.secretVersions)])
  const details = [...slots].flatMap((slot) => {
    const [after, before] = [now.secretVersions[slot], proposed.secretVersions[slot]]
    // Where it is not known what a proposal was made from, it brings nothing of its own.
    const isReplaced = base === undefined || base.secretVersions[slot] !== after
    if (after === before || !isReplaced) return []
    const message = `${slot === OAUTH_SLOT ? 'the credential' : slot} was changed since: the change must be proposed again`
    return [{ path: pathOf(slot), message, before: before ?? null, after: after ?? null }]
  })
  if (details.length > 0) throw new ApiError('digest_mismatch', { details })
}

/** Where the difference of two contents shows a version. */
function pathOf(slot: string): string {
  return slot === OAUTH_SLOT ? '/credential_version' : `/secret_versions/${nameOf(slot)}`
}

/** @throws ApiError `digest_mismatch` where a digest is given that is not the proposal's */
async function requireSame(
  trx: Transaction<DB>,
  target: Target,
  digest: string | undefined,
  proposal: Version,
): Promise<void> {
  if (digest !== undefined && digest !== proposal.digest)
    throw new ApiError('digest_mismatch', { details: await differences(trx, target, digest, proposal) })
}

/** What changes depends on what runs: who saw the difference to something else has not seen what would change now. */
async function requireSameBase(
  trx: Transaction<DB>,
  target: Target,
  base: string | null,
  { revision, pending }: Current,
) {
  const running = pending === null ? null : revision
  if (base === (running?.digest ?? null)) return
  const details =
    base === null || running === null
      ? [{ path: '/base_digest', message: running === null ? 'nothing runs now' : `${running.digest} runs now` }]
      : await differences(trx, target, base, running)
  throw new ApiError('digest_mismatch', { details })
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
