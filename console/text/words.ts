import { type ChangeObject, diffWordsWithSpace } from 'diff'

/** A piece of two texts that are read together, from a place on: in both, or in one of the two alone. */
export type Word = { at: number; text: string; in: 'both' | 'before' | 'after' }

/** So long it may take, in milliseconds: a page that stands still helps nobody. */
const MAX_MS = 100
/** Where less than this of two texts is the same, marks would only confuse. */
const LEAST_SHARED = 0.3

/**
 * What of two texts differs, word by word, in the order in which it is read.
 *
 * @returns undefined where they have too little in common for that to help, or where it would take too long.
 */
export function wordsOf(before: string, after: string): Word[] | undefined {
  const parts: ChangeObject<string>[] | undefined = diffWordsWithSpace(before, after, { timeout: MAX_MS })
  if (parts === undefined) return undefined
  const shared = parts.reduce((sum, { added, removed, value }) => sum + (added || removed ? 0 : value.length), 0)
  if (shared < LEAST_SHARED * Math.max(before.length, after.length)) return undefined
  let at = 0
  return parts.map(({ added, removed, value }) => {
    const word: Word = { at, text: value, in: added ? 'after' : removed ? 'before' : 'both' }
    at += value.length
    return word
  })
}
