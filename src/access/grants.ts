import { isDeepStrictEqual } from 'node:util'
import type { Transaction } from 'kysely'
import { newId } from '../../db/new-id.ts'
import * as memberRoles from '../../db/queries/member-roles.ts'
import * as members from '../../db/queries/members.ts'
import * as roles from '../../db/queries/roles.ts'
import * as spaceRoles from '../../db/queries/space-roles.ts'
import * as spaces from '../../db/queries/spaces.ts'
import type { DB } from '../../db/types.ts'
import * as audit from '../audit.ts'
import { refuseTaken } from '../conflict.ts'
import { ApiError } from '../errors.ts'
import type { Space } from './actor.ts'
import type { Caller } from './caller.ts'
import { mayGrant, type Permission } from './permissions.ts'

/**
 * A transaction in which somebody changes who may do what in an organization, and nobody else does. `held` is what the
 * caller holds now that their turn has come, which may be less than when the request came in. Each change is in the audit
 * log under the caller: whatever makes one here calls {@link record} last.
 */
export type GrantChange = {
  trx: Transaction<DB>
  organizationId: string
  caller: Caller
  held: ReadonlySet<string>
  ownerRoleId: string
}

/**
 * Waits until no other change of who may do what is under way in the organization.
 *
 * @param permission what the change needs; it is asked for again, because it may be gone after the wait.
 * @throws ApiError `forbidden`
 */
export async function begin(
  trx: Transaction<DB>,
  organizationId: string,
  caller: Caller,
  permission: Permission = 'org.members.manage',
): Promise<GrantChange> {
  const ownerRoleId = await roles.lockOwner(trx, organizationId)
  const held = permissionsOf(await memberRoles.list(trx, organizationId, caller.actor.userId))
  if (!held.has(permission)) throw new ApiError('forbidden')
  return { trx, organizationId, caller, held, ownerRoleId }
}

/** Writes what was changed into the audit log. Last in the transaction. */
export async function record({ trx, organizationId, caller }: GrantChange, deed: audit.Deed): Promise<void> {
  await audit.record(trx, organizationId, caller, deed)
}

/** @throws ApiError `exceeds_own_permissions`, or `name_taken`, which `Owner` always is. */
export async function createRole(
  change: GrantChange,
  wanted: { name: string; permissions: string[] },
): Promise<roles.Role> {
  const { trx, organizationId } = change
  requireHeld(change, wanted.permissions)
  const row = { id: newId(), name: roleName(wanted.name), permissions: wanted.permissions }
  const role = await refuseTaken(roles.insert(trx, organizationId, row), 'roles_name_key', 'name_taken')
  await record(change, { action: 'role.created', target: targetOf(role), details: factsOf(role) })
  return role
}

/** @throws ApiError `role_not_found`, `system_role`, `exceeds_own_permissions` or `name_taken`. */
export async function updateRole(
  change: GrantChange,
  id: string,
  wanted: { name?: string | undefined; permissions?: string[] | undefined },
): Promise<roles.Role> {
  const { trx, organizationId } = change
  const role = await findOwnRole(change, id)
  const permissions = wanted.permissions ?? role.permissions
  requireHeld(change, [
    ...permissions.filter((each) => !role.permissions.includes(each)),
    ...role.permissions.filter((each) => !permissions.includes(each)),
  ])
  const name = wanted.name === undefined ? role.name : roleName(wanted.name)
  const write = roles.update(trx, organizationId, role.id, { name, permissions })
  const changed = await refuseTaken(write, 'roles_name_key', 'name_taken')
  const details = { before: factsOf(role), after: factsOf(changed) }
  if (!isDeepStrictEqual(details.before, details.after))
    await record(change, { action: 'role.updated', target: targetOf(role), details })
  return changed
}

/**
 * @throws ApiError `role_not_found`, `system_role`, `exceeds_own_permissions`, or `role_in_use` where a space without
 * this role would be open to more people than before.
 */
export async function deleteRole(change: GrantChange, id: string): Promise<void> {
  const { trx, organizationId } = change
  const role = await findOwnRole(change, id)
  requireHeld(change, role.permissions)
  if (await spaceRoles.isOnlyEntry(trx, organizationId, role.id)) throw new ApiError('role_in_use')
  await roles.remove(trx, organizationId, role.id)
  await record(change, { action: 'role.deleted', target: targetOf(role), details: factsOf(role) })
}

/** The roles of a member after a change, and what the change was. */
export type RoleMove = { roleIds: string[]; added: string[]; removed: string[] }

/**
 * Makes these a member's roles. It is its caller's to record what that was part of.
 *
 * @throws ApiError `unknown_role`, `exceeds_own_permissions` or `last_owner`.
 */
export async function setRoles(change: GrantChange, userId: string, roleIds: readonly string[]): Promise<RoleMove> {
  const { trx, organizationId } = change
  const wanted = await findRoles(change, roleIds)
  const current = await memberRoles.list(trx, organizationId, userId)
  const added = without(wanted, current)
  const removed = without(current, wanted)
  requireHeld(change, permissionsOf([...added, ...removed]))
  if (removed.some((role) => role.id === change.ownerRoleId)) await requireAnotherOwner(change, userId)
  await memberRoles.remove(trx, organizationId, userId, idsOf(removed))
  await memberRoles.insert(trx, organizationId, userId, idsOf(added))
  return { roleIds: idsOf(wanted), added: idsOf(added), removed: idsOf(removed) }
}

/** @throws ApiError `member_not_found`, or what {@link setRoles} throws. */
export async function setMemberRoles(
  change: GrantChange,
  userId: string,
  roleIds: readonly string[],
): Promise<string[]> {
  const member = await members.find(change.trx, change.organizationId, userId)
  if (member === undefined) throw new ApiError('member_not_found')
  const { roleIds: kept, added, removed } = await setRoles(change, member.user_id, roleIds)
  const { user_id: id, service_account_id } = member
  const details = { added, removed, ...(service_account_id === null ? {} : { service_account_id }) }
  if (added.length > 0 || removed.length > 0)
    await record(change, { action: 'member.roles_changed', target: { type: 'member', id }, details })
  return kept
}

/** @throws ApiError `member_not_found`, `service_account_member`, `exceeds_own_permissions` or `last_owner`. */
export async function removeMember(change: GrantChange, userId: string): Promise<void> {
  const { trx, organizationId } = change
  const member = await members.find(trx, organizationId, userId)
  if (member === undefined) throw new ApiError('member_not_found')
  if (member.service_account_id !== null) throw new ApiError('service_account_member')
  const { removed } = await setRoles(change, member.user_id, [])
  await members.remove(trx, organizationId, member.user_id)
  const target = { type: 'member', id: member.user_id }
  await record(change, { action: 'member.removed', target, details: { role_ids: removed } })
}

/**
 * Makes these the roles that may enter a space.
 *
 * @throws ApiError `space_not_found` or `unknown_role`.
 */
export async function setSpaceAccess(change: GrantChange, space: Space, roleIds: readonly string[]): Promise<string[]> {
  if (!(await spaces.lock(change.trx, space))) throw new ApiError('space_not_found')
  const after = idsOf(await findRoles(change, roleIds))
  const before = await spaceRoles.list(change.trx, space)
  await spaceRoles.replace(change.trx, space, after)
  const deed = { action: 'space.access_changed', target: { type: 'space', id: space.id }, spaceId: space.id }
  if (!isDeepStrictEqual(before, after)) await record(change, { ...deed, details: { before, after } })
  return after
}

/** Whoever gets the power of a member (by a token of theirs), or takes it away, must hold all of it. */
export async function requireHoldsAllOf(change: GrantChange, userId: string): Promise<void> {
  requireHeld(change, permissionsOf(await memberRoles.list(change.trx, change.organizationId, userId)))
}

function requireHeld({ held }: GrantChange, permissions: Iterable<string>): void {
  if (!mayGrant(held, permissions)) throw new ApiError('exceeds_own_permissions')
}

/** Only people count: an organization that AI staff alone owned could never again approve anything. */
async function requireAnotherOwner({ trx, organizationId, ownerRoleId }: GrantChange, userId: string): Promise<void> {
  if (!(await memberRoles.isHeldByAnotherPerson(trx, organizationId, ownerRoleId, userId)))
    throw new ApiError('last_owner')
}

async function findRoles({ trx, organizationId }: GrantChange, ids: readonly string[]): Promise<roles.Role[]> {
  const wanted = new Set(ids)
  const found = await roles.listByIds(trx, organizationId, [...wanted])
  if (found.length < wanted.size) throw new ApiError('unknown_role')
  return found
}

async function findOwnRole({ trx, organizationId }: GrantChange, id: string): Promise<roles.Role> {
  const role = await roles.find(trx, organizationId, id)
  if (role === undefined) throw new ApiError('role_not_found')
  if (role.is_system) throw new ApiError('system_role')
  return role
}

/** Also in other spellings: whoever reads a list of roles must not take another for the real one. */
function roleName(text: string): string {
  const name = text.trim()
  if (name.normalize('NFKC').toLowerCase() === 'owner') throw new ApiError('name_taken')
  return name
}

function targetOf({ id }: roles.Role): audit.Deed['target'] {
  return { type: 'role', id }
}

/** What a role is, for the audit log. */
function factsOf({ name, permissions }: roles.Role) {
  return { name, permissions }
}

function permissionsOf(held: readonly memberRoles.HeldRole[]): Set<string> {
  return new Set(held.flatMap((role) => role.permissions))
}

function without<T extends { id: string }>(these: readonly T[], others: readonly { id: string }[]): T[] {
  const ids = new Set(idsOf(others))
  return these.filter(({ id }) => !ids.has(id))
}

function idsOf(these: readonly { id: string }[]): string[] {
  return these.map(({ id }) => id).sort()
}
