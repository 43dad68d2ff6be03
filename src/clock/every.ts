import type { Planned } from './cron.ts'
import { noteRepeated, noteSkipped, resolve } from './zone.ts'

/** A repetition at equal distances, counted from `anchor` (milliseconds). */
export type EveryRule = {
  anchor: number
  /** Years, months, weeks and days, which follow the clocks of the zone; null where there are none. */
  calendar: { years: number; months: number; weeks: number; days: number } | null
  /** Hours, minutes and seconds, which are real time, in milliseconds. */
  exact: number
  /** How long one takes on average, in milliseconds. */
  average: number
}

const SECOND = 1000
const DAY = 86_400 * SECOND
const MONTH = 30.436875 * DAY // of the Gregorian calendar, over 400 years
const LONGEST = 100 * 12 * MONTH

/**
 * Reads an ISO 8601 duration between a minute and a hundred years. Without a `startsAt` (milliseconds) it counts from the
 * Unix epoch; one of days or longer counts from what the clocks of the zone showed as 1970-01-01T00:00, so that `P1D` is
 * due at midnight there.
 */
export function parseEvery(
  text: string,
  zone: string,
  startsAt: number | null,
): { rule: EveryRule } | { message: string } {
  const duration = readDuration(text)
  if (!duration) return { message: 'must be an ISO 8601 duration, such as PT15M, PT6H, P1D or P1M' }
  const { years, months, weeks, days } = duration
  const exact = duration.hours * 3600 * SECOND + duration.minutes * 60 * SECOND + duration.seconds * SECOND
  const average = (years * 12 + months) * MONTH + (weeks * 7 + days) * DAY + exact
  if (duration.milliseconds || duration.microseconds || duration.nanoseconds)
    return { message: 'must be whole seconds' }
  if (average < 60 * SECOND) return { message: 'must be 60 seconds or longer' }
  if (average > LONGEST) return { message: 'must be 100 years or shorter' }
  const calendar = average > exact ? { years, months, weeks, days } : null
  const anchor = startsAt ?? (calendar ? resolve(0, zone).at : 0)
  return { rule: { anchor, calendar, exact, average } }
}

/** The first run after an instant (milliseconds). There is always one. */
export function nextEvery(rule: EveryRule, zone: string, after: number): Planned {
  const elapsed = (after - rule.anchor) / rule.average
  if (!rule.calendar) return { at: rule.anchor + Math.max(0, Math.floor(elapsed) + 1) * rule.exact, note: null }
  // The average is off by some days a year and by a day where a zone moved across the date line: less than three periods.
  for (let n = Math.max(0, Math.floor(elapsed) - 3); ; n++) {
    const planned = occurrence(rule, rule.calendar, zone, n)
    if (planned.at > after) return planned
  }
}

/** Counted from the anchor and not from the one before, so that a month of 28 days does not move all that follow. */
function occurrence(
  rule: EveryRule,
  { years, months, weeks, days }: NonNullable<EveryRule['calendar']>,
  zone: string,
  n: number,
): Planned {
  if (n === 0) return { at: rule.anchor, note: null }
  const anchor = Temporal.Instant.fromEpochMilliseconds(rule.anchor).toZonedDateTimeISO(zone).toPlainDateTime()
  const moved = anchor.add({ years: years * n, months: months * n, weeks: weeks * n, days: days * n })
  const wall = moved.toZonedDateTime('UTC').epochMilliseconds
  const { at, occurs } = resolve(wall, zone)
  const planned = at + rule.exact * n
  if (rule.exact > 0 || occurs === 'once') return { at: planned, note: null }
  return { at: planned, note: occurs === 'never' ? noteSkipped(wall, at, zone) : noteRepeated(wall, zone, 'the first') }
}

function readDuration(text: string): Temporal.Duration | undefined {
  if (text.length > 100) return undefined
  try {
    const duration = Temporal.Duration.from(text)
    return duration.sign < 0 ? undefined : duration
  } catch {
    return undefined // the one way in which Temporal says that this is none
  }
}
