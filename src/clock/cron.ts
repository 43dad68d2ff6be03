import { Cron, CronPattern } from 'croner'
import { remember } from '../remember.ts'
import { type ClockChange, changeAfter, changeUpTo, noteRepeated, noteSkipped, offsetAt } from './zone.ts'

/** A cron expression, and how it takes clock changes. */
export type CronRule = {
  /** Walks from one wall time that matches to the next; knows of no zone. */
  walk: Cron
  /** A time that occurs twice runs twice: the hour field begins with a star, which is an interval and no time of day. */
  runsRepeated: boolean
  /** A time that is skipped runs right behind the gap. Not where every hour has its run anyway. */
  runsSkipped: boolean
}

/** A planned run: an instant in milliseconds, and why it is then if that is not plain. */
export type Planned = { at: number; note: string | null }

export const MAX_CRON_LENGTH = 500
/** Many are due at nine, by few expressions, and reading one costs more than finding its next time (bench/README.md). */
const MAX_REMEMBERED = 200
const DAY = 86_400_000
const NAMES = 'SUN MON TUE WED THU FRI SAT JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ')
const MODE = { mode: '5-or-6-parts' } as const
/** The fields of a cron expression, in order, and what they take. */
const FIELDS = {
  second: '0 to 59',
  minute: '0 to 59',
  hour: '0 to 23',
  'day of the month': '1 to 31, L, LW, 15W',
  month: '1 to 12, JAN to DEC',
  weekday: '0 to 7, SUN to SAT, FRIL, MON#2',
}

/**
 * Reads a cron expression of five fields, six with seconds in front, or a nickname (`@daily`). Anything that is wrong with
 * it, and anything that comes more than once a minute or never, is a message for people. Bounded: at most 500 characters.
 * Takes `?` for `*` too, which was once accepted and may be stored; explainDialect (cron-dialects.ts) refuses it.
 */
export function parseCron(text: string): { rule: CronRule } | { message: string } {
  if (text.length > MAX_CRON_LENGTH) return { message: `must not be longer than ${MAX_CRON_LENGTH} characters` }
  return PARSED.of(text)
}

const PARSED = remember(parse, MAX_REMEMBERED)

function parse(text: string): { rule: CronRule } | { message: string } {
  const wrong = checkText(text)
  if (wrong) return { message: wrong }
  const pattern = attempt(text)
  if (!pattern) return { message: explain(text) }
  if (pattern.second.filter(Boolean).length > 1) return { message: 'fires more often than once in 60 seconds' }
  const hours = pattern.hour.filter(Boolean).length
  const isStepped = hours > 1 && /^[*?]/.test(fieldsOf(text).at(-4) ?? '')
  const walk = new Cron(text, { ...MODE, utcOffset: 0, domAndDow: needsBothDays(text) })
  if (!walk.nextRun(new Date(0))) return { message: 'never fires: no date matches' }
  return { rule: { walk, runsRepeated: hours === 24 || isStepped, runsSkipped: hours < 24 } }
}

/**
 * The first run after an instant (milliseconds), or null if there is none.
 *
 * croner walks plain calendar time here and the clock changes are laid over it in this function: its own rule takes every
 * minute step for an interval, so `0-59/15 2 * * *` has no run on the day that skips 02:00 and eight on the day that repeats it,
 * and what falls on a date that a zone leaves out (Apia, 2011-12-30) is dropped. It is also ten times faster.
 */
export function nextCron(rule: CronRule, zone: string, after: number): Planned | null {
  let start = after + 1
  for (;;) {
    const offset = offsetAt(start, zone)
    const wall = rule.walk.nextRun(new Date(start + offset - 1))?.getTime()
    if (wall === undefined) return null
    const at = wall - offset
    const change = changeAfter(start, zone)
    if (!change || at < change.at) {
      const repeated = secondPass(at, wall, zone)
      if (!repeated || rule.runsRepeated) return { at, note: noteFor(rule, zone, { wall, change, repeated }) }
      start = repeated.at + repeated.before - repeated.after
    } else if (rule.runsSkipped && wall < change.at + change.after) {
      return { at: change.at, note: noteSkipped(wall, change.at, zone) }
    } else {
      // Up to a day of clocks put back may lie ahead, in which earlier wall times match again: no jump before that is over.
      start = change.at - after < 2 * DAY ? change.at : Math.max(change.at, wall - 2 * DAY)
    }
  }
}

/** The clock change behind which this instant shows a wall time for the second time. */
function secondPass(at: number, wall: number, zone: string): ClockChange | null {
  const change = changeUpTo(at, zone)
  return change && wall < change.at + change.before ? change : null
}

type Place = { wall: number; change: ClockChange | null; repeated: ClockChange | null }

function noteFor(rule: CronRule, zone: string, { wall, change, repeated }: Place): string | null {
  if (repeated) return noteRepeated(wall, zone, 'both, this is the second')
  if (!change || wall < change.at + change.after) return null
  return noteRepeated(wall, zone, rule.runsRepeated ? 'both, this is the first' : 'the first')
}

/**
 * Whether the day of the month and the weekday must both match, as in crontab(5): where either field begins with a star. For
 * croner it must be nothing but a star.
 */
function needsBothDays(text: string): boolean {
  const fields = fieldsOf(text)
  return [fields.at(-3), fields.at(-1)].some((field) => /^[*?]/.test(field ?? ''))
}

/** What must hold before croner may see a text: it takes one with a colon for a date. */
function checkText(text: string): string | undefined {
  if (!/^[\w*?/,#+@\- \t]*$/.test(text)) return 'may hold letters, digits, spaces and * / , - # + ? @ only'
  const count = fieldsOf(text).length
  if (text.includes('@') || count === 5 || count === 6) return undefined
  return `must have 5 fields (minute, hour, day of the month, month, weekday) or 6 (second in front), not ${count}`
}

/** The fields of an expression, whatever they hold. */
export function fieldsOf(text: string): string[] {
  return text.split(/[ \t]+/).filter(Boolean)
}

/** The pattern, or undefined where croner refuses it; its reasons name its own indexes and are not for people. */
function attempt(text: string): CronPattern | undefined {
  try {
    return new CronPattern(text, undefined, MODE)
  } catch {
    return undefined
  }
}

/** Finds the field that is at fault, by trying each alone, and says what it takes. */
function explain(text: string): string {
  if (text.includes('@')) return 'is no known nickname: @hourly, @daily, @weekly, @monthly and @yearly are'
  const fields = fieldsOf(text)
  const names = Object.entries(FIELDS).slice(-fields.length)
  const order = fields.length === 6 ? '; six fields begin with the second' : ''
  for (const [i, [name, takes]] of names.entries()) {
    const field = fields[i] ?? ''
    if (attempt(names.map((_, j) => (i === j ? field : '*')).join(' '))) continue
    const shown = field.length > 40 ? `${field.slice(0, 40)}…` : field
    const wraps = field.split(',').find(isBackwards)
    if (wraps)
      return `the ${name} "${shown}" is not valid: a range goes upwards, so "${wraps}" is two with a comma between`
    return `the ${name} "${shown}" is not valid: it takes ${takes}, lists (1,3), ranges (1-5) and steps (*/2 or 1-5/2)${order}`
  }
  return 'is not a cron expression'
}

/** Whether a part of a list is a range that begins behind its end, such as `FRI-MON` or `22-6`. */
function isBackwards(part: string): boolean {
  const [, from = '', to = ''] = /^(\w{1,3})-(\w{1,3})(?:\/\d+)?$/.exec(part) ?? []
  const place = (value: string) => (/^\d/.test(value) ? Number(value) : NAMES.indexOf(value.toUpperCase()))
  return place(from) >= 0 && place(to) >= 0 && place(from) > place(to)
}
