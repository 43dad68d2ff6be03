import { type ScheduledConfig, scheduledSchema } from '../../../schemas/kinds/scheduled.ts'
import { scheduleProblems } from '../../clock/schedule.ts'
import type { Config, Kind } from '../kind.ts'
import { messageOrAction, messageOrActionProblems } from '../message-or-action.ts'

/** `scheduled`: by the clock, with a message or another action. */
export const scheduled: Kind = {
  schema: scheduledSchema,
  problems: (config, facts) => [
    ...scheduleProblems(known(config)).map((problem) => ({ ...problem, path: `/config${problem.path}` })),
    ...messageOrActionProblems(known(config), messageOrAction(known(config)), facts),
  ],
  effect: (config) => messageOrAction(known(config)),
  pauseAfterFailures: (config) => known(config).pause_after_failures ?? null,
  clock: {
    schedule(config) {
      const { cron, every, at, timezone, starts_at, ends_at, jitter_seconds, catchup_window_seconds } = known(config)
      return { cron, every, at, timezone, starts_at, ends_at, jitter_seconds, catchup_window_seconds }
    },
    overlap: (config) => known(config).overlap ?? 'skip',
    missed: (config) => known(config).missed ?? 'one',
  },
}

function known(config: Config): ScheduledConfig {
  return config as ScheduledConfig
}
