import type { Transaction } from 'kysely'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as dueAutomations from '../../db/queries/due-automations.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationConfig, AutomationKind, AutomationStatus } from '../../schemas/automations.ts'
import type { Actions } from '../actions/index.ts'
import { ApiError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'

/** What is to be planned: an automation as it stands after a change. */
export type Planned = {
  organizationId: string
  id: string
  kind: AutomationKind
  config: AutomationConfig
  status: AutomationStatus
  /** Whether it was paused before. */
  resumes: boolean
}

/**
 * Holds a config to what its kind can run: whole where it is to become active; elsewhere it may be unfinished, and what
 * is there must be right all the same, so that whoever writes it learns at once.
 *
 * @throws ApiError `invalid_request` with everything that is wrong with the config.
 */
export function requireValid(
  kind: AutomationKind,
  config: AutomationConfig,
  actions: Pick<Actions, 'validate'>,
  { isWhole }: { isWhole: boolean },
): void {
  const problems = KINDS[kind].validate(config, actions).filter(({ isMissing }) => isWhole || !isMissing)
  const details = problems.map(({ path, message }) => ({ path, message }))
  if (details.length > 0) throw new ApiError('invalid_request', { details })
}

/**
 * Plans the next run of what is active and runs by the clock, from now on. What a pause covered is not made up for, unless
 * the config wants all that was missed.
 */
export async function plan(
  trx: Transaction<DB>,
  { organizationId, id, kind, config, status, resumes }: Planned,
): Promise<void> {
  const { timing } = KINDS[kind]
  if (timing === null || status !== 'active') return
  const now = new Date()
  const last = resumes && config.missed === 'all' ? await automationRuns.lastPlanned(trx, organizationId, id) : null
  const due = timing.next(config, id, last ?? now)
  await dueAutomations.update(trx, [{ id, next_run_at: due?.at ?? null, next_planned_at: due?.planned ?? null }])
  if (due) await dueAutomations.wake(trx)
}
