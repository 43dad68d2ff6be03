import type { Change } from '../api.d.ts'
import { placesOf } from './pointers.ts'

/** What differs between two documents, place by place. */
export function changesBetween(before: unknown, after: unknown): Change[] {
  const old = new Map(placesOf(before).map(({ path, value }) => [path, value]))
  const changes: Change[] = []
  for (const { path, value } of placesOf(after)) {
    if (!old.has(path)) changes.push({ path, op: 'add', after: value })
    else if (JSON.stringify(old.get(path)) !== JSON.stringify(value))
      changes.push({ path, op: 'replace', before: old.get(path), after: value })
    old.delete(path)
  }
  for (const [path, value] of old) changes.push({ path, op: 'remove', before: value })
  return changes
}
