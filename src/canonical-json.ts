import { canonicalNumber, isExactNumber } from '../db/exact-json.ts'

/**
 * JSON with the keys of every object in order and no white space, so that equal values have equal text: JCS, RFC 8785,
 * for values that came out of JSON.parse; a number that RFC 8785 would round keeps its digits. Keys are ordered by UTF-16 code units, as the RFC says.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (isExactNumber(value)) return canonicalNumber(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}
