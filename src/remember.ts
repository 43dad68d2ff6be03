/** What a pure function made of the texts that it was given last. */
export type Remembered<R> = {
  /** What is known, or is made now. */
  of(text: string): R
  has(text: string): boolean
  /** Takes what was made elsewhere. */
  set(text: string, result: R): void
}

/** Keeps the values that were set last. @param most how many. */
export function keepLatest<V>(
  most: number,
): Pick<Map<string, V>, 'get' | 'has' | 'delete'> & { set(key: string, value: V): void } {
  const kept = new Map<string, V>()
  return {
    get: (key) => kept.get(key),
    has: (key) => kept.has(key),
    delete: (key) => kept.delete(key),
    set(key, value) {
      // A map keeps the order of insertion: what is set goes to its end, and the oldest is at its beginning.
      kept.delete(key)
      kept.set(key, value)
      const [oldest] = kept.keys()
      if (kept.size > most && oldest !== undefined) kept.delete(oldest)
    },
  }
}

/**
 * Keeps what a pure function makes.
 *
 * @param most how many results are kept.
 */
export function remember<R>(make: (text: string) => R, most: number): Remembered<R> {
  const made = keepLatest<R>(most)
  return {
    of(text) {
      const result = made.get(text) ?? make(text)
      made.set(text, result)
      return result
    },
    has: made.has,
    set: made.set,
  }
}
