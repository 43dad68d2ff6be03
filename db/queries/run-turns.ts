import { sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'

// Runs that await their turn have no job yet. One gets it when every other run of its automation that has one has ended, so
// those who end runs hold the automation locked: two of them at once would each see the other's run still open.

/** An automation, of whichever space. */
export type AutomationKey = { organizationId: string; automationId: string }

/** Each of some automations once. */
export function distinct(keys: readonly AutomationKey[]): AutomationKey[] {
  const byId = new Map(keys.map(({ organizationId, automationId }) => [automationId, { organizationId, automationId }]))
  return [...byId.values()]
}

/** A run whose turn has come. */
export type Turn = { id: string; organization_id: string; automation_id: string }

/**
 * Gives its turn to one run of each of some automations that the transaction holds locked: the earliest on the schedule that
 * awaits it, where no other is open. Uses automation_runs_awaiting_idx and automation_runs_open_idx.
 */
export async function take(trx: Transaction<DB>, automations: readonly AutomationKey[]): Promise<Turn[]> {
  const { rows } = await sql<Turn>`
    with next as (
      select distinct on (w.organization_id, w.automation_id) w.id
        from json_to_recordset(${JSON.stringify(distinct(automations))}::json) as asked ("organizationId" uuid, "automationId" uuid)
        join automation_runs w
          on w.organization_id = asked."organizationId" and w.automation_id = asked."automationId"
         and w.awaits_turn and w.status = 'queued'
       where not exists (
               select from automation_runs o
                where o.organization_id = w.organization_id and o.automation_id = w.automation_id
                  and o.status in ('queued', 'running') and not o.awaits_turn)
       order by w.organization_id, w.automation_id, w.scheduled_for
    )
    update automation_runs r set awaits_turn = false from next where r.id = next.id
    returning r.id, r.organization_id, r.automation_id`.execute(trx)
  return rows
}

/**
 * Locks up to `most` automations of which runs await their turn although no other is open: a worker of a release that knows no
 * turns ended the one before. What somebody else holds is passed over.
 */
export async function lockForgotten(trx: Transaction<DB>, most: number): Promise<AutomationKey[]> {
  const { rows } = await sql<AutomationKey>`
    select a.organization_id as "organizationId", a.id as "automationId"
      from automations a
     where exists (
             select from automation_runs w
              where w.organization_id = a.organization_id and w.automation_id = a.id
                and w.awaits_turn and w.status = 'queued')
       and not exists (
             select from automation_runs o
              where o.organization_id = a.organization_id and o.automation_id = a.id
                and o.status in ('queued', 'running') and not o.awaits_turn)
     limit ${most}
       for no key update of a skip locked`.execute(trx)
  return rows
}
