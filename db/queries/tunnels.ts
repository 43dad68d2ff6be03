import { type Kysely, sql, type Transaction, type UpdateObject } from 'kysely'
import { isoTime, type JsonText, jsonText } from '../json.ts'
import { notify } from '../listen.ts'
import { prepared } from '../prepared.ts'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'
import type { Owner } from './automation-secrets.ts'

/** On this channel whoever holds sessions hears the id of each automation whose tunnel, or whose sessions, changed. */
export const TUNNELS_CHANNEL = 'hyperspeed_tunnels'

/** A session that another process holds. */
export type Elsewhere = {
  /** Of the process: host:port. */
  address: string
  agent_id: string
  target: string
  is_healthy: boolean | null
}

/** A tunnel as those who serve it need to know it. */
export type TunnelState = {
  automation_id: string
  organization_id: string
  kind: string
  subdomain: string
  is_open: boolean
  config: unknown
  token_id: string | null
  /** SHA-256 in hexadecimal digits. */
  access_token_hash: string | null
  elsewhere: Elsewhere[]
}

/** SQL: whether an automation `a` is active with exactly what a person let run, its content `r`, and whole. */
export const IS_OPEN = sql<boolean>`(a.status = 'active' and a.approved_digest = r.digest and a.problems is null)`
/** SQL: the sessions `s` of a tunnel `t`, of processes `v` that are there. */
export const LIVE_SESSIONS = sql`
  from tunnel_sessions s
  join tunnel_servers v on v.id = s.server_id and v.leased_until > now()
 where s.organization_id = t.organization_id and s.automation_id = t.automation_id`

type Wanted = { ids: string[]; subdomains: string[]; serverId: string }

const findMany = prepared<Wanted, TunnelState>(
  (param) => sql<TunnelState>`
    with wanted as (
      select t.* from tunnels t where t.automation_id = any(${param('ids')}::uuid[])
       union
      select t.* from tunnel_names n
        join tunnels t on t.organization_id = n.organization_id and t.automation_id = n.automation_id
       where n.subdomain = any(${param('subdomains')}::text[])
    )
    select t.automation_id, t.organization_id, a.kind, n.subdomain, ${IS_OPEN} as is_open, r.config, t.token_id, encode(t.access_token_hash, 'hex') as access_token_hash,
           (select coalesce(json_agg(json_build_object(
                     'address', v.address, 'agent_id', s.agent_id, 'target', s.target, 'is_healthy', s.is_healthy)), '[]')
              ${LIVE_SESSIONS}
               and s.server_id <> ${param('serverId')}::uuid) as elsewhere
      from wanted t
      join tunnel_names n on n.organization_id = t.organization_id and n.automation_id = t.automation_id
      join automations a on a.organization_id = t.organization_id and a.id = t.automation_id
      join automation_revisions r
        on r.organization_id = a.organization_id and r.automation_id = a.id and r.revision = a.revision`,
)

/** The tunnels of some ids and names. What is not there is left out. @param serverId whose own sessions are left out. */
export async function list(
  db: Kysely<DB>,
  {
    ids = [],
    subdomains = [],
    serverId,
  }: { ids?: readonly string[]; subdomains?: readonly string[]; serverId: string },
): Promise<TunnelState[]> {
  return findMany(db, { ids: [...ids], subdomains: [...subdomains], serverId })
}

/** Makes the tunnel of an automation, which has no tokens yet. */
export async function insert(trx: Transaction<DB>, { organizationId, automationId }: Owner): Promise<void> {
  await trx.insertInto('tunnels').values({ organization_id: organizationId, automation_id: automationId }).execute()
}

/** Which automation's agents have a token; undefined for one that holds no more. */
export async function findByToken(
  db: Kysely<DB>,
  tokenHash: Buffer,
): Promise<{ automation_id: string; token_id: string } | undefined> {
  const row = await db
    .selectFrom('tunnels')
    .select(['automation_id', sql<string>`token_id`.as('token_id')])
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst()
  return row
}

/** Sets the token of the agents of a tunnel in place of the one before. @returns false where there is no such tunnel. */
export async function setToken(
  trx: Transaction<DB>,
  owner: Owner,
  token: { id: string; hash: Buffer },
): Promise<boolean> {
  return update(trx, owner, { token_id: token.id, token_hash: token.hash, token_set_at: sql<Date>`now()` })
}

/** Sets the token of its visitors likewise. */
export async function setAccessToken(trx: Transaction<DB>, owner: Owner, hash: Buffer): Promise<boolean> {
  return update(trx, owner, { access_token_hash: hash, access_token_set_at: sql<Date>`now()` })
}

async function update(
  trx: Transaction<DB>,
  { organizationId, automationId }: Owner,
  values: UpdateObject<DB, 'tunnels'>,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('tunnels')
    .set(values)
    .where('organization_id', '=', organizationId)
    .where('automation_id', '=', automationId)
    .executeTakeFirst()
  if (numUpdatedRows === 1n) await notify(trx, TUNNELS_CHANNEL, automationId)
  return numUpdatedRows === 1n
}

/** What passed through a tunnel since the last time. Bytes are those of bodies, and of upgraded connections. */
export type Passed = { automation_id: string; requests: number; bytes_in: number; bytes_out: number }

/** Adds what passed through tunnels. */
export async function count(db: Kysely<DB>, passed: readonly Passed[]): Promise<void> {
  await sql`
    update tunnels t
       set requests = t.requests + p.requests, bytes_in = t.bytes_in + p.bytes_in, bytes_out = t.bytes_out + p.bytes_out
      from json_to_recordset(${JSON.stringify(passed)}::json)
             as p (automation_id uuid, requests bigint, bytes_in bigint, bytes_out bigint)
     where t.automation_id = p.automation_id`.execute(db)
}

/** A tunnel of a space as the API shows it; undefined for an automation that has none. @param url of tunnels, with `*` for the name. */
export async function show(db: Kysely<DB>, space: Space, id: string, url: string): Promise<JsonText | undefined> {
  const { rows } = await sql<{ json: string }>`
    select json_build_object(
             'url', replace(${url}, '*', n.subdomain),
             'state', case when ${IS_OPEN} is not true then 'paused'
                           when agents.list is null then 'disconnected' else 'connected' end,
             'token_set_at', ${isoTime('t.token_set_at')},
             'access_token_set_at', ${isoTime('t.access_token_set_at')},
             'run_id', t.run_id,
             'agents', coalesce(agents.list, '[]'),
             'requests', t.requests,
             'bytes_in', t.bytes_in,
             'bytes_out', t.bytes_out)::text as json
      from tunnels t
      join tunnel_names n on n.organization_id = t.organization_id and n.automation_id = t.automation_id
      join automations a on a.organization_id = t.organization_id and a.id = t.automation_id
      join automation_revisions r
        on r.organization_id = a.organization_id and r.automation_id = a.id and r.revision = a.revision
     cross join lateral (
             select json_agg(agent order by agent.connected_at, agent.id) as list
               from (select s.agent_id as id, max(s.agent_name) as name, max(s.agent_version) as version,
                            max(s.agent_address) as address, max(s.target) as target,
                            ${isoTime(sql`min(s.connected_at)`)} as connected_at,
                            count(*)::integer as sessions, count(distinct s.server_id)::integer as servers,
                            round(min(s.round_trip_ms)::numeric, 1)::float8 as round_trip_ms,
                            bool_and(s.is_healthy) as is_healthy,
                            (array_agg(s.health_status order by s.health_checked_at desc nulls last))[1] as health_status,
                            ${isoTime(sql`max(s.health_checked_at)`)} as health_checked_at
                       ${LIVE_SESSIONS}
                      group by s.agent_id) agent
           ) agents
     where t.organization_id = ${space.organizationId} and a.space_id = ${space.id} and t.automation_id = ${id}`.execute(
    db,
  )
  const [row] = rows
  return row && jsonText(row.json)
}
