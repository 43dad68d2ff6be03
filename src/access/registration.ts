import type { Transaction } from 'kysely'
import { newId } from '../../db/new-id.ts'
import * as users from '../../db/queries/users.ts'
import type { DB } from '../../db/types.ts'
import type { RegisterRequest } from '../../schemas/auth.ts'
import { refuseTaken } from '../conflict.ts'
import { ApiError } from '../errors.ts'
import type { Caller, Origin } from './caller.ts'
import { normalizeEmail } from './email.ts'
import * as invites from './invites.ts'
import * as organizations from './organizations.ts'
import * as sessions from './sessions.ts'
import * as signupRequests from './signup-requests.ts'

/** What becomes of an account once it is made. */
type WayIn = (newcomer: Caller) => Promise<unknown>

/**
 * Makes an account and lets it in by the way that is open to it: as founder, by invite, or to wait for approval.
 *
 * Whether there is a way is asked before anybody learns whether the email has an account.
 *
 * @param passwordHash made outside of the transaction, because that takes long.
 * @param multiTenant whether the database takes many organizations.
 * @returns their first session.
 * @throws ApiError `organization_name_required`, `single_org_exists`, `signups_disabled`, `invite_not_found`,
 * `invite_not_for_this_user` or `email_taken`.
 */
export async function register(
  trx: Transaction<DB>,
  wanted: RegisterRequest,
  passwordHash: string,
  { multiTenant, requestId, address }: Origin & { multiTenant: boolean },
): Promise<sessions.Session> {
  const email = normalizeEmail(wanted.email)
  const waysIn = await (multiTenant ? findWaysIn(trx, wanted, email) : findOnlyWayIn(trx, wanted, email))
  const row = {
    id: newId(),
    email,
    password_hash: passwordHash,
    display_name: wanted.name?.trim() ?? email.slice(0, email.indexOf('@')),
  }
  await refuseTaken(users.insert(trx, row), 'users_email_key', 'email_taken')
  // Before the ways in, each of which ends with the audit log.
  const session = await sessions.begin(trx, row.id)
  const newcomer: Caller = { actor: { type: 'user', id: row.id, userId: row.id }, requestId, address }
  for (const enter of waysIn) await enter(newcomer)
  return session
}

/** Many organizations: anybody may have an account, found an organization, and join another. */
async function findWaysIn(trx: Transaction<DB>, wanted: RegisterRequest, email: string): Promise<WayIn[]> {
  const { invite_token: token, organization_name: name, intended_public_url } = wanted
  const waysIn: WayIn[] = []
  // The new organization first: nobody else waits for its audit log.
  if (name !== undefined) waysIn.push((newcomer) => organizations.found(trx, newcomer, { name, intended_public_url }))
  if (token !== undefined) waysIn.push(await byInvite(trx, token, email))
  return waysIn
}

/** One organization: the first account founds it, later ones are let in. */
async function findOnlyWayIn(trx: Transaction<DB>, wanted: RegisterRequest, email: string): Promise<WayIn[]> {
  const { invite_token: token, organization_name: name, intended_public_url } = wanted
  const organization = await organizations.findOnly(trx)
  if (organization === undefined) {
    if (name === undefined) throw new ApiError('organization_name_required')
    if (token !== undefined) throw new ApiError('invite_not_found')
    return [(newcomer) => organizations.found(trx, newcomer, { name, intended_public_url })]
  }
  if (name !== undefined) throw new ApiError('single_org_exists')
  if (token !== undefined) return [await byInvite(trx, token, email)]
  if (!organization.open_signups_enabled) throw new ApiError('signups_disabled')
  return [(newcomer) => signupRequests.ask(trx, organization.id, newcomer, email)]
}

async function byInvite(trx: Transaction<DB>, token: string, email: string): Promise<WayIn> {
  const invite = await invites.open(trx, token, email)
  return (newcomer) => invites.join(trx, invite, newcomer)
}
