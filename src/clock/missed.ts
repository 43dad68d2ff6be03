import type { MissedPolicy, ScheduleConfig } from '../../schemas/clock.ts'
import { type Due, dueBetween, jitterOf, nextDue, requireSchedule, type Schedule } from './schedule.ts'

/**
 * What to do about everything that fell due since the last planned run. `run` is in order; `skipped` is how many are left
 * out, counted up to {@link MAX_COUNTED}; `next` is the first that is not due yet.
 */
export type Missed = { run: Due[]; skipped: number; next: Due | null }

/** The most runs that `all` makes up for: the latest of them. */
export const MAX_CAUGHT_UP = 100
/** Beyond this many, `skipped` stays where it is: nobody waits for the minutes of a year to be counted. */
export const MAX_COUNTED = 1000
/** A run that starts this much after its time is on time: nobody slept through it. */
const ON_TIME_MS = 60_000
/** What is late by less was not missed: a scheduler never wakes in the very millisecond. The shortest interval there is. */
const GRACE_MS = 60_000

/**
 * What to run of all that was planned from `first` up to `now`: what is on time, and of what was missed as much as the policy
 * says; and what comes after that.
 *
 * @returns `isMakingUp` says whether any of it was missed: then all of it is run, and the policy has said so.
 */
export function dueNow(
  config: ScheduleConfig,
  automationId: string,
  first: Date,
  now: Date,
  policy: MissedPolicy,
): { run: Due[]; isMakingUp: boolean; next: Due | null } {
  const { run, next } = missedRuns(requireSchedule(config), automationId, new Date(first.getTime() - 1), now, policy)
  const isLate = ({ at }: Due) => now.getTime() - at.getTime() > ON_TIME_MS
  return { run: run.map((each) => (isLate(each) ? late(each) : each)), isMakingUp: run.some(isLate), next }
}

function late(each: Due): Due {
  return { ...each, note: [each.note, 'was missed, and runs late'].filter(Boolean).join('; ') }
}

/**
 * Sorts what fell due after `lastPlanned` (a `planned`) and up to `now`, by when each is to start, jitter included.
 *
 * A run that is late by less than a minute runs under every policy. Of what is later, within `catchup_window_seconds`:
 * `one` runs the latest for all of them (none if one is on time), `skip` runs none, `all` runs the latest 100.
 */
export function missedRuns(
  schedule: Schedule,
  automationId: string,
  lastPlanned: Date,
  now: Date,
  policy: MissedPolicy,
): Missed {
  // Jitter is the same for each run of an automation, so "to start by now" is "planned by now minus jitter".
  const cutoff = new Date(now.getTime() - jitterOf(schedule, automationId))
  const window = policy === 'skip' ? 0 : schedule.catchupWindowSeconds * 1000
  const opens = Math.max(lastPlanned.getTime(), cutoff.getTime() - Math.max(window, GRACE_MS) - 1)
  const most = policy === 'all' ? MAX_CAUGHT_UP : 1
  const run = opens < cutoff.getTime() ? latest(schedule, automationId, opens, cutoff, most) : []
  const count = dueBetween(schedule, automationId, lastPlanned, cutoff, MAX_COUNTED + run.length).length
  const considered = lastPlanned > cutoff ? lastPlanned : cutoff
  return { run, skipped: count - run.length, next: nextDue(schedule, automationId, considered) }
}

/**
 * The last `most` runs planned after `opens` (milliseconds) and up to `until`. Schedules can only be walked forwards, so
 * this halves the time in which they lie until no more than that many are left: about 30 short walks for a year.
 */
function latest(schedule: Schedule, automationId: string, opens: number, until: Date, most: number): Due[] {
  const from = (start: number) => dueBetween(schedule, automationId, new Date(start), until, most + 1)
  let found = from(opens)
  if (found.length <= most) return found
  let tooEarly = opens
  let lateEnough = until.getTime()
  found = []
  while (found.length < most && lateEnough - tooEarly > 1) {
    const middle = Math.floor((tooEarly + lateEnough) / 2)
    const here = from(middle)
    if (here.length > most) tooEarly = middle
    else {
      lateEnough = middle
      found = here
    }
  }
  return found
}
