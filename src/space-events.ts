import { setTimeout as wait } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import * as spaceEvents from '../db/queries/space-events.ts'
import type { DB } from '../db/types.ts'
import type { Space } from './access/actor.ts'
import { type Bell, createBell } from './bell.ts'

/** How long events are kept for those who were away, in milliseconds. */
export const EVENTS_KEPT_MS = 24 * 60 * 60_000

const BATCH = 200

export type FeedOptions = {
  db: Kysely<DB>
  /** Milliseconds between two looks for news; nobody looks while nobody follows. */
  everyMs: number
  /** Told of a look that failed; the next one tries again. */
  onError: (error: unknown) => void
}

/** The news of the spaces that somebody follows in this process. */
export type Feed = {
  /** How many follow. */
  readonly size: number
  /**
   * Events of a space after a position, in batches as they come, and an empty batch after each `quietMs` without any.
   * Ends with the signal; fails when the database is away.
   */
  follow(
    space: Space,
    after: spaceEvents.Position,
    options: { quietMs: number; signal: AbortSignal },
  ): AsyncGenerator<spaceEvents.SpaceEvent[]>
}

type Follower = { space: Space; bell: Bell; isNew: boolean }

/**
 * Looks for news with one statement for all spaces that are followed, whichever process they come from: the cost does not
 * grow with the number of followers. Each of them then reads on from where it is, at its own pace.
 */
export function createFeed({ db, everyMs, onError }: FeedOptions): Feed {
  const followers = new Set<Follower>()
  let isLooking = false

  async function look(): Promise<void> {
    isLooking = true
    let since: string | undefined
    for (; followers.size > 0; await wait(everyMs)) {
      try {
        since = await ringWhereNews(since ?? (await spaceEvents.horizon(db)))
      } catch (error) {
        onError(error)
      }
    }
    isLooking = false
  }

  async function ringWhereNews(since: string): Promise<string> {
    const asked = [...followers]
    const spaces = new Map(asked.map(({ space }) => [space.id, space]))
    const { spaceIds, horizon } = await spaceEvents.listChanged(db, [...spaces.values()], since)
    const changed = new Set(spaceIds)
    for (const follower of asked) {
      // Who is new may have read before `since`, and what came in between is behind both: it reads once more.
      if (follower.isNew || changed.has(follower.space.id)) follower.bell.ring()
      follower.isNew = false
    }
    return horizon
  }

  return {
    get size() {
      return followers.size
    },
    async *follow(space, after, { quietMs, signal }) {
      const follower = { space, bell: createBell(), isNew: true }
      followers.add(follower)
      if (!isLooking) look().catch(onError)
      try {
        for (let position = after; !signal.aborted; ) {
          const events = await spaceEvents.list(db, space, position, BATCH)
          const last = events.at(-1)
          if (last !== undefined) {
            position = { transactionId: last.transaction_id, id: last.id }
            yield events
          }
          if (events.length === BATCH) continue
          const rang = await follower.bell.wait(quietMs, signal)
          if (!rang && !signal.aborted) yield []
        }
      } finally {
        followers.delete(follower)
      }
    },
  }
}
