import type { Transaction } from 'kysely'
import { newId } from '../../db/new-id.ts'
import * as members from '../../db/queries/members.ts'
import * as signupRequests from '../../db/queries/signup-requests.ts'
import type { DB } from '../../db/types.ts'
import * as audit from '../audit.ts'
import { ApiError } from '../errors.ts'
import type { Caller } from './caller.ts'
import { type GrantChange, record } from './grants.ts'

/**
 * Lets somebody who waits in, as a member without roles, or not.
 *
 * @throws ApiError `signup_request_not_found` or `signup_request_decided`.
 */
export async function decide(
  change: GrantChange,
  id: string,
  status: 'approved' | 'denied',
): Promise<signupRequests.SignupRequest> {
  const { trx, organizationId, caller } = change
  const isDecided = await signupRequests.claim(trx, organizationId, id, { status, decided_by: caller.actor.userId })
  const request = await signupRequests.find(trx, organizationId, id)
  if (request === undefined) throw new ApiError('signup_request_not_found')
  if (!isDecided) throw new ApiError('signup_request_decided')
  const hasJoined = status === 'approved' && (await members.insert(trx, organizationId, request.user_id))
  const { id: requestId, user_id, email } = request
  const target = { type: 'signup_request', id: requestId }
  await record(change, { action: `signup.${status}`, target, details: { user_id, email } })
  const details = { by: 'signup_request', signup_request_id: requestId }
  if (hasJoined) await record(change, { action: 'member.joined', target: { type: 'member', id: user_id }, details })
  return request
}

/** Asks to be let in, for a person who has just made their account. */
export async function ask(trx: Transaction<DB>, organizationId: string, caller: Caller, email: string): Promise<void> {
  const id = newId()
  const { userId: user_id } = caller.actor
  await signupRequests.insert(trx, organizationId, { id, user_id })
  const target = { type: 'signup_request', id }
  await audit.record(trx, organizationId, caller, { action: 'signup.requested', target, details: { user_id, email } })
}
