import { type Due, dueBetween, jitterOf, type Schedule } from './schedule.ts'
import { localTime } from './zone.ts'

/** One run to come: in UTC, by the clocks of the zone (RFC 3339), and why it is then if that is not plain. */
export type PlannedRun = { at_utc: string; at_local: string; note: string | null }
export type SchedulePreview = { next_runs: PlannedRun[]; warnings: string[] }

const SHOWN = 10
const DAY = 86_400_000
const MANY_A_DAY = 24

/** What a reviewer should know before letting a schedule run: its next ten runs, and what may surprise. */
export function previewSchedule(schedule: Schedule, automationId: string, now: Date): SchedulePreview {
  const end = new Date(8.64e15) // the last Date there is
  const started = new Date(now.getTime() - jitterOf(schedule, automationId)) // planned before now, and yet to start
  const next = dueBetween(schedule, automationId, started, end, SHOWN)
  return {
    next_runs: next.map(({ at, note }) => ({
      at_utc: at.toISOString(),
      at_local: localTime(at.getTime(), schedule.timezone),
      note,
    })),
    warnings: warningsFor(schedule, automationId, next),
  }
}

function warningsFor(schedule: Schedule, automationId: string, next: Due[]): string[] {
  const [first] = next
  if (!first) return ['its times are over: it can’t become active, and never runs again']
  const warnings: string[] = []
  const dayLater = new Date(first.planned.getTime() + DAY - 1)
  const daily = 1 + dueBetween(schedule, automationId, first.planned, dayLater, 1440).length
  if (daily > MANY_A_DAY) warnings.push(`it runs ${daily} times within a day`)
  if (next.length < SHOWN && schedule.rule.type !== 'at') {
    const last = next.at(-1) ?? first
    const left = next.length === 1 ? '1 run is' : `${next.length} runs are`
    warnings.push(`it ends soon: ${left} left, the last at ${localTime(last.at.getTime(), schedule.timezone)}`)
  }
  const shortest = shortestInterval(next)
  if (schedule.jitterSeconds > shortest)
    warnings.push(
      `jitter_seconds is larger than the ${shortest} seconds between two runs: a run may start after the next was due`,
    )
  return warnings
}

function shortestInterval(runs: Due[]): number {
  const starts = runs.map((due) => due.planned.getTime() / 1000)
  return Math.min(...starts.slice(1).map((start, i) => start - (starts[i] ?? start)))
}
