import { createHash } from 'node:crypto'
import type { ScheduleConfig } from '../../schemas/clock.ts'
import { canonicalJson } from '../canonical-json.ts'
import type { ConfigProblem } from '../errors.ts'
import { keepLatest } from '../remember.ts'
import { type CronRule, nextCron, type Planned, parseCron } from './cron.ts'
import { explainDialect } from './cron-dialects.ts'
import { type EveryRule, nextEvery, parseEvery } from './every.ts'
import { zoneName } from './zone.ts'

type Rule = ({ type: 'cron' } & CronRule) | ({ type: 'every' } & EveryRule) | { type: 'at'; at: number }

/** A config that was read and found valid. Instants are milliseconds since the Unix epoch. */
export type Schedule = {
  rule: Rule
  /** The name as the IANA database writes it. */
  timezone: string
  /** Both belong to the schedule: a run may be planned at either. */
  startsAt: number | null
  endsAt: number | null
  jitterSeconds: number
  catchupWindowSeconds: number
}

/** A time to run. `planned` is what the schedule says and `at` is when to start, jitter added; `note` says why it is then. */
export type Due = { at: Date; planned: Date; note: string | null }

const TIMINGS = ['cron', 'every', 'at'] as const
const DEFAULT_CATCHUP_WINDOW_SECONDS = 86_400
/** The last year that RFC 3339 and Postgres write alike. */
const LATEST = Date.UTC(9999, 11, 31)
/** From where a schedule without a beginning is searched for its first run. */
const EARLIEST = Date.UTC(2000, 0, 1)

type Problems = ConfigProblem[]
type Frame = Omit<Schedule, 'rule'>

type Read = { schedule: Readonly<Schedule> } | { problems: readonly ConfigProblem[] }

/** What was read last, by the text of it: each change of an automation asks several times, and looks for the first run each time. */
const READ = keepLatest<Read>(1000)
/** About as long as one is that says anything. */
const MOST_KEPT_LENGTH = 1000

/**
 * Reads when an automation is due. The config has passed its schema; what the schema can't say is checked here,
 * in bounded time whatever it holds. Paths are pointers into it.
 */
export function parseSchedule(config: ScheduleConfig): Read {
  const text = JSON.stringify(config)
  const known = READ.get(text)
  if (known !== undefined) return known
  const read = readSchedule(config)
  if (text.length <= MOST_KEPT_LENGTH) READ.set(text, read)
  return read
}

function readSchedule(config: ScheduleConfig): Read {
  const problems: Problems = []
  const frame = readFrame(config, problems)
  const rule = readRule(config, frame, problems)
  if (!rule || problems.length > 0) return { problems }
  const schedule: Schedule = { rule, ...frame }
  const first = nextDue(schedule, '', new Date((frame.startsAt ?? Math.min(EARLIEST, frame.endsAt ?? EARLIEST)) - 1))
  if (first || rule.type === 'at') return { schedule }
  return { problems: [{ path: `/${rule.type}`, message: 'is never due between starts_at and ends_at' }] }
}

/** Whether two are due at the same times, whatever else they say. */
export function isSameTiming(a: ScheduleConfig | null, b: ScheduleConfig | null): boolean {
  return timingOf(a) === timingOf(b)
}

function timingOf(config: ScheduleConfig | null): string {
  return canonicalJson(config === null ? null : { ...config, catchup_window_seconds: undefined })
}

/**
 * What keeps somebody from saving it: what keeps it from being ever due, and a cron in the dialect of another program. Paths are
 * pointers into it.
 */
export function scheduleProblems(config: ScheduleConfig): readonly ConfigProblem[] {
  const read = parseSchedule(config)
  const problems = 'problems' in read ? read.problems : []
  const message = config.cron === undefined ? undefined : explainDialect(config.cron)
  if (message === undefined) return problems
  return [...problems.filter(({ path }) => path !== '/cron'), { path: '/cron', message }]
}

/** A schedule that must be valid. @throws Error with what is wrong with it. */
export function requireSchedule(config: ScheduleConfig): Schedule {
  const read = parseSchedule(config)
  if ('schedule' in read) return read.schedule
  throw new Error(read.problems.map(({ path, message }) => `${path} ${message}`).join('; '))
}

/**
 * The first run that is planned strictly after `after`, or null if there is none. Pass the `planned` of one run to get the
 * next one: by `at` they may lie up to an hour later.
 */
export function nextDue(schedule: Schedule, automationId: string, after: Date): Due | null {
  const from = Math.max(after.getTime(), (schedule.startsAt ?? Number.NEGATIVE_INFINITY) - 1)
  const planned = nextPlanned(schedule, from)
  if (!planned || planned.at > (schedule.endsAt ?? LATEST)) return null
  return {
    at: new Date(planned.at + jitterOf(schedule, automationId)),
    planned: new Date(planned.at),
    note: planned.note,
  }
}

/** The runs that are planned after `after` and up to `until`, in order, `most` at most. */
export function dueBetween(schedule: Schedule, automationId: string, after: Date, until: Date, most: number): Due[] {
  const found: Due[] = []
  let due = nextDue(schedule, automationId, after)
  while (due && due.planned <= until && found.length < most) {
    found.push(due)
    due = nextDue(schedule, automationId, due.planned)
  }
  return found
}

/**
 * How late each run of an automation starts, in milliseconds: whole seconds between 0 and `jitter_seconds`. A hash of the
 * id, so that a restart, another server and a preview all come to the same time.
 */
export function jitterOf(schedule: Schedule, automationId: string): number {
  if (schedule.jitterSeconds === 0) return 0
  const hash = createHash('sha256').update(automationId).digest().readUInt32BE(0)
  return (hash % (schedule.jitterSeconds + 1)) * 1000
}

function nextPlanned({ rule, timezone }: Schedule, after: number): Planned | null {
  switch (rule.type) {
    case 'cron':
      return nextCron(rule, timezone, after)
    case 'every':
      return nextEvery(rule, timezone, after)
    case 'at':
      return rule.at > after ? { at: rule.at, note: null } : null
  }
}

function readFrame(config: ScheduleConfig, problems: Problems): Frame {
  const timezone = zoneName(config.timezone ?? 'UTC')
  if (!timezone)
    problems.push({ path: '/timezone', message: 'must be a name of the IANA database, such as Europe/Berlin' })
  const startsAt = readInstant(config.starts_at, '/starts_at', problems)
  const endsAt = readInstant(config.ends_at, '/ends_at', problems)
  if (startsAt !== null && endsAt !== null && endsAt < startsAt)
    problems.push({ path: '/ends_at', message: 'must not be before starts_at' })
  return {
    timezone: timezone ?? 'UTC',
    startsAt,
    endsAt,
    jitterSeconds: readSeconds(config.jitter_seconds ?? 0, '/jitter_seconds', problems),
    catchupWindowSeconds: readSeconds(
      config.catchup_window_seconds ?? DEFAULT_CATCHUP_WINDOW_SECONDS,
      '/catchup_window_seconds',
      problems,
    ),
  }
}

function readRule(config: ScheduleConfig, frame: Frame, problems: Problems): Rule | undefined {
  const given = TIMINGS.filter((key) => config[key] !== undefined)
  if (given.length === 0) problems.push({ path: '', message: 'needs one of cron, every and at', isMissing: true })
  for (const key of given.slice(1))
    problems.push({
      path: `/${key}`,
      message: `cannot stand beside ${given[0]}: only one of cron, every and at`,
    })
  if (config.cron !== undefined) return accept(parseCron(config.cron), 'cron', problems)
  if (config.every !== undefined)
    return accept(parseEvery(config.every, frame.timezone, frame.startsAt), 'every', problems)
  const at = readInstant(config.at, '/at', problems)
  if (at === null) return undefined
  if (at < (frame.startsAt ?? at)) problems.push({ path: '/at', message: 'must not be before starts_at' })
  if (at > (frame.endsAt ?? at)) problems.push({ path: '/at', message: 'must not be after ends_at' })
  return { type: 'at', at }
}

function accept<R, T extends 'cron' | 'every'>(read: { rule: R } | { message: string }, type: T, problems: Problems) {
  if ('rule' in read) return { type, ...read.rule }
  problems.push({ path: `/${type}`, message: read.message })
  return undefined
}

/** The schema has said so already, unless what is stored was written without it: then nothing would ever be due. */
function readSeconds(seconds: number, path: string, problems: Problems): number {
  if (!Number.isFinite(seconds)) problems.push({ path, message: 'must be a number of seconds' })
  return seconds
}

function readInstant(text: string | undefined, path: string, problems: Problems): number | null {
  if (text === undefined) return null
  try {
    const at = text.length > 40 ? Number.NaN : Temporal.Instant.from(text).epochMilliseconds
    if (at >= 0 && at <= LATEST) return at
  } catch {
    // the one way in which Temporal says that this is none; reported below
  }
  problems.push({ path, message: 'must be a date and time with an offset, such as 2026-03-29T09:00:00Z, after 1970' })
  return null
}
