import { isDeepStrictEqual } from 'node:util'
import { newId } from '../../db/new-id.ts'
import * as members from '../../db/queries/members.ts'
import * as serviceAccounts from '../../db/queries/service-accounts.ts'
import * as users from '../../db/queries/users.ts'
import type { ServiceAccountCreate, ServiceAccountUpdate } from '../../schemas/service-accounts.ts'
import { ApiError } from '../errors.ts'
import * as grants from './grants.ts'
import { hashToken, newToken } from './tokens.ts'

/** A service account with a token that is shown this once. */
export type WithToken = { service_account: serviceAccounts.ServiceAccount; token: string }

/**
 * Makes a service account with a user of its own, a member with the given roles.
 *
 * @throws ApiError `invalid_request` for an end that has passed, `unknown_role` or `exceeds_own_permissions`.
 */
export async function create(change: grants.GrantChange, wanted: ServiceAccountCreate): Promise<WithToken> {
  const { trx, organizationId } = change
  const [id, userId, token] = [newId(), newId(), newToken('sa_')]
  const settings = settingsOf(wanted, NOTHING_SET)
  await users.insert(trx, { id: userId, display_name: settings.name })
  await members.insert(trx, organizationId, userId)
  const row = { ...settings, id, user_id: userId, created_by: change.caller.actor.userId, token_hash: hashToken(token) }
  await serviceAccounts.insert(trx, organizationId, row)
  const { roleIds } = await grants.setRoles(change, userId, wanted.role_ids ?? [])
  const made = { service_account: await find(change, id), token }
  await record(change, 'created', made.service_account, { user_id: userId, role_ids: roleIds })
  return made
}

/** @throws ApiError `service_account_not_found`, or what {@link create} throws. */
export async function update(
  change: grants.GrantChange,
  id: string,
  wanted: ServiceAccountUpdate,
): Promise<serviceAccounts.ServiceAccount> {
  const { trx, organizationId } = change
  const current = await findWithinReach(change, id)
  const settings = settingsOf(wanted, { ...current, token_expires_at: current.expires_at })
  await serviceAccounts.update(trx, organizationId, current.id, settings)
  await users.rename(trx, current.user_id, settings.name)
  const { role_ids } = wanted
  const roles = role_ids === undefined ? NO_MOVE : await grants.setRoles(change, current.user_id, role_ids)
  const changed = await find(change, current.id)
  const details = { changed: namesOfChanged(current, changed), roles_added: roles.added, roles_removed: roles.removed }
  if (details.changed.length > 0) await record(change, 'updated', changed, details)
  return changed
}

/**
 * Cuts the present token off and gives another.
 *
 * @throws ApiError `service_account_not_found`, `exceeds_own_permissions`, or `service_account_expired`, because the new
 * token would be dead already.
 */
export async function rotate(change: grants.GrantChange, id: string): Promise<WithToken> {
  const current = await findWithinReach(change, id)
  if (current.expires_at !== null && current.expires_at.getTime() <= Date.now())
    throw new ApiError('service_account_expired')
  const token = newToken('sa_')
  await serviceAccounts.updateToken(change.trx, change.organizationId, current.id, hashToken(token))
  const rotated = { service_account: await find(change, current.id), token }
  await record(change, 'rotated', current)
  return rotated
}

/** Cuts the token off and ends the membership; what the account wrote keeps its name. */
export async function remove(change: grants.GrantChange, id: string): Promise<void> {
  const { trx, organizationId } = change
  const current = await findWithinReach(change, id)
  await serviceAccounts.remove(trx, organizationId, current.id)
  await members.remove(trx, organizationId, current.user_id)
  await record(change, 'deleted', current, { role_ids: current.role_ids })
}

const NO_MOVE = { added: [], removed: [] }

/** Names and not values: an address of a repository may hold a password. */
function namesOfChanged(before: serviceAccounts.ServiceAccount, after: serviceAccounts.ServiceAccount): string[] {
  const { last_used_at: _, ...settings } = after
  const names = Object.keys(settings) as (keyof typeof settings)[]
  return names.filter((name) => !isDeepStrictEqual(before[name], after[name])).sort()
}

/** Writes into the audit log what was done to a service account: always with its name, and when its power ends. */
async function record(
  change: grants.GrantChange,
  deed: 'created' | 'updated' | 'rotated' | 'deleted',
  { id, name, expires_at }: serviceAccounts.ServiceAccount,
  details: Record<string, unknown> = {},
): Promise<void> {
  const target = { type: 'service_account', id }
  const ends = expires_at?.toISOString() ?? null
  await grants.record(change, {
    action: `service_account.${deed}`,
    target,
    details: { name, expires_at: ends, ...details },
  })
}

const NOTHING_SET = {
  name: '',
  provider: null,
  openrouter_model: null,
  cursor_default_repo_url: null,
  cursor_default_ref: null,
  token_expires_at: null,
}

/** What is left out stays as it is. */
function settingsOf(
  wanted: ServiceAccountUpdate,
  current: serviceAccounts.ServiceAccountSettings,
): serviceAccounts.ServiceAccountSettings {
  const kept = <T>(value: T | undefined, before: T): T => (value === undefined ? before : value)
  const keptText = (value: string | null | undefined, before: string | null) =>
    kept(value?.trim() === '' ? null : value, before)
  return {
    name: wanted.name?.trim() ?? current.name,
    provider: keptText(wanted.provider, current.provider),
    openrouter_model: keptText(wanted.openrouter_model, current.openrouter_model),
    cursor_default_repo_url: keptText(wanted.cursor_default_repo_url, current.cursor_default_repo_url),
    cursor_default_ref: keptText(wanted.cursor_default_ref, current.cursor_default_ref),
    token_expires_at: kept(timeAhead(wanted.expires_at), current.token_expires_at),
  }
}

/** RFC 3339 knows times that Date does not (a leap second); they are refused like those that have passed. */
function timeAhead(text: string | null | undefined): Date | null | undefined {
  if (text === null || text === undefined) return text
  const time = new Date(text)
  if (time.getTime() > Date.now()) return time
  throw new ApiError('invalid_request', { details: [{ path: '/expires_at', message: 'must lie ahead' }] })
}

async function find({ trx, organizationId }: grants.GrantChange, id: string): Promise<serviceAccounts.ServiceAccount> {
  const found = await serviceAccounts.find(trx, organizationId, id)
  if (found === undefined) throw new ApiError('service_account_not_found')
  return found
}

/** One that the caller could replace: whoever sets it, rotates it or ends it has its power in hand. */
async function findWithinReach(change: grants.GrantChange, id: string): Promise<serviceAccounts.ServiceAccount> {
  const found = await find(change, id)
  await grants.requireHoldsAllOf(change, found.user_id)
  return found
}
