/** What a pure function made of the texts that it was given last. */
export type Remembered<R> = {
  /** What is known, or is made now. */
  of(text: string): R
  has(text: string): boolean
  /** Takes what was made elsewhere. */
  set(text: string, result: R): void
}

/**
 * Keeps what a pure function makes.
 *
 * @param most how many results are kept.
 */
export function remember<R>(make: (text: string) => R, most: number): Remembered<R> {
  const made = new Map<string, R>()
  const set = (text: string, result: R): void => {
    // A map keeps the order of insertion: what was asked for last goes to its end, and the oldest is at its beginning.
    made.delete(text)
    made.set(text, result)
    const [oldest] = made.keys()
    if (made.size > most && oldest !== undefined) made.delete(oldest)
  }
  return {
    of(text) {
      const result = made.get(text) ?? make(text)
      set(text, result)
      return result
    },
    has: (text) => made.has(text),
    set,
  }
}
