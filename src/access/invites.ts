import type { Transaction } from 'kysely'
import { newId } from '../../db/new-id.ts'
import * as invites from '../../db/queries/invites.ts'
import * as members from '../../db/queries/members.ts'
import * as signupRequests from '../../db/queries/signup-requests.ts'
import type { DB } from '../../db/types.ts'
import * as audit from '../audit.ts'
import { ApiError } from '../errors.ts'
import type { Caller } from './caller.ts'
import { normalizeEmail } from './email.ts'
import { type GrantChange, record } from './grants.ts'
import { hashToken, newToken } from './tokens.ts'

const OPEN_DAYS = 7

/** Makes an invite. @param email as it was typed in; undefined lets anybody accept. */
export async function create(
  change: GrantChange,
  email: string | undefined,
): Promise<{ invite: invites.Invite; token: string }> {
  const { trx, organizationId, caller } = change
  const token = newToken('inv_')
  const invite = await invites.insert(trx, organizationId, {
    id: newId(),
    email: email === undefined ? null : normalizeEmail(email),
    token_hash: hashToken(token),
    created_by: caller.actor.userId,
    days: OPEN_DAYS,
  })
  const details = { email: invite.email, expires_at: invite.expires_at.toISOString() }
  await record(change, { action: 'invite.created', target: { type: 'invite', id: invite.id }, details })
  return { invite, token }
}

/**
 * The invite of a token, if it is for the account of this email. It is not used up by that.
 *
 * @throws ApiError `invite_not_found` or `invite_not_for_this_user`.
 */
export async function open(trx: Transaction<DB>, token: string, email: string): Promise<invites.Invite> {
  const invite = await invites.findOpen(trx, hashToken(token))
  if (invite === undefined) throw new ApiError('invite_not_found')
  if (invite.email !== null && invite.email !== email) throw new ApiError('invite_not_for_this_user')
  return invite
}

/**
 * Uses an opened invite up and makes a person a member, without roles. If they were waiting to be let in, they no
 * longer do.
 *
 * @throws ApiError `invite_not_found` when somebody else was faster, or `already_member`, after which nothing of this
 * transaction may be kept.
 */
export async function join(trx: Transaction<DB>, invite: invites.Invite, joiner: Caller): Promise<void> {
  const { userId } = joiner.actor
  const { id, organization_id: organizationId, created_by } = invite
  if (!(await invites.claim(trx, organizationId, id, userId))) throw new ApiError('invite_not_found')
  if (!(await members.insert(trx, organizationId, userId))) throw new ApiError('already_member')
  const waited = await signupRequests.updateOf(trx, organizationId, userId, {
    status: 'approved',
    decided_by: created_by,
  })
  const accepted = { action: 'invite.accepted', target: { type: 'invite', id }, details: { created_by } }
  await audit.record(trx, organizationId, joiner, accepted)
  const details = { by: 'invite', invite_id: id, ...(waited === undefined ? {} : { signup_request_id: waited }) }
  const joined = { action: 'member.joined', target: { type: 'member', id: userId }, details }
  await audit.record(trx, organizationId, joiner, joined)
}
