const WINDOW_MS = 60_000
const MAX_REMEMBERED = 50_000

/** Counts what each of many does in a minute. */
export class MinuteCounts {
  readonly #counts = new Map<string, { count: number; until: number }>()

  /**
   * Counts one more.
   *
   * @returns undefined where it may be, or in how many seconds the next may.
   */
  exceeds(key: string, most: number, now = Date.now()): number | undefined {
    const known = this.#counts.get(key)
    if (known === undefined || known.until <= now) {
      if (this.#counts.size >= MAX_REMEMBERED) this.#forgetOld(now)
      this.#counts.set(key, { count: 1, until: now + WINDOW_MS })
      return undefined
    }
    known.count++
    return known.count > most ? Math.ceil((known.until - now) / 1000) : undefined
  }

  /** What is over goes; where that is not enough, those who have done least. */
  #forgetOld(now: number): void {
    for (const [key, { until }] of this.#counts) if (until <= now) this.#counts.delete(key)
    if (this.#counts.size < MAX_REMEMBERED) return
    for (const [key, { count }] of this.#counts) if (count === 1) this.#counts.delete(key)
    if (this.#counts.size >= MAX_REMEMBERED) this.#counts.clear()
  }
}
