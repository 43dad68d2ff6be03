import type { Transaction } from 'kysely'
import { notify } from '../../db/listen.ts'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as dueAutomations from '../../db/queries/due-automations.ts'
import * as webhooks from '../../db/queries/webhooks.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationConfig, AutomationStatus } from '../../schemas/automations.ts'
import { newToken } from '../access/tokens.ts'
import { isSameTiming, nextDue, requireSchedule } from '../clock/schedule.ts'
import { ApiError } from '../errors.ts'
import type { Clock } from '../kinds/kind.ts'
import type { Kinds } from '../kinds/registry.ts'

/** An automation as its sources see it: what is shown, and while active, runs. */
export type Standing = {
  organizationId: string
  id: string
  kind: string
  status: AutomationStatus
  config: AutomationConfig
}

/**
 * The one place where a change of an automation takes hold, whoever makes it: each source of its kind gets its turn. Called in
 * the transaction of the change, once the row of the automation is written.
 *
 * @param before null for one that is new.
 * @param after null for one that is gone: with its row went its plan, its hook and its runs.
 */
export async function changed(
  trx: Transaction<DB>,
  kinds: Kinds,
  before: Standing | null,
  after: Standing | null,
): Promise<void> {
  const standing = after ?? before
  if (standing === null) return
  // What only a newer program on this database knows, it plans and tells itself.
  const { clock, intake, sessions } = kinds.find(standing.kind) ?? {}
  if (clock !== undefined && after !== null) await plan(trx, clock, before, after)
  if (intake !== undefined && before === null) await webhooks.insert(trx, standing, newToken('wh_'))
  if (sessions !== undefined) await notify(trx, sessions.channel, standing.id)
}

/**
 * Plans the next run of what is active, from now on. A change that leaves the times as they are leaves the plan as it is: what is
 * overdue still runs. What a pause covered is not made up for, unless the config wants all that was missed. What is not active
 * has lost its plan with its status (db/queries/automations.ts).
 *
 * @throws ApiError `schedule_over` where there is nothing left to plan.
 */
async function plan(trx: Transaction<DB>, clock: Clock, before: Standing | null, after: Standing): Promise<void> {
  if (after.status !== 'active') return
  const schedule = clock.schedule(after.config)
  if (before?.status === 'active' && isSameTiming(clock.schedule(before.config), schedule)) return
  const isCaughtUp = before?.status === 'paused' && clock.missed(after.config) === 'all'
  const from = isCaughtUp ? await pausedAt(trx, after) : null
  const due = schedule && nextDue(requireSchedule(schedule), after.id, from ?? new Date())
  if (schedule !== null && due === null) throw new ApiError('schedule_over')
  const plan = { id: after.id, next_run_at: due?.at ?? null, next_planned_at: due?.planned ?? null }
  await dueAutomations.update(trx, [plan])
  if (due) await dueAutomations.wake(trx)
}

/** Just before the first time that a pause covered; null where that is not known. */
async function pausedAt(trx: Transaction<DB>, { organizationId, id }: Standing): Promise<Date | null> {
  const planned = await dueAutomations.plannedAt(trx, organizationId, id)
  return planned === null ? automationRuns.lastPlanned(trx, organizationId, id) : new Date(planned.getTime() - 1)
}
