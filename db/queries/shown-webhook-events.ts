import { type Kysely, type RawBuilder, sql } from 'kysely'
import { isoTime, type JsonText, jsonText } from '../json.ts'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'

/** The fields of the object, in the order of the documentation; the body as it was sent. */
const SHOWN = sql`
  id, automation_id, event_key, type, status, headers, body, body_replaced, run_id,
  ${isoTime('received_at')} as received_at`

function ofAutomation(space: Space, automationId: string): RawBuilder<boolean> {
  return sql<boolean>`organization_id = ${space.organizationId} and space_id = ${space.id}
    and automation_id = ${automationId}`
}

/** Some events, in their order, and the bytes of their bodies. `last` is the id of the last one where there are more behind it. */
export type Page = { ids: string[]; bytes: number; last: string | null }

/** One event of an automation; undefined where it is not there. */
export async function find(db: Kysely<DB>, space: Space, automationId: string, id: string): Promise<Page | undefined> {
  const { rows } = await sql<{ body_bytes: number }>`
    select body_bytes from webhook_events where ${ofAutomation(space, automationId)} and id = ${id}`.execute(db)
  return rows[0] && { ids: [id], bytes: rows[0].body_bytes, last: null }
}

/**
 * Events of an automation, newest first.
 *
 * @param page `before` is the id of the last event of the page before. A page ends early where its bodies would be more
 * than `mostBytes`; it has one event at the least.
 */
export async function list(
  db: Kysely<DB>,
  space: Space,
  automationId: string,
  page: { status: string | null; before: string | null; most: number; mostBytes: number },
): Promise<Page> {
  const { rows } = await sql<{ id: string; body_bytes: number }>`
    select id, body_bytes
      from webhook_events
     where ${ofAutomation(space, automationId)}
       and (${page.status}::text is null or status = ${page.status})
       and (${page.before}::uuid is null or id < ${page.before}::uuid)
     order by id desc
     limit ${page.most + 1}`.execute(db)
  const ids: string[] = []
  let bytes = 0
  for (const { id, body_bytes } of rows) {
    const isFull = ids.length === page.most || (ids.length > 0 && bytes + body_bytes > page.mostBytes)
    if (isFull) return { ids, bytes, last: ids.at(-1) ?? null }
    ids.push(id)
    bytes += body_bytes
  }
  return { ids, bytes, last: null }
}

/** Events as the API shows them, the newest first: the text of a JSON object each. */
export async function show(
  db: Kysely<DB>,
  space: Space,
  automationId: string,
  ids: readonly string[],
): Promise<JsonText[]> {
  const { rows } = await sql<{ json: string }>`
    select to_json(shown)::text as json
      from (select ${SHOWN} from webhook_events
             where ${ofAutomation(space, automationId)} and id = any(${ids}::uuid[])) shown
     order by id desc`.execute(db)
  return rows.map(({ json }) => jsonText(json))
}

export type Range = { from: Date; to: Date; status: string | null; after: string | null; most: number }

/** The ids of events that came in within a time, oldest first. Without a status, those that were not filtered out. */
export async function listInRange(
  db: Kysely<DB>,
  space: Space,
  automationId: string,
  { from, to, status, after, most }: Range,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id
      from webhook_events
     where ${ofAutomation(space, automationId)}
       and id >= ${firstIdOf(from)} and id < ${firstIdOf(to)}
       and case when ${status}::text is null then status <> 'filtered' else status = ${status} end
       and (${after}::uuid is null or id > ${after}::uuid)
     order by id
     limit ${most}`.execute(db)
  return rows.map((row) => row.id)
}

/**
 * The smallest UUID of version 7 of a millisecond (RFC 9562, section 5.7): the ids of events tell when they came in. They
 * know no time before 1970.
 */
function firstIdOf(time: Date): string {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
