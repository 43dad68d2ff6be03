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

/** The JSON of a member of an object, in SQL, with what stands around its value. */
export type JsonMember = { value: RawBuilder<unknown>; around: '' | '"' }

/** JSON that is there already, or a number. It is never null. */
export function given(value: RawBuilder<unknown>): JsonMember {
  return { value, around: '' }
}

/** What has no quotes, backslashes or control characters in it: ids, times, digests, words of ours. It is never null. */
export function quoted(value: RawBuilder<unknown>): JsonMember {
  return { value, around: '"' }
}

/** Any text. It is never null. */
export function text(value: RawBuilder<unknown>): JsonMember {
  return { value: sql`to_json(${value})::text`, around: '' }
}

/** The same, or null. */
export function orNull({ value, around }: JsonMember): JsonMember {
  const whole = around === '' ? value : sql`'"' || ${value} || '"'`
  return { value: sql`coalesce(${whole}, 'null')`, around: '' }
}

/**
 * SQL for the text of an object, as `to_json` of a row writes it. That one looks up the type of each column for each row, which takes
 * Postgres longer than to write what it has found (bench/README.md).
 */
export function jsonObject(members: Record<string, JsonMember>): RawBuilder<string> {
  const parts: RawBuilder<unknown>[] = []
  let before = '{'
  for (const [key, { value, around }] of Object.entries(members)) {
    parts.push(sql.lit(`${before}${JSON.stringify(key)}:${around}`), value)
    before = `${around},`
  }
  return sql<string>`concat(${sql.join([...parts, sql.lit(`${before.slice(0, -1)}}`)])})`
}
