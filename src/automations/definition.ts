import type { Transaction } from 'kysely'
import { v7 as newId } from 'uuid'
import * as automationPolicies from '../../db/queries/automation-policies.ts'
import * as automations from '../../db/queries/automations.ts'
import * as spaces from '../../db/queries/spaces.ts'
import * as webhooks from '../../db/queries/webhooks.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationCreate, AutomationStatus, AutomationUpdate } from '../../schemas/automations.ts'
import type { Actor, Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { newToken } from '../access/tokens.ts'
import type { Actions } from '../actions/index.ts'
import { ApiError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { Cipher, Place } from '../secrets/cipher.ts'
import { applyUpdate, type Content, describe } from './content.ts'
import { type Current, lock, record, refuseForeignEdit, type Seen, writeRevision } from './current.ts'
import { NOT_REJECTED, NOT_REVIEWED, reviewed } from './decision.ts'
import { initialStatus, nextStatus, runs } from './lifecycle.ts'
import { plan, requireValid } from './planning.ts'
import { requireRoomForProposal, requireSecondPerson, requireSeen } from './policy.ts'
import { digestOf } from './revisions.ts'

const MOST_PER_SPACE = 10_000

/** What a change needs besides: to encrypt a credential, and to know what can run. */
export type Means = { cipher: Cipher; actions: Pick<Actions, 'validate'> }

/**
 * Makes an automation with its first revision.
 *
 * @returns its id.
 * @throws ApiError where AI staff brings a credential, or the policy or a limit says no.
 */
export async function create(
  trx: Transaction<DB>,
  author: Caller,
  space: Space,
  body: AutomationCreate,
  { cipher, actions }: Means,
): Promise<string> {
  const { actor } = author
  refuseTokenOfServiceAccount(actor, body)
  // The space may have been deleted since the caller was let in.
  if (!(await spaces.lock(trx, space))) throw new ApiError('space_not_found')
  const policy = await automationPolicies.find(trx, space.organizationId)
  await requireRoomForProposal(trx, actor, space, body.kind, policy)
  if (await automations.isFull(trx, space, MOST_PER_SPACE)) throw new ApiError('quota_reached')
  const id = newId()
  const status = initialStatus(actor, body.status)
  if (status === 'active') requireSecondPerson(policy, actor, { authored_by_user_id: actor.id })
  requireValid(body.kind, body.config ?? {}, actions, { isWhole: status === 'active' })
  const { config, description = null } = describe(actor, body.config ?? {}, body.description)
  const credentialVersion = body.oauth_token === undefined ? null : 1
  const content = { name: body.name.trim(), config, description, credentialVersion }
  const digest = digestOf(id, body.kind, content)
  await automations.insert(trx, space, {
    id,
    kind: body.kind,
    status,
    revision: 1,
    approved_digest: status === 'active' ? digest : null,
    proposal_revision: status === 'pending_approval' ? 1 : null,
    created_by_user_id: actor.type === 'user' ? actor.id : null,
    created_by_service_account_id: actor.type === 'service_account' ? actor.id : null,
    owner_user_id: actor.type === 'user' ? actor.id : null,
    ...credential(cipher, id, 1, body.oauth_token),
  })
  await writeRevision(trx, actor, space, id, { revision: 1, content, digest })
  if (KINDS[body.kind].intake !== null) await webhooks.insert(trx, space.organizationId, id, newToken('wh_'))
  await plan(trx, { organizationId: space.organizationId, id, kind: body.kind, config, status, resumes: false })
  const details = { kind: body.kind, name: content.name, status, revision: 1, digest }
  await record(trx, author, space, id, 'automation.created', { ...details, ...credentialChange(body.oauth_token) })
  return id
}

/**
 * Changes an automation. What AI staff (or, where the policy wants a second person, anybody) changes of what runs becomes
 * a pending revision beside it.
 *
 * @param seen holds the change to what its caller read.
 * @throws ApiError where the status, authorship, policy or what the caller saw does not allow it.
 */
export async function change(
  trx: Transaction<DB>,
  author: Caller,
  target: { space: Space; id: string; seen: Seen },
  body: AutomationUpdate,
  { cipher, actions }: Means,
): Promise<void> {
  const { actor } = author
  const { space, id } = target
  refuseTokenOfServiceAccount(actor, body)
  const current = await lock(trx, space, id)
  const { automation, pending } = current
  const hasSeen = target.seen({ version: automation.version, digest: current.revision.digest })
  if (Object.keys(body).length === 0 && actor.type === 'user') return
  refuseForeignEdit(actor, current)
  const status = nextStatus(
    actor,
    { status: automation.status, hasPendingRevision: pending !== null },
    body.status ?? 'edit',
  )
  const policy = await automationPolicies.find(trx, space.organizationId)
  const addsProposal = automation.status === 'rejected' || (runs(automation.status) && pending === null)
  if (addsProposal) await requireRoomForProposal(trx, actor, space, automation.kind, policy)
  const newCredential = automation.oauth_token_version + 1
  const edit: Edit = {
    ...editOf(current, actor, body, newCredential),
    credential: credential(cipher, id, newCredential, body.oauth_token),
  }
  if (body.config !== undefined || status === 'active')
    requireValid(automation.kind, edit.content.config, actions, { isWhole: status === 'active' })
  if (isStaged(actor, current, status, edit, policy)) await stage(trx, author, space, current, edit)
  else await apply(trx, author, space, current, edit, { status, hasSeen, policy })
}

/**
 * Deletes an automation for good. AI staff withdraws its own open proposals alone.
 *
 * @throws ApiError `automation_not_found`, `service_account_not_author`
 */
export async function remove(
  trx: Transaction<DB>,
  author: Caller,
  { space, id, seen }: { space: Space; id: string; seen: Seen },
): Promise<void> {
  const current = await lock(trx, space, id)
  const { status, revision, version } = current.automation
  seen({ version, digest: current.revision.digest })
  if (author.actor.type === 'service_account' && runs(status)) throw new ApiError('service_account_not_author')
  refuseForeignEdit(author.actor, current)
  await automations.remove(trx, space, id)
  await record(trx, author, space, id, 'automation.deleted', { status, revision, digest: current.revision.digest })
}

/** Where the credential of an automation is: its ciphertext opens there alone. */
export function credentialPlace(id: string, version: number): Place {
  return { table: 'automations', id, column: 'oauth_token', version }
}

type Credential = { oauth_token_ciphertext?: string | null; oauth_token_version?: number }
type Edit = { content: Content; digest: string; isNew: boolean; credential: Credential }

/** What a token changes of the row: nothing where none is given, and null removes it. */
function credential(cipher: Cipher, id: string, version: number, token: string | null | undefined): Credential {
  if (token === undefined) return {}
  const oauth_token_ciphertext = token === null ? null : cipher.encrypt(token, credentialPlace(id, version))
  return { oauth_token_ciphertext, oauth_token_version: version }
}

/** What became of the credential, for the audit log: never the credential. */
function credentialChange(value: string | null | undefined): { credential?: 'set' | 'removed' } {
  return value === undefined ? {} : { credential: value === null ? 'removed' : 'set' }
}

function refuseTokenOfServiceAccount(actor: Actor, body: { oauth_token?: string | null }): void {
  if (actor.type === 'service_account' && body.oauth_token !== undefined)
    throw new ApiError('service_account_oauth_token')
}

/** What the content becomes. AI staff goes on from its own pending revision, with the credential that is there now. */
function editOf(
  { automation, revision, pending }: Current,
  actor: Actor,
  body: AutomationUpdate,
  newCredential: number,
) {
  const isAi = actor.type === 'service_account'
  const base = isAi ? (pending ?? revision) : revision
  const { credentialVersion } = revision.content
  const content = applyUpdate(actor, { ...base.content, credentialVersion }, body, newCredential)
  const digest = digestOf(automation.id, automation.kind, content)
  // A rejected proposal that comes again is a revision of its own, even with the same words.
  const isAgain = isAi && automation.status === 'rejected'
  const isNew = isAgain || digest !== base.digest || content.description !== base.content.description
  return { content, digest, isNew }
}

/** Whether a change waits beside what is active or paused instead of taking its place. */
function isStaged(
  actor: Actor,
  { automation }: Current,
  status: AutomationStatus,
  edit: Edit,
  policy: automationPolicies.Policy,
): boolean {
  if (actor.type === 'service_account') return runs(automation.status)
  const staysActive = automation.status === 'active' && status === 'active'
  return policy.approver_must_differ_from_editor && staysActive && edit.digest !== automation.approved_digest
}

async function stage(
  trx: Transaction<DB>,
  author: Caller,
  space: Space,
  { automation, pending }: Current,
  { content, digest, isNew, credential }: Edit,
): Promise<void> {
  if (!isNew && pending !== null) return
  const revision = automation.last_revision + 1
  await writeRevision(trx, author.actor, space, automation.id, { revision, content, digest })
  await automations.update(trx, space, automation.id, {
    pending_revision: revision,
    last_revision: revision,
    proposal_revision: automation.proposal_revision ?? revision,
    ...NOT_REJECTED,
    ...credential,
  })
  const details = { revision, digest, ...credentialChange(credential.oauth_token_ciphertext) }
  await record(trx, author, space, automation.id, 'proposal.submitted', details)
}

type Decision = { status: AutomationStatus; hasSeen: boolean; policy: automationPolicies.Policy }

async function apply(
  trx: Transaction<DB>,
  author: Caller,
  space: Space,
  current: Current,
  { content, digest, isNew, credential }: Edit,
  { status, hasSeen, policy }: Decision,
): Promise<void> {
  const { actor } = author
  const { automation } = current
  // What waits or was turned down is never let run by having been approved some time before.
  const activates = status === 'active' && (!runs(automation.status) || automation.approved_digest !== digest)
  const reviews = activates && isReview(actor, current, policy)
  if (reviews && isOfStaff(current)) requireSeen(current, current.revision, hasSeen, policy)
  if (activates) requireSecondPerson(policy, actor, isNew ? { authored_by_user_id: actor.id } : current.revision)
  const revision = isNew ? automation.last_revision + 1 : automation.revision
  if (isNew) await writeRevision(trx, actor, space, automation.id, { revision, content, digest })
  await automations.update(trx, space, automation.id, {
    status,
    revision,
    ...(isNew ? { last_revision: revision } : {}),
    ...proposalAfter(current, status, revision),
    ...(status === 'active' ? { approved_digest: digest } : {}),
    ...(reviews ? reviewed(actor, automation, revision) : {}),
    ...(actor.type === 'service_account' ? NOT_REVIEWED : {}),
    ...(status === automation.status ? {} : NOT_REJECTED),
    ...credential,
  })
  const { id, kind } = automation
  const resumes = automation.status === 'paused'
  await plan(trx, { organizationId: space.organizationId, id, kind, config: content.config, status, resumes })
  const action = reviews ? 'automation.approved' : 'automation.updated'
  const before = { status: automation.status, digest: current.revision.digest }
  const details = { before, after: { status, digest }, revision }
  const change = credentialChange(credential.oauth_token_ciphertext)
  await record(trx, author, space, automation.id, action, { ...details, ...change })
}

/** A person who lets run what AI staff, or somebody who asked for it, proposed has reviewed it. */
function isReview(actor: Actor, current: Current, policy: automationPolicies.Policy): boolean {
  const { automation, revision } = current
  const isDecided = runs(automation.status) && automation.approved_digest === revision.digest
  if (isDecided) return false
  if (isOfStaff(current)) return true
  const isAnothers = revision.authored_by_user_id !== actor.id
  return isAnothers && (automation.status === 'pending_approval' || policy.approver_must_differ_from_editor)
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
  if (runs(status) && automation.pending_revision !== null) return {}
  return { pending_revision: null, proposal_revision: null }
}
