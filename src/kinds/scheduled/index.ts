import type { AutomationConfig } from '../../../schemas/automations.ts'
import { ScheduledConfig } from '../../../schemas/kinds/scheduled.ts'
import type { Actions } from '../../actions/index.ts'
import type { ConfigProblem } from '../../errors.ts'
import { schemaProblems } from '../../schema-problems.ts'
import type { ActionConfig, Kind } from '../kind.ts'
import { missedRuns } from './missed.ts'
import { previewSchedule } from './preview.ts'
import { type Due, nextDue, parseSchedule, type Schedule } from './schedule.ts'

const DEFAULT_CHANNEL = 'general'
/** A run that starts this much after its time is on time: nobody slept through it. */
const ON_TIME_MS = 60_000

/** `scheduled`: by the clock, with a message or another action. */
export const scheduled: Kind = {
  kind: 'scheduled',
  schema: ScheduledConfig,
  validate,
  timing: {
    next: (config, automationId, after) => nextDue(scheduleOf(config), automationId, after),
    due,
    overlap: (config) => known(config).overlap ?? 'skip',
  },
  intake: null,
  preview: (config, automationId, now) => previewSchedule(scheduleOf(config), automationId, now),
  action,
  pauseAfterFailures: (config) => known(config).pause_after_failures ?? null,
}

function validate(config: AutomationConfig, actions: Pick<Actions, 'validate'>): ConfigProblem[] {
  const wrong = schemaProblems(ScheduledConfig, config)
  if (wrong.length > 0) return wrong.map((problem) => ({ ...problem, path: `/config${problem.path}` }))
  const parsed = parseSchedule(known(config))
  const own = known(config).action !== undefined
  const at = (path: string) => (own ? `/config/action${path}` : `/config${path.replace('/text', '/message')}`)
  return [
    ...('problems' in parsed ? parsed.problems : []),
    ...actions.validate(action(config)).map((problem) => ({ ...problem, path: at(problem.path) })),
  ]
}

function action(config: AutomationConfig): ActionConfig {
  const { action: other, channel = DEFAULT_CHANNEL, message } = known(config)
  if (other !== undefined) return { type: '', ...(typeof other === 'object' ? other : {}) }
  return { type: 'message', channel, ...(message === undefined ? {} : { text: message }) }
}

function due(config: AutomationConfig, automationId: string, first: Date, now: Date) {
  const { missed = 'one' } = known(config)
  const { run, next } = missedRuns(scheduleOf(config), automationId, new Date(first.getTime() - 1), now, missed)
  return { run: run.map((each) => (now.getTime() - each.at.getTime() > ON_TIME_MS ? late(each) : each)), next }
}

function late(each: Due): Due {
  return { ...each, note: [each.note, 'was missed, and runs late'].filter(Boolean).join('; ') }
}

function scheduleOf(config: AutomationConfig): Schedule {
  const parsed = parseSchedule(known(config))
  if ('problems' in parsed) throw new Error(parsed.problems.map(({ path, message }) => `${path} ${message}`).join('; '))
  return parsed.schedule
}

/** The keys that this kind knows; they are typed once the config has been validated. */
function known(config: AutomationConfig): ScheduledConfig {
  return config as ScheduledConfig
}
