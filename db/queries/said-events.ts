import { type Kysely, sql } from 'kysely'
import type { Database } from '../client.ts'
import type { DB } from '../types.ts'
import { type NewEvent, numbered } from './webhook-events.ts'
import { isAsSeen, SEEN_COLUMNS } from './webhooks.ts'

/** An event, and what its run says and puts out. */
export type SaidEvent = {
  event: NewEvent
  message: { room: string; content: string; metadata: Record<string, unknown> }
  output: Record<string, unknown>
}

/** The ids of the events that were written, and of those whose hook was not as it was, or was held by somebody else. */
export type Written = { done: ReadonlySet<string>; missed: ReadonlySet<string> }

/**
 * Writes events whose runs do nothing but say something, with these runs, what they say, and the note of their end: one statement,
 * in which a run begins and ends. There is no job, because there is nothing that could be lost on the way.
 *
 * Left out, to be written in the usual way, is whatever is not plain: whose hook is not as it was when it was verified, whose key is
 * there already, or whose room is missing, or about to be. Automations are locked, so that a change of one comes before all of this or after it,
 * and ends are noted in their order.
 *
 * @param waits whether those that somebody else holds are waited for; if not, their events are left out too.
 */
export async function insert(db: Kysely<DB>, events: readonly SaidEvent[], waits: boolean): Promise<Written> {
  const { numbers, seen } = numbered(events.map(({ event: { hook } }) => hook))
  const arrived = events.map(({ event, message, output }) => ({
    ...event,
    ...message,
    output,
    hook: numbers.get(event.hook),
  }))
  const { rows } = await sql<{ done: string[] | null; current: number[] | null }>`
    with current as (
      select h.number, h.revision, h.digest, a.organization_id, a.space_id, a.id as automation_id
        from json_to_recordset(${JSON.stringify(seen)}::json) as h (${SEEN_COLUMNS})
        join webhooks w on w.hook_id = h.hook_id
        join automations a on a.organization_id = w.organization_id and a.id = w.automation_id
       where ${isAsSeen(sql`a`, sql`h`)} and a.status = 'active' and a.approved_digest = h.digest
       ${sql.raw(waits ? 'order by a.id for no key update of a' : 'for no key update of a skip locked')}
    ), wanted as materialized (
      select e.*, c.revision, c.digest, c.organization_id, c.space_id, c.automation_id, room.id as chat_room_id
        from json_to_recordset(${JSON.stringify(arrived)}::json) as e (
               id uuid, hook integer, event_key text, type text, headers json, body text, body_bytes integer,
               body_replaced boolean, run_id uuid, received_at timestamptz, room text, content text, metadata json, output json)
        join current c on c.number = e.hook
        join chat_rooms room
          on room.organization_id = c.organization_id and room.space_id = c.space_id and room.name = e.room
         for key share of room skip locked
    ), stored as (
      insert into webhook_events (id, organization_id, space_id, automation_id, event_key, type, status, headers, body,
                                  body_bytes, body_replaced, run_id, received_at)
      select id, organization_id, space_id, automation_id, event_key, type, 'accepted', headers, body::json, body_bytes,
             body_replaced, run_id, received_at
        from wanted
       order by automation_id, coalesce(event_key, id::text), id
          on conflict do nothing
      returning id
    ), done as materialized (
      select wanted.* from wanted join stored using (id)
    ), ran as (
      insert into automation_runs (id, organization_id, space_id, automation_id, revision, digest, trigger, status, attempt,
                                   event_id, output, created_at, started_at, finished_at)
      select run_id, organization_id, space_id, automation_id, revision, digest, 'webhook', 'succeeded', 1, id, output,
             received_at, now(), now()
        from done
    ), said as (
      insert into chat_messages (id, organization_id, space_id, chat_room_id, content, metadata)
      select run_id, organization_id, space_id, chat_room_id, content, metadata from done
    ), noted as (
      update automations a
         set last_run_at = greatest(a.last_run_at, now()), last_error = null, consecutive_failures = 0, updated_at = now()
        from (select distinct organization_id, automation_id from done) d
       where a.organization_id = d.organization_id and a.id = d.automation_id
    )
    select (select json_agg(id) from done) as done, (select json_agg(number) from current) as current`.execute(db)
  const isCurrent = new Set<unknown>(rows[0]?.current)
  const missed = arrived.filter(({ hook }) => !isCurrent.has(hook)).map(({ id }) => id)
  return { done: new Set(rows[0]?.done), missed: new Set(missed) }
}

/**
 * The same, after those who hold the automations now.
 *
 * @param mostMs for how long; then nothing is written.
 */
export function insertWaiting(db: Database, events: readonly SaidEvent[], mostMs: number): Promise<Written> {
  return db.transact(async (trx) => {
    const bounded = sql`select set_config('statement_timeout', ${String(mostMs)}, true)`.execute(trx)
    return async () => (await Promise.all([insert(trx, events, true), bounded]))[0]
  })
}
