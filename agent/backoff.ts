const FIRST_MS = 500
const MOST_MS = 30_000

/**
 * How long to wait before the next try, in milliseconds: anything up to a bound that doubles from half a second to half a
 * minute ("full jitter"), so that agents that were cut off together do not come back together.
 *
 * @param tries how many have failed since the last that did not.
 */
export function backoff(tries: number, random: () => number = Math.random): number {
  return random() * Math.min(FIRST_MS * 2 ** tries, MOST_MS)
}
