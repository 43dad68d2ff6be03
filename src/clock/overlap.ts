import type { MissedPolicy, Overlap } from '../../schemas/clock.ts'
import { MAX_CAUGHT_UP } from './missed.ts'

/** What becomes of a time that is due: its run begins, waits until those before it have ended, or is skipped. */
export type Place = 'begins' | 'waits' | 'skipped'

/** How many runs of an automation are open, how many of these have not begun, and how many of those await their turn. */
export type Open = { all: number; queued: number; waiting: number }

/**
 * Places the times of one automation that are due at once, in their order, behind the runs that are open.
 *
 * What was missed is run because `missed` says so, and waits its turn where it would overlap; so does what came due behind it.
 * `overlap` alone decides on what is on time. Where it is `cancel_other`, nothing is open any more when this is asked.
 */
export function placesOf(
  due: { count: number; isMakingUp: boolean },
  open: Open,
  { overlap, missed }: { overlap: Overlap; missed: MissedPolicy },
): Place[] {
  const mostWaiting = missed === 'all' ? MAX_CAUGHT_UP : 1
  let { all, queued, waiting } = open
  return Array.from({ length: due.count }, () => {
    if (overlap === 'allow' || all === 0) {
      all++
      queued++
      return 'begins'
    }
    const mayWait = due.isMakingUp ? waiting < mostWaiting : overlap === 'buffer_one' && queued === 0
    if (!mayWait) return 'skipped'
    all++
    queued++
    waiting++
    return 'waits'
  })
}
