import type { Page } from '../db/page.ts'
import { Limit } from '../schemas/paging.ts'
import { decodeCursor, encodeCursor, type Position } from './cursor.ts'

/** Where nobody says how many. */
export const DEFAULT_LIMIT = 50

/**
 * Reads which page of a list is asked for.
 *
 * @param isValid checks each part of a position in the list.
 * @returns how many rows it has at the most, and the position of the last row before it, null for the first page.
 * @throws ApiError `invalid_cursor`
 */
export function readPage<const V extends readonly ((part: string) => boolean)[]>(
  { limit, cursor }: { limit?: number | undefined; cursor?: string | undefined },
  isValid: V,
): { most: number; after: Position<V> | null } {
  return { most: limit ?? DEFAULT_LIMIT, after: cursor === undefined ? null : decodeCursor(cursor, isValid) }
}

/**
 * Reads a query, as it came in and before it was checked, that names at most a limit.
 *
 * @returns the limit; null for a query of nothing, undefined for any other.
 */
export function readFirstPage(query: unknown): number | null | undefined {
  const { limit, ...others } = query as Record<string, unknown>
  if (Object.keys(others).length > 0) return undefined
  if (limit === undefined) return null
  const most = typeof limit === 'string' && /^[1-9]\d{0,2}$/.test(limit) ? Number(limit) : Number.NaN
  return most <= (Limit.maximum ?? 0) ? most : undefined
}

/**
 * A page as it is answered: its rows, and where the next one begins.
 *
 * @param positionOf where a row stands, as {@link readPage} reads it for the page after.
 */
export function showPage<T>(
  { rows, hasMore }: Page<T>,
  positionOf: (row: T) => readonly string[],
): { page: T[]; next_cursor: string | null } {
  const last = hasMore ? rows.at(-1) : undefined
  return { page: rows, next_cursor: last === undefined ? null : encodeCursor(positionOf(last)) }
}

/**
 * Cuts a page out of its rows and one more, where there is one: that tells whether another page follows.
 *
 * @param positionOf where a row stands, as {@link readPage} reads it for the page after.
 */
export function cutPage<T>(
  rows: readonly T[],
  most: number,
  positionOf: (row: T) => readonly string[],
): { page: T[]; next_cursor: string | null } {
  const page = rows.slice(0, most)
  const last = rows.length > most ? page.at(-1) : undefined
  return { page, next_cursor: last === undefined ? null : encodeCursor(positionOf(last)) }
}
