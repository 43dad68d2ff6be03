import { ApiError } from '../src/errors.ts'

/** An opaque cursor of a list: where the last page ended. */
export function encodeCursor(position: readonly string[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/** What a cursor holds: as many texts as it has checks. */
export type Position<V extends readonly unknown[]> = { -readonly [K in keyof V]: string }

/**
 * Reads a cursor that {@link encodeCursor} wrote.
 *
 * @param isValid checks each part, because a cursor comes from a client like anything else.
 * @throws ApiError `invalid_cursor`
 */
export function decodeCursor<const V extends readonly ((part: string) => boolean)[]>(
  cursor: string,
  isValid: V,
): Position<V> {
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw new ApiError('invalid_cursor')
  }
  if (!Array.isArray(parts) || parts.length !== isValid.length) throw new ApiError('invalid_cursor')
  if (!parts.every((part, i) => typeof part === 'string' && isValid[i]?.(part))) throw new ApiError('invalid_cursor')
  return parts as Position<V>
}

/** RFC 3339 in UTC with milliseconds, as this program writes times. */
export function isTimestamp(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text))
}
