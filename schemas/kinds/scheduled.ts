import { type Static, Type } from '@sinclair/typebox'
import { Action } from '../actions/action.ts'
import { component, ref, stringEnum } from '../component.ts'
import { pauseAfterFailures } from './recovery.ts'

export const OVERLAPS = ['skip', 'buffer_one', 'allow', 'cancel_other'] as const
export const MISSED_POLICIES = ['one', 'skip', 'all'] as const
export type MissedPolicy = (typeof MISSED_POLICIES)[number]

const dateTime = (description: string, example: string) =>
  Type.Optional(Type.String({ format: 'date-time', maxLength: 40, description, example }))

/** When it is due. */
const timing = {
  cron: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      description:
        'Five fields (minute, hour, day of the month, month, weekday) or six, with seconds in front. Names (`MON`, `JAN`), ' +
        '`L` (last), `W` (nearest weekday) and `#` (`MON#2`, the second Monday) may be used. At most one run in 60 seconds. ' +
        'With both a day of the month and a weekday, either one is enough; `+MON` asks for both.',
      example: '0 9 * * MON-FRI',
    }),
  ),
  every: Type.Optional(
    Type.String({
      minLength: 2,
      maxLength: 100,
      description:
        'An ISO 8601 duration of 60 seconds to 100 years, counted from `starts_at`, or else from 1970-01-01. Hours, minutes ' +
        'and seconds are real time; days, weeks, months and years follow the clocks of `timezone`.',
      example: 'PT6H',
    }),
  ),
  at: dateTime('One time, and never again.', '2026-12-24T18:00:00+01:00'),
  timezone: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description:
        'A name of the IANA time zone database, by whose clocks `cron` and `every` are read. Default: `UTC`.',
      example: 'Europe/Berlin',
    }),
  ),
  starts_at: dateTime('Nothing is due before this.', '2026-01-01T00:00:00Z'),
  ends_at: dateTime('Nothing is due after this.', '2026-12-31T23:59:59Z'),
  jitter_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 3600,
      description:
        'Each run is late by the same number of seconds between 0 and this, which follows from the id of the automation, so ' +
        'that many schedules of the same minute spread out. Default: 0.',
      example: 120,
    }),
  ),
}

/** What it does then. */
const effect = {
  channel: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'The channel that `message` is posted to. Short for a `message` action.',
      example: 'general',
    }),
  ),
  message: Type.Optional(
    Type.String({
      maxLength: 10_000,
      description:
        'A Liquid template with `run` and `automation` in scope. Default: a digest of what the automations of the space did ' +
        'since the last run.',
      example: 'Good morning! This is {{ automation.name }}.',
    }),
  ),
  action: Type.Optional(ref(Action)),
}

/** What happens when things go wrong. */
const recovery = {
  overlap: Type.Optional(
    stringEnum(OVERLAPS, {
      description:
        'What happens when it is due while a run of it is still going: `skip` leaves the new one out, `buffer_one` starts it ' +
        'afterwards, `allow` runs both, `cancel_other` cancels the old one. Default: `skip`.',
      example: 'skip',
    }),
  ),
  missed: Type.Optional(
    stringEnum(MISSED_POLICIES, {
      description:
        'What happens with runs that were due while nothing could run: `one` runs once for all of them, `skip` leaves them ' +
        'out, `all` runs each, the last 100 at most. Default: `one`.',
      example: 'one',
    }),
  ),
  catchup_window_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 31_536_000,
      description: 'How long after its time a missed run is still worth running. Default: 86400, a day.',
      example: 3600,
    }),
  ),
  pause_after_failures: pauseAfterFailures,
}

export const ScheduledConfig = component(
  'ScheduledConfig',
  Type.Object(
    { ...timing, ...effect, ...recovery },
    {
      additionalProperties: true,
      description:
        'When a `scheduled` automation runs, and what it does then: its `action`, or else the `message` in the `channel`. ' +
        'Exactly one of `cron`, `every` and `at` is needed before ' +
        'it can be active. Keys that are not listed here are kept and returned.',
      example: {
        cron: '0 9 * * MON-FRI',
        timezone: 'Europe/Berlin',
        channel: 'general',
        message: 'Good morning! This is {{ automation.name }}.',
      },
    },
  ),
)
export type ScheduledConfig = Static<typeof ScheduledConfig>
