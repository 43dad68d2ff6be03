import type { ScheduleConfig } from '../../schemas/clock.ts'
import type { ErrorDetail } from '../errors.ts'
import { nextDue, parseSchedule } from './schedule.ts'

// A schedule is over when nothing of it is due any more: its one time has passed, or its end.

const AT = 'is over: set a time that is yet to come'
const ENDS_AT = 'leaves nothing to come: set a later one, or leave it out'

/**
 * What keeps a schedule that is over from becoming active, and what to do about it.
 *
 * @param config the config that it was read from. Its path is exact where that says it by the same key.
 */
export function overProblem(schedule: ScheduleConfig, config: Readonly<Record<string, unknown>>): ErrorDetail {
  const { key, message } = whyOver(schedule)
  if (!Object.hasOwn(config, key)) return { path: '/config', message: `${key} ${message}` }
  return { path: `/config/${key}`, message }
}

/** The same in words, if nothing is due after `now`; undefined also for what can't be read, which is another problem. */
export function overWarning(schedule: ScheduleConfig, now: Date): string | undefined {
  const read = parseSchedule(schedule)
  if ('problems' in read || nextDue(read.schedule, '', now) !== null) return undefined
  const { key, message } = whyOver(schedule)
  return `${key} ${message}`
}

function whyOver({ at }: ScheduleConfig): { key: string; message: string } {
  return at === undefined ? { key: 'ends_at', message: ENDS_AT } : { key: 'at', message: AT }
}
