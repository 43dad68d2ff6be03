import t, { type Test } from 'tap'
import { dueBetween, nextDue } from '../../src/clock/schedule.ts'
import { ID, scheduleOf } from '../src/clock/support.ts'

// A second way to the same answer, by brute force: every real minute of a year is looked at, with the offsets of Intl and a
// cron matcher that knows numbers, lists, ranges and steps. It holds no code of the program, of croner or of Temporal.
const MINUTE = 60_000
const QUARTER = 15 * MINUTE

type Year = { first: number; walls: number[] }

/** Wall time of each minute of a year in a zone, as minutes since 1970. No zone changes its clocks off the quarter hour. */
function wallMinutes(zone: string, year: number): Year {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' })
  const first = Date.UTC(year, 0, 1)
  const walls: number[] = []
  for (let at = first; at < Date.UTC(year + 1, 0, 1); at += QUARTER) {
    const name = format.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? ''
    const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? []
    const offset = (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0))
    for (let i = 0; i < 15; i++) walls.push(at / MINUTE + i + offset)
  }
  return { first, walls }
}

function takes(field: string, least: number, most: number): Set<number> {
  const values = new Set<number>()
  for (const part of field.split(',')) {
    const [range = '', step = '1'] = part.split('/')
    const [from = least, to = from] = range === '*' ? [least, most] : range.split('-').map(Number)
    for (let value = from; value <= to; value += Number(step)) values.add(value)
  }
  return values
}

/** Whether a wall minute matches. Of two day fields either is enough, unless one begins with a star. */
function matcher(cron: string): (wall: number) => boolean {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = cron.split(' ')
  const minutes = takes(minute, 0, 59)
  const hours = takes(hour, 0, 23)
  const days = takes(day, 1, 31)
  const months = takes(month, 1, 12)
  const weekdays = takes(weekday, 0, 6)
  return (wall) => {
    if (!minutes.has(wall % 60) || !hours.has(Math.floor(wall / 60) % 24)) return false
    const date = new Date(wall * MINUTE)
    const isDay = days.has(date.getUTCDate())
    const isWeekday = weekdays.has(date.getUTCDay())
    const isDue = day.startsWith('*') || weekday.startsWith('*') ? isDay && isWeekday : isDay || isWeekday
    return isDue && months.has(date.getUTCMonth() + 1)
  }
}

/** What a person expects of each real minute: see the table in docs/scheduling.md. */
function expected(cron: string, { first, walls }: Year): number[] {
  const matches = matcher(cron)
  const hour = cron.split(' ')[1] ?? ''
  const due: number[] = []
  let latest = (walls[0] ?? 0) - 1
  for (const [i, wall] of walls.entries()) {
    let isDue = matches(wall) && (wall > latest || hour.startsWith('*'))
    if (hour !== '*') for (let skipped = latest + 1; skipped < wall; skipped++) isDue ||= matches(skipped)
    if (isDue) due.push(first + i * MINUTE)
    latest = Math.max(latest, wall)
  }
  return due
}

/** The day before and behind each clock change within the year, and where it has none the first two. */
function changes({ first, walls }: Year): [from: number, until: number][] {
  const jumps = walls.flatMap((wall, i) => (i > 0 && wall !== (walls[i - 1] ?? 0) + 1 ? [i] : []))
  const day = 24 * 60
  const last = first + walls.length * MINUTE
  return (jumps.length > 0 ? jumps : [day]).map((i) => [
    first + (i - day) * MINUTE,
    Math.min(first + (i + day) * MINUTE, last),
  ])
}

/** These run so often that the days around clock changes must do. */
const DENSE = ['* * * * *', '*/7 * * * *', '* */2 * * *', '* 0-3 * * *']
const CRONS = [
  '30 * * * *',
  '0 */2 * * *',
  '20,50 */3 * * *',
  '0 0 * * *',
  '30 2 * * *',
  '30 1,2,3 * * *',
  '*/15 2 * * *',
  '*/10 0-3 * * 0',
  '59 23 31 * *',
  '0 9 30 * *',
  '45 1 29 3,10 *',
  '0 0 */2 * 1',
  '0 0 13 * 5',
]
const YEARS = [
  ['UTC', 2028],
  ['Europe/Berlin', 2026],
  ['America/New_York', 2026],
  ['Australia/Lord_Howe', 2026],
  ['Asia/Kolkata', 2026],
  ['Pacific/Apia', 2011],
  ['America/Sao_Paulo', 2018],
  ['America/Havana', 2026],
  ['Africa/Casablanca', 2026],
] as const

type Found = { cron: string; zone: string; from: number; until: number; wanted: number[] }

function compare(t: Test, { cron, zone, from, until, wanted }: Found) {
  const found = dueBetween(scheduleOf({ cron, timezone: zone }), ID, new Date(from - 1), new Date(until - 1), 600_000)
  const wrong = wanted.findIndex((at, i) => found[i]?.planned.getTime() !== at)
  const first =
    wrong < 0 ? '' : `: ${found[wrong]?.planned.toISOString()} for ${new Date(wanted[wrong] ?? 0).toISOString()}`
  t.equal(wrong, -1, `${cron}${first}`)
  t.equal(found.length, wanted.length, `${cron} runs ${wanted.length} times`)
}

for (const [zone, year] of YEARS)
  t.test(`a year of minutes in ${zone} has no gap and no double`, async (t) => {
    const minutes = wallMinutes(zone, year)
    const end = minutes.first + minutes.walls.length * MINUTE
    for (const cron of CRONS) {
      const wanted = expected(cron, minutes)
      compare(t, { cron, zone, from: minutes.first, until: end, wanted })
      t.equal(
        wrongAnswers(cron, zone, minutes.first, wanted),
        0,
        `${cron}: the next one is the first behind any instant`,
      )
    }
    for (const cron of DENSE)
      for (const [from, until] of changes(minutes)) {
        const wanted = expected(cron, minutes).filter((at) => at >= from && at < until)
        compare(t, { cron, zone, from, until, wanted })
      }
  })

/** Asks each 7 h 41 m 19 s of a year, which meets every hour of the day and those of clock changes too. */
function wrongAnswers(cron: string, zone: string, first: number, wanted: number[]): number {
  const schedule = scheduleOf({ cron, timezone: zone })
  let wrong = 0
  let next = 0
  for (let at = first; at < (wanted.at(-1) ?? 0); at += 27_679_000) {
    while ((wanted[next] ?? Number.POSITIVE_INFINITY) <= at) next++
    if (nextDue(schedule, ID, new Date(at))?.planned.getTime() !== wanted[next]) wrong++
  }
  return wrong
}
