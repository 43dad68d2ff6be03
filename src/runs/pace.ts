/** What one automation may queue at once, and then each second, before runs of others go before its own. */
const BURST = 100
const PER_SECOND = 10
/** However much one automation queues, a run of it stands behind nothing that is queued so much later. */
const MAX_LATE_MS = 15 * 60_000
const FORGET_EVERY_MS = 1000
/** Priorities are integers of 32 bits: counted in seconds from here, they last for 68 years. */
const EPOCH = Date.UTC(2026, 0, 1)

/** Where a run stands among those that wait. */
export type Rank = {
  /** The higher goes first. */
  priority: number
  /** `later` for what is more than its automation may queue before others. */
  tier: 'first' | 'later'
}

/** Gives the next run of an automation its rank. @param due when it may begin, in milliseconds since 1970. */
export type Pace = (automationId: string, due?: number) => Rank

/**
 * Ranks runs by when they may begin, and what one automation queues beyond its pace as if it came later, by so much that it comes
 * at that pace. So others, which queue little, go before the rest of a flood; and nothing of it waits for ever, because its rank
 * stays while time goes on. It is an order and no limit: what nobody else stands before begins at once.
 *
 * Each process counts what it queues itself, and forgets it when it ends: a rank is right without others knowing of it.
 */
export function createPace(now: () => number = Date.now): Pace {
  // Until when what each has queued would last at that pace.
  const lasting = new Map<string, number>()
  let forgotten = 0
  const forget = (time: number) => {
    for (const [id, until] of lasting) if (until <= time) lasting.delete(id)
    forgotten = time
  }
  return (automationId, due) => {
    const time = now()
    if (Math.abs(time - forgotten) >= FORGET_EVERY_MS) forget(time)
    const until = Math.max(lasting.get(automationId) ?? time, time) + 1000 / PER_SECOND
    const late = Math.max(until - time - (BURST * 1000) / PER_SECOND, 0)
    if (late < MAX_LATE_MS) lasting.set(automationId, until)
    return {
      priority: -Math.floor((Math.max(due ?? time, time) + Math.min(late, MAX_LATE_MS) - EPOCH) / 1000),
      tier: late > 0 ? 'later' : 'first',
    }
  }
}
