import { type RawBuilder, sql } from 'kysely'

/** The most JSON in one answer, or in one part of one, as {@link jsonBytes} counts it. */
export const MAX_ANSWER_BYTES = 512 * 1024
/**
 * How many times larger than stored a compressed column is taken to be. What people write is about four times larger; text that
 * is made to look small, up to ninety times, so that an answer can become six times as large as it was taken for.
 */
const INFLATION = 16

/**
 * About how many bytes the JSON of a column is, without reading it: what is large lies apart from its row, mostly compressed, and
 * would have to be fetched and opened for its length alone.
 */
export function jsonBytes(column: string): RawBuilder<number> {
  const value = sql.ref(column)
  return sql<number>`coalesce(
    pg_column_size(${value}) * case when pg_column_compression(${value}) is null then 1 else ${sql.lit(INFLATION)} end, 0)`
}

/** How many bytes a text column is, without reading it. */
export function textBytes(column: string): RawBuilder<number> {
  return sql<number>`coalesce(octet_length(${sql.ref(column)}), 0)`
}
