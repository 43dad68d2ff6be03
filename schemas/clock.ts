import { type Static, Type } from '@sinclair/typebox'

export const OVERLAPS = ['skip', 'buffer_one', 'allow', 'cancel_other'] as const
/** What may happen while a run of the same automation is not done. */
export type Overlap = (typeof OVERLAPS)[number]

export const MISSED_POLICIES = ['one', 'skip', 'all'] as const
/** What becomes of the runs that were due while nothing could run. */
export type MissedPolicy = (typeof MISSED_POLICIES)[number]

const dateTime = (description: string, example: string) =>
  Type.Optional(Type.String({ format: 'date-time', maxLength: 40, description, example }))

/** When something is due, for the configs of kinds that run by the clock. */
export const timing = {
  cron: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      description:
        'Five fields (minute, hour, day of the month, month, weekday) or six, with seconds in front. Names (`MON`, `JAN`), ' +
        '`L` (last), `W` (nearest weekday) and `#` (`MON#2`, the second Monday) may be used. At most one run in 60 seconds. ' +
        'With both a day of the month and a weekday, either one is enough; both must match where one of them begins with `*` ' +
        '(`*/2`), and with `+MON`. A `?` and a year, as EventBridge and Quartz have them, are refused.',
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

const Schedule = Type.Object({
  ...timing,
  catchup_window_seconds: Type.Optional(Type.Integer()),
})

type Given = Static<typeof Schedule>

/** When something is due, and how long after its time a missed run is still worth running. Plain data. */
export type ScheduleConfig = { [Key in keyof Given]?: Given[Key] | undefined }
