/**
 * Keeps what a pure function made of the texts that it was given last.
 *
 * @param most how many results are kept.
 */
export function remember<R>(make: (text: string) => R, most: number): (text: string) => R {
  const made = new Map<string, R>()
  return (text) => {
    const known = made.get(text)
    const result = known ?? make(text)
    // A map keeps the order of insertion: what was asked for last goes to its end, and the oldest is at its beginning.
    made.delete(text)
    made.set(text, result)
    const [oldest] = made.keys()
    if (made.size > most && oldest !== undefined) made.delete(oldest)
    return result
  }
}
