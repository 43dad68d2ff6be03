import type { Transaction } from 'kysely'
import { notify } from '../../db/listen.ts'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import type { Planned } from '../../db/queries/automations.ts'
import * as dueAutomations from '../../db/queries/due-automations.ts'
import * as tunnels from '../../db/queries/tunnels.ts'
import * as webhooks from '../../db/queries/webhooks.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationConfig, AutomationStatus } from '../../schemas/automations.ts'
import { newToken } from '../access/tokens.ts'
import { overProblem } from '../clock/over.ts'
import { type Due, isSameTiming, nextDue, parseSchedule, type Schedule } from '../clock/schedule.ts'
import { ApiError } from '../errors.ts'
import type { Clock, Sessions } from '../kinds/kind.ts'
import type { Kinds } from '../kinds/registry.ts'
import type { Problems } from './content.ts'
import { nameTunnel } from './tunnel-name.ts'

/** An automation as its sources see it: what is shown, and while active, runs. */
export type Standing = {
  organizationId: string
  id: string
  kind: string
  status: AutomationStatus
  config: AutomationConfig
  /** What keeps it from running, although it may be active. */
  problems: Problems
}

/** When the row of a changed automation is due; nothing where that stays as it is. */
export type Plan = Partial<Planned>

/**
 * The one place where a change of an automation takes hold, whoever makes it: it is planned, its row is written, and each source of its
 * kind gets its turn. Called in the transaction of the change.
 *
 * @param before null for one that is new.
 * @param after null for one that is gone: with its row goes its plan, its hook and its runs.
 * @param write writes the row, with its plan.
 * @throws ApiError `schedule_over` where it becomes active, or gets other times while it is, and is never due again;
 * `subdomain_taken`
 */
export async function changed(
  trx: Transaction<DB>,
  kinds: Kinds,
  before: Standing | null,
  after: Standing | null,
  write: (plan: Plan) => Promise<void>,
): Promise<void> {
  const standing = after ?? before
  if (standing === null) return
  // What only a newer program on this database knows, it plans and tells itself.
  const { clock, intake, sessions } = kinds.find(standing.kind) ?? {}
  const plan = clock !== undefined && after !== null ? await planOf(trx, clock, before, after) : {}
  await Promise.all([
    write(plan),
    isSoon(plan) && dueAutomations.wake(trx),
    intake !== undefined && before === null && webhooks.insert(trx, standing, newToken('wh_')),
  ])
  if (sessions !== undefined) await name(trx, sessions, before, after)
  if (sessions !== undefined) await notify(trx, tunnels.TUNNELS_CHANNEL, standing.id)
}

/** Makes the tunnel of what is new, and gives it the name that its config asks for, or another once that asks for another. */
async function name(
  trx: Transaction<DB>,
  sessions: Sessions,
  before: Standing | null,
  after: Standing | null,
): Promise<void> {
  if (after === null) return
  const owner = { organizationId: after.organizationId, automationId: after.id }
  const { subdomain } = sessions.opening(after.config)
  if (before === null) await tunnels.insert(trx, owner)
  else if (sessions.opening(before.config).subdomain === subdomain) return
  await nameTunnel(trx, owner, subdomain)
}

/** Whether schedulers have to be told, because they may sleep until after it is due. */
function isSoon({ next_run_at }: Plan): boolean {
  return next_run_at instanceof Date && next_run_at.getTime() < Date.now() + 2 * dueAutomations.MAX_SLEEP_MS
}

/**
 * Plans the next run of what is active and whole, from now on. A change that leaves the times as they are leaves the plan as it is:
 * what is overdue still runs. What a pause covered is not made up for, unless the config wants all that was missed; nor is what
 * passed while it was not whole. What is not active has lost its plan with its status (db/queries/automations.ts).
 *
 * @throws ApiError `schedule_over` where nothing is due any more.
 */
async function planOf(trx: Transaction<DB>, clock: Clock, before: Standing | null, after: Standing): Promise<Plan> {
  if (after.status !== 'active') return {}
  const schedule = clock.schedule(after.config)
  const isSame = before?.status === 'active' && isSameTiming(clock.schedule(before.config), schedule)
  if (isSame && isWhole(before) === isWhole(after)) return {}
  const read = schedule && parseSchedule(schedule)
  const hasTimes = read !== null && 'schedule' in read
  const due = hasTimes ? await firstDue(trx, clock, read.schedule, before, after) : null
  // It would be active and do nothing. Whoever lets it run hears of that; whoever makes it whole has not asked for times.
  if (hasTimes && due === null && !isSame)
    throw new ApiError('schedule_over', { details: [overProblem(schedule ?? {}, after.config)] })
  const planned = isWhole(after) ? due : null
  return { next_run_at: planned?.at ?? null, next_planned_at: planned?.planned ?? null }
}

function isWhole({ problems }: Standing): boolean {
  return problems.length === 0
}

/** When it is due first, once it is active. */
async function firstDue(
  trx: Transaction<DB>,
  clock: Clock,
  schedule: Schedule,
  before: Standing | null,
  after: Standing,
): Promise<Due | null> {
  const isCaughtUp = before?.status === 'paused' && clock.missed(after.config) === 'all'
  const from = isCaughtUp ? await pausedAt(trx, after, schedule) : null
  return nextDue(schedule, after.id, from ?? new Date())
}

/** Just before the first time that a pause covered and that is still made up for; null where that is not known. */
async function pausedAt(
  trx: Transaction<DB>,
  { organizationId, id }: Standing,
  { catchupWindowSeconds }: Schedule,
): Promise<Date | null> {
  const planned = await dueAutomations.plannedAt(trx, organizationId, id)
  const first =
    planned === null ? await automationRuns.lastPlanned(trx, organizationId, id) : new Date(planned.getTime() - 1)
  if (first === null) return null
  return new Date(Math.max(first.getTime(), Date.now() - catchupWindowSeconds * 1000))
}
