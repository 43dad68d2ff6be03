import type { ScheduledConfig } from '../../../schemas/kinds/scheduled.ts'
import { dueBetween, parseSchedule, type Schedule, scheduleProblems } from '../../../src/clock/schedule.ts'
import { localTime } from '../../../src/clock/zone.ts'

export const ID = '018e1234-abcd-7000-8000-0000000000a0'

/** The schedule of a config that must be valid. */
export function scheduleOf(config: ScheduledConfig): Schedule {
  const read = parseSchedule(config)
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.schedule
}

/** What is wrong with a config, as `path: message`. */
export function problemsOf(config: ScheduledConfig): string[] {
  return scheduleProblems(config).map(({ path, message }) => `${path}: ${message}`)
}

/** The local times planned after `after` and up to `until`, with offsets. */
export function localRuns(config: ScheduledConfig, after: string, until: string, most = 100): string[] {
  const schedule = scheduleOf(config)
  const runs = dueBetween(schedule, ID, new Date(after), new Date(until), most)
  return runs.map(({ planned }) => localTime(planned.getTime(), schedule.timezone))
}

/** The notes of the same runs, without those that have none. */
export function notes(config: ScheduledConfig, after: string, until: string): string[] {
  const runs = dueBetween(scheduleOf(config), ID, new Date(after), new Date(until), 100)
  return runs.flatMap(({ note }) => (note === null ? [] : [note]))
}
