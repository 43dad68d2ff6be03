import { hasMembers } from './exact.ts'
import { pointerOf } from './json-pointer.ts'

/** A value of a document, and where it stands (RFC 6901). */
export type Spot = { path: string; value: unknown }

/** Every value of a document with its JSON pointer, in order. What is in a list belongs together, and so does what is empty. */
export function placesOf(value: unknown, path = ''): Spot[] {
  if (!hasMembers(value)) return [{ path, value }]
  const members = Object.entries(value)
  if (members.length === 0) return [{ path, value }]
  return members.flatMap(([key, each]) => placesOf(each, path + pointerOf([key])))
}
