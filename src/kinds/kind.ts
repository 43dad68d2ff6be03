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
export type KindPreview = {
  next_runs: { at_utc: string; at_local: string; note: string | null }[]
  warnings: string[]
}

/** A request from outside before anything in it is believed. Header names in lower case; `bytes` exactly as they came. */
export type Delivery = { headers: Readonly<Record<string, string | undefined>>; bytes: Buffer }

/** What a request said. */
export type ReceivedEvent = {
  /** What its sender calls it; null where it does not say. */
  key: string | null
  type: string | null
  /** Those that may be kept. */
  headers: Record<string, string>
  /** As JSON text. */
  body: string
  /** Whether the config wants a run for it. */
  wanted: boolean
}

/** How a kind takes events from outside. Configs are valid ones. */
export type Intake = {
  /** Whether its senders prove themselves with a secret. */
  needsSecret(config: AutomationConfig): boolean
  makeSecret(config: AutomationConfig): string
  /** What keeps a text from being a secret, or undefined. */
  secretProblem(config: AutomationConfig, secret: string): string | undefined
  /**
   * Whether a request is from whom it should be from. It takes the same work whatever is wrong with it.
   *
   * @param secrets the present one and the one before, while they hold; none refuses whatever needs one.
   */
  verify(config: AutomationConfig, delivery: Delivery, secrets: readonly string[], now: Date): boolean
  /**
   * What a verified request says: an event, or a question whether anybody is there.
   *
   * @throws ApiError where it can't be understood or stored.
   */
  read(config: AutomationConfig, delivery: Delivery): ReceivedEvent | { challenge: string }
  /** For how many seconds a sender waits for the result of the run; null where it does not. */
  waitSeconds(config: AutomationConfig): number | null
  /** An event for a preview. */
  example(config: AutomationConfig): { type: string | null; body: unknown }
}

/** One way of setting an automation off. A folder each; the registry is src/kinds/index.ts. */
export type Kind = {
  kind: AutomationKind
  /** The named component of its config. */
  schema: TSchema & { $id: string }
  /** Everything that keeps a config from running. Paths begin with `/config`. */
  validate(config: AutomationConfig, actions: Pick<Actions, 'validate'>): ConfigProblem[]
  timing: Timing | null
  /** Null for a kind that takes no events from outside. */
  intake: Intake | null
  /** When it would run next, for a kind with a clock, and what a reviewer should know. */
  preview(config: AutomationConfig, automationId: string, now: Date): KindPreview
  /** What a run does; null where this kind can't run yet. */
  action(config: AutomationConfig): ActionConfig | null
  /** After how many failures in a row it is paused; null for never. */
  pauseAfterFailures(config: AutomationConfig): number | null
}
