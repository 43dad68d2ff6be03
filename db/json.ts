import { type RawBuilder, sql } from 'kysely'

declare const brand: unique symbol

/** JSON that Postgres wrote and that goes to the client as it is. */
export type JsonText = string & { readonly [brand]: 'JsonText' }

/** Marks a text as JSON. For text that Postgres or JSON.stringify wrote, and nothing else. */
export function jsonText(text: string): JsonText {
  return text as JsonText
}

/** RFC 3339 in UTC with milliseconds, as Date.toISOString writes it; null stays null. @param time a column, or SQL. */
export function isoTime(time: string | RawBuilder<unknown>): RawBuilder<string> {
  return sql<string>`to_char(${typeof time === 'string' ? sql.ref(time) : time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}
