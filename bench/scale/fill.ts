import { type RawBuilder, sql, type Transaction } from 'kysely'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import type { DB } from '../../db/types.ts'
import { RULES } from '../support/app.ts'
import { progress } from '../support/report.ts'
import { makeSpaces, makeWorkspace, type Workspace } from '../support/workspace.ts'
import { withoutIndexes } from './indexes.ts'

/**
 * How much there is: so many times a large space and a hundred small ones. All that is asked for is the same in each: only
 * what stands around it grows.
 */
export type Shape = { units: number; large: number }

const SMALL_SPACES = 100
const SMALL = 10
/** Runs of each automation, and events of each that is a webhook, which is every other one. */
const RUNS = 10
const EVENTS = 2 * RUNS
const UNITS_OF_ONE = 13
const DAYS = 80
/** What retention removes: so many runs, and as many events. */
export const OLD = 400
export const OLD_DAYS = 100
/** Automations that are due at the same minute, which is before all the others. */
export const DUE = 100
export const DUE_AT = new Date('2026-12-31T23:59:00Z')
/** Proposals of each organization. */
export const PROPOSALS = SMALL_SPACES
/** More runs, and events, of the first webhook. */
const MORE = 1000

/** An organization, its spaces of each size, and its AI staff. */
export type Filled = Workspace & { large: string[]; small: string[]; staffId: string }

export function automationsOf({ units, large }: Shape): number {
  return units * (large + SMALL_SPACES * SMALL)
}

/** Fills an empty database by few large statements, without triggers and foreign keys, and leaves it as it is after a while. */
export async function fill(db: Database, shape: Shape): Promise<Filled[]> {
  const organizations: Filled[] = []
  for (let unit = 0; unit < shape.units; unit += UNITS_OF_ONE)
    organizations.push(await makeOrganization(db, Math.min(UNITS_OF_ONE, shape.units - unit)))
  const step = async (what: string, work: (trx: Transaction<DB>) => Promise<unknown>) => {
    const began = performance.now()
    await db.transaction().execute(async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx)
      await sql`set local maintenance_work_mem = '1GB'`.execute(trx)
      await sql`set local work_mem = '256MB'`.execute(trx)
      await work(trx)
    })
    progress(`scale: ${what}: ${Math.round((performance.now() - began) / 1000)} s`)
  }
  let first = 0
  for (const organization of organizations) {
    const from = first
    await step('automations of an organization', (trx) => insertAutomations(trx, organization, shape, from))
    first += organization.large.length * shape.large + organization.small.length * SMALL
  }
  await step('what is due', makeDue)
  await step('revisions', insertRevisions)
  await step('webhooks and their secrets', insertWebhooks)
  await step('runs', (trx) => withoutIndexes(trx, 'automation_runs', () => inPasses('runs', RUNS, insertRuns(trx))))
  await step('events', (trx) =>
    withoutIndexes(trx, 'webhook_events', () => inPasses('events', EVENTS, insertEvents(trx))),
  )
  for (const table of ['spaces', 'automations', 'automation_revisions', 'automation_runs', 'webhook_events']) {
    await sql`vacuum analyze ${sql.table(table)}`.execute(db)
    progress(`scale: vacuumed ${table}`)
  }
  await sql`vacuum analyze`.execute(db)
  await sql`checkpoint`.execute(db)
  return organizations
}

async function makeOrganization(db: Database, units: number): Promise<Filled> {
  const workspace = await makeWorkspace(db, 1)
  const large = await makeSpaces(db, workspace, units)
  const small = await makeSpaces(db, workspace, units * SMALL_SPACES)
  const [staffId, userId] = [newId(), newId()]
  const organization_id = workspace.organizationId
  await db.insertInto('users').values({ id: userId, display_name: 'Staff' }).execute()
  const staff = { id: staffId, organization_id, user_id: userId, name: 'Staff', created_by: workspace.userId }
  await db
    .insertInto('service_accounts')
    .values({ ...staff, token_hash: Buffer.from(staffId) })
    .execute()
  return { ...workspace, large, small, staffId }
}

async function inPasses(what: string, passes: number, insert: (pass: number) => Promise<unknown>): Promise<void> {
  for (let pass = 0; pass < passes; pass++) {
    await insert(pass)
    progress(`scale: ${what}: ${pass + 1} of ${passes} parts`)
  }
}

/** A UUID of version 7 of a time, the same for the same name. */
function idOf(at: RawBuilder<unknown>, name: RawBuilder<unknown>): RawBuilder<string> {
  const time = sql`lpad(to_hex((extract(epoch from ${at}) * 1000)::bigint), 12, '0')`
  return sql<string>`(${time} || '7' || substr(md5(${name}), 1, 3) || '8' || substr(md5(${name}), 4, 15))::uuid`
}

const DIGEST = (id: RawBuilder<unknown>) => sql`'sha256:' || encode(sha256(${id}::text::bytea), 'hex')`

/** Nine of ten are active, and every other one is a webhook. The last of the first small spaces are proposals. */
function insertAutomations(trx: Transaction<DB>, organization: Filled, { large }: Shape, first: number) {
  const { organizationId, userId, staffId } = organization
  const active = sql`(status = 'active')`
  const person = sql`case when status <> 'pending_approval' then ${userId}::uuid end`
  return sql`
    insert into automations (id, organization_id, space_id, kind, status, revision, approved_digest, created_by_user_id,
                             created_by_service_account_id, owner_user_id, next_run_at, next_planned_at, checked_by,
                             created_at, updated_at)
    select id, ${organizationId}::uuid, space_id, kind, status, 1,
           case when ${active} then ${DIGEST(sql`id`)} end, ${person},
           case when status = 'pending_approval' then ${staffId}::uuid end, ${person}, planned, planned, ${RULES},
           made, case when status = 'pending_approval' then now() - make_interval(mins => (n % 1000)::integer) else made end
      from (select space_id, n, made, kind, status, ${idOf(sql`made`, sql`n::text`)} as id,
                   case when ${active} and kind = 'scheduled'
                        then ${DUE_AT}::timestamptz + make_interval(mins => 1, secs => n * 7919 % 604800) end as planned
              from (select space_id, n, now() - make_interval(days => ${DAYS}, secs => n * 7919 % 31536000) as made,
                           case n % 2 when 0 then 'scheduled' else 'webhook' end as kind,
                           case when is_proposal then 'pending_approval' when n % 10 = 3 then 'paused' else 'active' end as status
                      from (select space_id, is_proposal, ${first}::integer + row_number() over () as n
                              from (select s.id as space_id, false as is_proposal
                                      from unnest(${organization.large}::uuid[]) as s (id), generate_series(1, ${large}::integer)
                                     union all
                                    select s.id, s.place <= ${PROPOSALS}::integer and i = ${SMALL}::integer
                                      from unnest(${organization.small}::uuid[]) with ordinality as s (id, place),
                                           generate_series(1, ${SMALL}::integer) as i) of_spaces) numbered) described) named`.execute(
    trx,
  )
}

function makeDue(trx: Transaction<DB>) {
  return sql`
    update automations set next_run_at = ${DUE_AT}, next_planned_at = ${DUE_AT}
     where id in (select id from automations where next_run_at is not null order by id limit ${DUE}::integer)`.execute(
    trx,
  )
}

function insertRevisions(trx: Transaction<DB>) {
  const config = '{"cron": "0 9 * * MON", "channel": "general", "message": "Report of {{ run.scheduled_for }}"}'
  return sql`
    insert into automation_revisions (organization_id, automation_id, revision, name, config, digest, authored_by_user_id,
                                      authored_by_service_account_id, created_at)
    select organization_id, id, 1, 'Weekly digest', ${config}::json, ${DIGEST(sql`id`)}, created_by_user_id,
           created_by_service_account_id, created_at
      from automations order by organization_id, id`.execute(trx)
}

async function insertWebhooks(trx: Transaction<DB>): Promise<void> {
  await sql`
    insert into webhooks (hook_id, organization_id, automation_id)
    select 'wh_' || id, organization_id, id from automations where kind = 'webhook' order by organization_id, id`.execute(
    trx,
  )
  await sql`
    insert into automation_secrets (id, organization_id, automation_id, slot, version, ciphertext)
    select ${idOf(sql`created_at`, sql`id::text || 'secret'`)}, organization_id, id, 'webhook', 1, 'k1.nonce.text.tag'
      from automations where kind = 'webhook' order by organization_id, id`.execute(trx)
}

/** One of each automation, in the order of time, and some of the first webhook. Both are numbered from 1 on. */
function numbered(pass: number, passes: number) {
  const of = sql`from automations where ${passes === RUNS} or kind = 'webhook'`
  const all = sql`(select count(*) ${of})`
  return sql`(
    select id, organization_id, space_id, kind, ${all} as of_all, n, n + ${pass}::bigint * ${all} as number
      from (select id, organization_id, space_id, kind, row_number() over (order by id) as n ${of}) a
     union all
    select id, organization_id, space_id, kind, ${MORE}, 0, ${pass * (MORE / passes)}::bigint + i
      from (select * from automations where kind = 'webhook' order by id limit 1) a,
           generate_series(1, ${MORE / passes}::integer) as i) a`
}

/** When it came: retention removes the first, if they are not of the one that has more. */
function cameAt(passes: number) {
  return sql`date_trunc('milliseconds', now() - make_interval(
    days => case when n between 1 and ${OLD}::integer and number = n then ${OLD_DAYS}::integer else 0 end,
    secs => ${DAYS * 86_400}::float8 * (1 - number / (of_all * ${passes}::float8 + 1))))`
}

/** Of one that came: `n` is 0 for those of the one that has more. */
const NAME = sql`(id::text || ':' || n || ':' || number)`
const eventId = idOf(sql`came`, sql`'event' || ${NAME}`)

function insertRuns(trx: Transaction<DB>) {
  return (pass: number) =>
    sql`
      insert into automation_runs (id, organization_id, space_id, automation_id, revision, digest, trigger, status, attempt,
                                   scheduled_for, started_at, finished_at, error_message, event_id, created_at)
      select ${idOf(sql`came`, sql`'run' || ${NAME}`)}, organization_id, space_id, id, 1, ${DIGEST(sql`id`)},
             case kind when 'webhook' then 'webhook' else 'schedule' end, case number % 50 when 0 then 'failed' else 'succeeded' end, 1,
             case kind when 'scheduled' then came end, came, came + interval '1 second',
             case number % 50 when 0 then 'the host did not answer' end, case kind when 'webhook' then ${eventId} end, came
        from (select a.*, ${cameAt(RUNS)} as came from ${numbered(pass, RUNS)}) a`.execute(trx)
}

function insertEvents(trx: Transaction<DB>) {
  return (pass: number) =>
    sql`
      insert into webhook_events (id, organization_id, space_id, automation_id, event_key, type, status, headers, body, body_bytes,
                                  run_id, received_at)
      select ${eventId}, organization_id, space_id, id, 'msg_' || substr(md5(${NAME}), 1, 20), 'invoice.paid',
             'accepted', '{"content-type": "application/json"}', '{"type": "invoice.paid", "data": {"id": 7}}', 43,
             ${idOf(sql`came`, sql`'run' || ${NAME}`)}, came
        from (select a.*, ${cameAt(EVENTS)} as came from ${numbered(pass, EVENTS)}) a`.execute(trx)
}
