import type { Page } from '../db/page.ts'
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
