import { type Kysely, sql, type Transaction } from 'kysely'
import { notify } from '../listen.ts'
import type { DB } from '../types.ts'
import type { AutomationKey } from './run-turns.ts'
import { IS_OPEN, LIVE_SESSIONS, TUNNELS_CHANNEL } from './tunnels.ts'

/** For how long a process counts as there after it last said so, by the clock of the database. */
export const LEASE_SECONDS = 10
/** How long a run outlasts the last session: an agent that comes and goes makes one run. */
const RUN_OUTLASTS_SECONDS = 30

/** Says that this process is there. @returns whether it was not known to be: then its sessions are not known either. */
export async function renewServer(db: Kysely<DB>, server: { id: string; address: string }): Promise<boolean> {
  const { rows } = await sql<{ is_new: boolean }>`
    insert into tunnel_servers (id, address, leased_until)
    values (${server.id}, ${server.address}, now() + make_interval(secs => ${LEASE_SECONDS}))
        on conflict (id) do update set leased_until = excluded.leased_until
    returning xmax = 0 as is_new`.execute(db)
  return rows[0]?.is_new ?? true
}

/** How many processes are there. */
export async function countServers(db: Kysely<DB>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from tunnel_servers where leased_until > now()`.execute(db)
  return rows[0]?.count ?? 0
}

/** Forgets a process, with its sessions. */
export async function removeServer(db: Kysely<DB>, id: string): Promise<void> {
  await db.deleteFrom('tunnel_servers').where('id', '=', id).execute()
}

/** Forgets processes whose lease is long over, with their sessions. */
export async function removeExpiredServers(db: Kysely<DB>): Promise<void> {
  await sql`
    delete from tunnel_servers
     where leased_until < now() - make_interval(secs => ${LEASE_SECONDS})`.execute(db)
}

export type NewSession = {
  id: string
  server_id: string
  organization_id: string
  automation_id: string
  /** By which the agent was let in. */
  token_id: string
  agent_id: string
  agent_name: string | null
  agent_version: string | null
  agent_address: string
  /** host:port of the service behind. */
  target: string
}

/**
 * Writes a session of a tunnel that may have one, and with the first of them the run that lasts as long as there is any.
 *
 * @param runId of that run, if it is to be.
 * @returns false where the tunnel is not open, or the token is not its own any more.
 */
export async function begin(trx: Transaction<DB>, session: NewSession, runId: string): Promise<boolean> {
  const { organization_id, automation_id, token_id } = session
  // In the order in which a deletion takes them.
  await sql`
    select from automations where organization_id = ${organization_id} and id = ${automation_id} for key share`.execute(
    trx,
  )
  const { rows } = await sql<{ run_id: string | null; space_id: string; revision: number; digest: string }>`
    select t.run_id, a.space_id, r.revision, r.digest
      from tunnels t
      join automations a on a.organization_id = t.organization_id and a.id = t.automation_id
      join automation_revisions r
        on r.organization_id = a.organization_id and r.automation_id = a.id and r.revision = a.revision
     where t.organization_id = ${organization_id} and t.automation_id = ${automation_id} and t.token_id = ${token_id}
       and ${IS_OPEN}
       for no key update of t`.execute(trx)
  const [tunnel] = rows
  if (tunnel === undefined) return false
  const { token_id: _, ...row } = session
  await trx.insertInto('tunnel_sessions').values(row).execute()
  if (tunnel.run_id === null) {
    const { space_id, revision, digest } = tunnel
    await sql`
      insert into automation_runs (id, organization_id, space_id, automation_id, revision, digest, trigger, status, attempt,
                                   started_at)
      values (${runId}, ${organization_id}, ${space_id}, ${automation_id}, ${revision}, ${digest}, 'tunnel', 'running', 1,
              now())`.execute(trx)
  }
  await trx
    .updateTable('tunnels')
    .set({ run_id: tunnel.run_id ?? runId, alone_since: null })
    .where('organization_id', '=', organization_id)
    .where('automation_id', '=', automation_id)
    .execute()
  await notify(trx, TUNNELS_CHANNEL, automation_id)
  return true
}

/** Forgets sessions that have ended, or take nothing more, and tells the other processes. */
export async function remove(db: Kysely<DB>, ids: readonly string[]): Promise<void> {
  await sql`
    with removed as (
      delete from tunnel_sessions where id = any(${[...ids]}::uuid[]) returning automation_id
    )
    select pg_notify(${TUNNELS_CHANNEL}, automation_id::text)
      from (select distinct automation_id from removed) each`.execute(db)
}

/** What is known of a session by now. */
export type Look = {
  id: string
  round_trip_ms: number | null
  is_healthy: boolean | null
  health_status: number | null
  health_checked_at: Date | null
}

/** Notes how sessions are. Where the health of one changed, the other processes are told. */
export async function note(db: Kysely<DB>, looks: readonly Look[]): Promise<void> {
  await sql`
    with looked as (
      select l.*, s.is_healthy as was_healthy, s.automation_id
        from json_to_recordset(${JSON.stringify(looks)}::json)
               as l (id uuid, round_trip_ms real, is_healthy boolean, health_status integer, health_checked_at timestamptz)
        join tunnel_sessions s on s.id = l.id
    ), noted as (
      update tunnel_sessions s
         set round_trip_ms = l.round_trip_ms, is_healthy = l.is_healthy, health_status = l.health_status,
             health_checked_at = l.health_checked_at
        from looked l where s.id = l.id
    )
    select pg_notify(${TUNNELS_CHANNEL}, automation_id::text)
      from (select distinct automation_id from looked where was_healthy is distinct from is_healthy) each`.execute(db)
}

/** Notes of tunnels with a run since when no agent is connected, or that one is again. */
export async function noteAlone(db: Kysely<DB>): Promise<void> {
  await sql`
    with has_run as (
      select t.organization_id, t.automation_id, t.alone_since,
             exists (select ${LIVE_SESSIONS}) as is_served
        from tunnels t
       where t.run_id is not null
    )
    update tunnels t
       set alone_since = case when h.is_served then null else now() end
      from has_run h
     where t.organization_id = h.organization_id and t.automation_id = h.automation_id
       and h.is_served = (h.alone_since is not null)`.execute(db)
}

/** Tunnels whose run is over, because no agent has been connected for long enough. */
export async function listOver(db: Kysely<DB>, most: number): Promise<AutomationKey[]> {
  const { rows } = await sql<AutomationKey>`
    select organization_id as "organizationId", automation_id as "automationId"
      from tunnels
     where run_id is not null and alone_since < now() - make_interval(secs => ${RUN_OUTLASTS_SECONDS})
     limit ${most}`.execute(db)
  return rows
}

/** A run of a tunnel that has ended. */
export type OverRun = { automation_id: string; organization_id: string; started_at: Date }

/** Ends the runs of tunnels, of those among them of which that still holds. Their automations are locked. */
export async function endRuns(trx: Transaction<DB>, tunnels: readonly AutomationKey[]): Promise<OverRun[]> {
  const { rows } = await sql<OverRun>`
    with over as (
      select t.organization_id, t.automation_id, t.run_id
        from json_to_recordset(${JSON.stringify(tunnels)}::json) as asked ("organizationId" uuid, "automationId" uuid)
        join tunnels t on t.organization_id = asked."organizationId" and t.automation_id = asked."automationId"
       where t.run_id is not null and t.alone_since < now() - make_interval(secs => ${RUN_OUTLASTS_SECONDS})
       order by t.automation_id
         for no key update of t
    ), freed as (
      update tunnels t set run_id = null, alone_since = null
        from over where t.organization_id = over.organization_id and t.automation_id = over.automation_id
    )
    update automation_runs r
       set status = 'succeeded', finished_at = now()
      from over
     where r.organization_id = over.organization_id and r.id = over.run_id and r.status = 'running'
    returning r.automation_id, r.organization_id, r.started_at`.execute(trx)
  return rows
}
