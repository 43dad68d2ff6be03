import { PERMISSIONS, type Permission } from '../../schemas/permissions.ts'

export { PERMISSIONS, type Permission }

/** Whoever holds one of these enters every space of the organization, and learns which spaces do not exist. */
export const SEES_EVERY_SPACE: readonly Permission[] = ['org.manage', 'space.members.manage']

export function seesEverySpace(held: ReadonlySet<string>): boolean {
  return SEES_EVERY_SPACE.some((permission) => held.has(permission))
}

/** Whether a caller who holds `held` may hand out or take away each of `wanted`: nobody moves what they don't hold. */
export function mayGrant(held: ReadonlySet<string>, wanted: Iterable<string>): boolean {
  for (const permission of wanted) if (!held.has(permission)) return false
  return true
}
