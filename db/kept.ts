import { LRUCache } from 'lru-cache'

/** What was read last, and the stamp that the database had for it then. */
export type Kept<R> = { stamp: string; value: R }

/** About what an entry takes besides its characters, in bytes. */
const ENTRY = 512
/** One in so many that come where there is no room. */
const ADMITTED = 8

/**
 * What was read before, for statements that say whether it is still the same in place of reading it anew (docs/adr/0018). Nothing of it may be
 * shown before a statement that was sent after the request came in has said so.
 *
 * Where there is no room, few are let in: whoever reads more than fits, one after another, would have each pushed out before it is asked
 * for again, and pay for all of that. What is asked for often comes in soon.
 *
 * @param most characters in all.
 * @param mostEach characters of one value; what is larger is not kept.
 */
export function createKept<R>(most: number, mostEach: number) {
  const all = new LRUCache<string, Kept<R>>({ maxSize: most, maxEntrySize: mostEach })
  return {
    get: (key: string): Kept<R> | undefined => all.get(key),
    /** @param size characters of the value. */
    keep(key: string, kept: Kept<R>, size: number): void {
      const weight = size + key.length + ENTRY
      const isRoom = all.has(key) || all.calculatedSize + weight <= most
      if (isRoom || Math.random() * ADMITTED < 1) all.set(key, kept, { size: weight })
    },
  }
}
