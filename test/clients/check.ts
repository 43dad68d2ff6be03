let count = 0

/** Ends the program where something is not as the contract says. */
export function check(what: string, isSo: boolean): asserts isSo {
  if (!isSo) throw new Error(`not so: ${what}`)
  count++
}

/** A value that must be there. */
export function given<T>(what: string, value: T | null | undefined): T {
  check(what, value !== null && value !== undefined)
  return value as T
}

/** What the runner reads. */
export function done(): void {
  console.log(`${count} checks`)
}
