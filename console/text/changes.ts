import type { Change } from '../api.d.ts'
import { hasMembers } from './exact.ts'
import { pointerOf } from './json-pointer.ts'

/** What differs between two values of JSON, place by place. Lists are compared as a whole, as a person reads them. */
export function changesBetween(before: unknown, after: unknown, path: readonly string[] = []): Change[] {
  if (hasMembers(before) && hasMembers(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...keys].flatMap((key) => changesBetween(own(before, key), own(after, key), [...path, key]))
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  const at = pointerOf(path)
  if (before === undefined) return [{ path: at, op: 'add', after }]
  if (after === undefined) return [{ path: at, op: 'remove', before }]
  return [{ path: at, op: 'replace', before, after }]
}

function own(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
