import { type Kysely, sql, type Transaction } from 'kysely'
import { LARGE_BYTES } from '../large.ts'
import type { DB } from '../types.ts'
import { QUEUED_CHANNEL, type QueueStatement, queueEach } from './run-jobs.ts'
import { isAsSeen, SEEN_COLUMNS, type WebhookState } from './webhooks.ts'

/**
 * An event that has come in at a hook, and what that hook was like when the event was verified. `body` is JSON text.
 */
export type NewEvent = {
  id: string
  hook: WebhookState
  event_key: string | null
  type: string | null
  status: 'accepted' | 'filtered' | 'ignored'
  headers: Record<string, string>
  body: string
  body_bytes: number
  /** Whether U+FFFD stands in it for what can't be stored. */
  body_replaced: boolean
  /** Null where it sets off none. */
  run_id: string | null
  /** The time in its id. */
  received_at: string
}

/** Of the job of a run that an event sets off, its place among those that wait. */
export type RankedRun = { run_id: string; priority: number; tier: string }

/**
 * What was written: the ids of the rows, by those of the events; they differ where one came again that had set off no run. And the
 * ids of the events whose hook is as it was, written or not.
 */
export type Written = { stored: ReadonlyMap<string, string>; current: ReadonlySet<string> }

/**
 * Writes events, their runs and the jobs of these, however many they are: one statement of one text, which is a whole
 * transaction, because it is the round trips that cost (bench/README.md). Left out are events whose key is there already, unless
 * that one has set off no run and this one does; and those whose hook is not as it was when they were verified. The order is the
 * same in every process, so that two batches with the same keys never wait for each other.
 */
export async function insert(
  db: Kysely<DB>,
  events: readonly NewEvent[],
  ranked: readonly RankedRun[],
  queue: QueueStatement,
): Promise<Written> {
  const { numbers, seen } = numbered(events.map(({ hook }) => hook))
  const [first] = events
  // What is large and alone goes as it is, instead of as text within JSON.
  const apart = events.length === 1 && first && first.body_bytes >= LARGE_BYTES ? first.body : null
  const arrived = events.map((event) => ({
    ...event,
    hook: numbers.get(event.hook),
    body: apart === null ? event.body : null,
  }))
  const { rows } = await sql<{ current: number[] | null; stored: [id: string, runId: string | null][] | null }>`
    with current as (
      select h.number, h.revision, h.digest, a.organization_id, a.space_id, a.id as automation_id
        from json_to_recordset(${JSON.stringify(seen)}::json) as h (${SEEN_COLUMNS})
        join webhooks w on w.hook_id = h.hook_id
        join automations a on a.organization_id = w.organization_id and a.id = w.automation_id
       where ${isAsSeen(sql`a`, sql`h`)}
    ), stored as (
      insert into webhook_events as known (id, organization_id, space_id, automation_id, event_key, type, status, headers,
                                           body, body_bytes, body_replaced, run_id, received_at)
      select distinct on (c.automation_id, coalesce(e.event_key, e.id::text))
             e.id, c.organization_id, c.space_id, c.automation_id, e.event_key, e.type, e.status, e.headers,
             coalesce(e.body, ${apart})::json, e.body_bytes, e.body_replaced, e.run_id, e.received_at
        from json_to_recordset(${JSON.stringify(arrived)}::json) as e (
               id uuid, hook integer, event_key text, type text, status text, headers json, body text, body_bytes integer,
               body_replaced boolean, run_id uuid, received_at timestamptz)
        join current c on c.number = e.hook
       order by c.automation_id, coalesce(e.event_key, e.id::text), e.id
          on conflict (organization_id, automation_id, event_key) where event_key is not null
          do update set type = excluded.type, status = excluded.status, headers = excluded.headers, body = excluded.body,
                        body_bytes = excluded.body_bytes, body_replaced = excluded.body_replaced, run_id = excluded.run_id
              where known.run_id is null and excluded.run_id is not null
      returning id, organization_id, space_id, automation_id, run_id
    ), started as (
      insert into automation_runs (id, organization_id, space_id, automation_id, revision, digest, trigger, status, event_id)
      select s.run_id, s.organization_id, s.space_id, s.automation_id, c.revision, c.digest, 'webhook', 'queued', s.id
        from stored s
        join current c using (organization_id, automation_id)
       where s.run_id is not null
      returning id, organization_id
    ), queued as (
      ${queueEach(
        queue,
        sql`(
          select started.id, started.organization_id, ranked.priority, ranked.tier
            from started
            join json_to_recordset(${JSON.stringify(ranked)}::json) as ranked (run_id uuid, priority integer, tier text)
              on ranked.run_id = started.id) as runs`,
      )}
    )
    select (select json_agg(number) from current) as current,
           (select json_agg(json_build_array(id, run_id)) from stored) as stored,
           (select pg_notify(${sql.lit(QUEUED_CHANNEL)}, '') where exists (select from started))`.execute(db)
  const { current, stored } = rows[0] ?? {}
  const isCurrent = new Set<unknown>(current)
  const ofCurrent = arrived.filter(({ hook }) => isCurrent.has(hook)).map(({ id }) => id)
  return { stored: byArrival(events, stored ?? []), current: new Set(ofCurrent) }
}

/** The ids of rows, by those of the events that were written in them. A row that was there already is known by its new run. */
function byArrival(
  events: readonly NewEvent[],
  stored: readonly (readonly [id: string, runId: string | null])[],
): Map<string, string> {
  const ofRun = new Map(events.map(({ run_id, id }) => [run_id, id]))
  return new Map(stored.map(([id, runId]) => [runId === null ? id : (ofRun.get(runId) ?? id), id]))
}

/** Gives hooks numbers. Those that say the same have the same one, so that there is at most one that is current. */
export function numbered(hooks: readonly WebhookState[]) {
  const byText = new Map<string, number>()
  const numbers = new Map<WebhookState, number>()
  const seen: (WebhookState & { number: number })[] = []
  for (const hook of new Set(hooks)) {
    const text = JSON.stringify(hook)
    const number = byText.get(text) ?? seen.push({ number: seen.length, ...hook }) - 1
    byText.set(text, number)
    numbers.set(hook, number)
  }
  return { numbers, seen }
}

export type Known = {
  id: string
  automation_id: string
  event_key: string
  run_id: string | null
}

/** The events of some keys. Uses webhook_events_key. */
export async function listByKey(
  db: Kysely<DB>,
  keys: readonly { organization_id: string; automation_id: string; event_key: string | null }[],
): Promise<Known[]> {
  const { rows } = await sql<Known>`
    select e.id, e.automation_id, e.event_key, e.run_id
      from json_to_recordset(${JSON.stringify(keys)}::json)
             as k (organization_id uuid, automation_id uuid, event_key text)
      join webhook_events e using (organization_id, automation_id, event_key)`.execute(db)
  return rows
}

/** An event as runs see it. `body` is JSON text, of `body_bytes` bytes; null where that is more than was asked for. */
export type RunEvent = {
  id: string
  event_key: string | null
  type: string | null
  headers: unknown
  body: string | null
  body_bytes: number
  received_at: Date
}

/** The events that some runs are for, with bodies of up to so many bytes. What is not there is left out. */
export async function listForRuns(
  db: Kysely<DB>,
  keys: readonly { organization_id: string; automation_id: string; id: string | null }[],
  mostBytes: number,
): Promise<RunEvent[]> {
  const { rows } = await sql<RunEvent>`
    select e.id, e.event_key, e.type, e.headers, e.received_at, e.body_bytes,
           case when e.body_bytes <= ${mostBytes} then e.body::text end as body
      from json_to_recordset(${JSON.stringify(keys)}::json) as k (organization_id uuid, automation_id uuid, id uuid)
      join webhook_events e using (organization_id, automation_id, id)`.execute(db)
  return rows
}

/** The body of an event, as JSON text; undefined where it is not there. */
export async function findBody(
  db: Kysely<DB>,
  { organizationId, automationId, id }: { organizationId: string; automationId: string; id: string },
): Promise<string | undefined> {
  const { rows } = await sql<{ body: string }>`
    select body::text as body from webhook_events
     where organization_id = ${organizationId} and automation_id = ${automationId} and id = ${id}`.execute(db)
  return rows[0]?.body
}

/** Notes the run of events that have set off none before. */
export async function noteRuns(
  trx: Transaction<DB>,
  { organizationId, automationId }: { organizationId: string; automationId: string },
  runs: readonly { event_id: string; run_id: string }[],
): Promise<void> {
  await sql`
    update webhook_events e
       set run_id = r.run_id
      from json_to_recordset(${JSON.stringify(runs)}::json) as r (event_id uuid, run_id uuid)
     where e.organization_id = ${organizationId} and e.automation_id = ${automationId} and e.id = r.event_id
       and e.run_id is null`.execute(trx)
}

/** Removes up to `most` events that came in before a time. @returns how many it removed. */
export async function removeReceived(db: Kysely<DB>, before: Date, most: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from webhook_events e
     using (select organization_id, automation_id, id from webhook_events where received_at < ${before}
             limit ${most} for update skip locked) old
     where e.organization_id = old.organization_id and e.automation_id = old.automation_id and e.id = old.id`.execute(
    db,
  )
  return Number(numAffectedRows)
}
