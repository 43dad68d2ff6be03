import type { TSchema } from '@sinclair/typebox'
import type { AutomationConfig, AutomationKind } from '../../schemas/automations.ts'
import type { Actions } from '../actions/index.ts'
import type { ConfigProblem } from '../errors.ts'
import type { Due } from './scheduled/schedule.ts'

export type { Due }

/** What sets an action off, in words that the registry of actions understands. */
export type ActionConfig = { type: string } & Record<string, unknown>

/** What may happen while a run of the same automation is not done. */
export type Overlap = 'skip' | 'buffer_one' | 'allow' | 'cancel_other'

/** How a kind runs by the clock. Times are parameters; nothing here reads the clock. */
export type Timing = {
  /** The first time after `after` (on the schedule, without jitter); null where there is none. */
  next(config: AutomationConfig, automationId: string, after: Date): Due | null
  /**
   * What to run of all that was planned from `first` up to `now`: what is on time, and of what was missed as much as the
   * config says; and what comes after that.
   */
  due(config: AutomationConfig, automationId: string, first: Date, now: Date): { run: Due[]; next: Due | null }
  overlap(config: AutomationConfig): Overlap
}

/** The next runs, and warnings. */
export type TimingPreview = {
  next_runs: { at_utc: string; at_local: string; note: string | null }[]
  warnings: string[]
}

/** One way of setting an automation off. A folder each; the registry is src/kinds/index.ts. */
export type Kind = {
  kind: AutomationKind
  /** The named component of its config. */
  schema: TSchema & { $id: string }
  /** Everything that keeps a config from running. Paths begin with `/config`. */
  validate(config: AutomationConfig, actions: Pick<Actions, 'validate'>): ConfigProblem[]
  timing: Timing | null
  /** When it would run next, and what a reviewer should know of that; nothing for a kind without a clock. */
  previewTiming(config: AutomationConfig, automationId: string, now: Date): TimingPreview
  /** What a run does; null where this kind can't run yet. */
  action(config: AutomationConfig): ActionConfig | null
  /** After how many failures in a row it is paused; null for never. */
  pauseAfterFailures(config: AutomationConfig): number | null
}
