import { setTimeout as wait } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import * as spaceEvents from '../db/queries/space-events.ts'
import type { DB } from '../db/types.ts'
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

type Events = readonly spaceEvents.SpaceEvent[]
type Source = spaceEvents.Source

/** The news of the spaces and organizations that somebody follows in this process. */
export type Feed = {
  /** How many follow. */
  readonly size: number
  /**
   * Events of a space, or of a whole organization, after a position, in batches as they come, and an empty batch within each `quietMs` without any: at the same time
   * for all, so that what is done then can be done for all together. Those who are at the same place are given the same batch. Ends with the signal, at `endsAt` (milliseconds since 1970) and once this is
   * closed; fails when the database is away.
   */
  follow(
    source: Source,
    after: spaceEvents.Position,
    options: { quietMs: number; endsAt: number; signal: AbortSignal },
  ): AsyncGenerator<Events>
  /** Lets all go who follow, and who come later. */
  close(): void
}

type Follower = { source: Source; bell: Bell; isNew: boolean }

/**
 * Looks for news with one statement for all that is followed, whichever process they come from, and reads them once for
 * all who are at the same place: neither grows with the number of followers. Whoever is behind reads on from where it is, at its
 * own pace.
 */
export function createFeed({ db, everyMs, onError }: FeedOptions): Feed {
  const followers = new Set<Follower>()
  /** What was read since the last look, by source and position. */
  const reads = new Map<string, Promise<Events>>()
  let isLooking = false
  let isClosed = false

  async function look(): Promise<void> {
    isLooking = true
    let since: string | undefined
    for (; followers.size > 0 && !isClosed; await wait(everyMs)) {
      try {
        since = await ringWhereNews(since ?? (await spaceEvents.horizon(db)))
      } catch (error) {
        onError(error)
      }
    }
    reads.clear()
    isLooking = false
  }

  async function ringWhereNews(since: string): Promise<string> {
    const asked = [...followers]
    const sources = new Map(asked.map(({ source }) => [idOf(source), source]))
    const { changed, horizon } = await spaceEvents.listChanged(db, [...sources.values()], since)
    reads.clear()
    for (const follower of asked) {
      // Who is new may have read before `since`, and what came in between is behind both: it reads once more.
      if (follower.isNew || changed.has(idOf(follower.source))) follower.bell.ring()
      follower.isNew = false
    }
    return horizon
  }

  function read(source: Source, after: spaceEvents.Position): Promise<Events> {
    const place = `${idOf(source)} ${after.transactionId} ${after.id}`
    const known = reads.get(place)
    if (known !== undefined) return known
    const events = spaceEvents.list(db, source, after, BATCH)
    reads.set(place, events)
    // What failed is asked again by the next who comes.
    events.catch(() => reads.delete(place))
    return events
  }

  return {
    get size() {
      return followers.size
    },
    async *follow(source, after, { quietMs, endsAt, signal }) {
      const follower = { source, bell: createBell(), isNew: true }
      followers.add(follower)
      if (!isLooking) look().catch(onError)
      try {
        for (let position = after; !signal.aborted && !isClosed; ) {
          const events = await read(source, position)
          const last = events.at(-1)
          if (last !== undefined) {
            position = { transactionId: last.transaction_id, id: last.id }
            yield events
          }
          if (events.length === BATCH) continue
          const [left, pause] = [endsAt - Date.now(), untilNext(quietMs)]
          const rang = await follower.bell.wait(Math.min(pause, left), signal)
          if (!rang && left <= pause) return
          if (!rang && !signal.aborted) yield []
        }
      } finally {
        followers.delete(follower)
      }
    },
    close() {
      isClosed = true
      for (const { bell } of followers) bell.ring()
    },
  }
}

function idOf({ organizationId, id }: Source): string {
  return id ?? organizationId
}

/** Milliseconds until the next of the times that are so many milliseconds apart, whoever asks. */
function untilNext(everyMs: number): number {
  return everyMs === 0 ? 0 : everyMs - (Date.now() % everyMs)
}
