/**
 * Reads something from what one automation has stored. That was right when it was stored, and may be nothing that this release can
 * read, or its keys open: what fails then must be its own, and not what is done together with others.
 *
 * @returns what was read, or a sentence about what is wrong.
 */
export function readStored<T>(read: () => T): { value: T } | { problem: string } {
  try {
    return { value: read() }
  } catch (error) {
    return { problem: `what is stored of it can't be read: ${error instanceof Error ? error.message : String(error)}` }
  }
}
