import { Readable } from 'node:stream'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import * as spaceEvents from '../../db/queries/space-events.ts'
import { LastEventId } from '../../schemas/headers.ts'
import { SpaceParams } from '../../schemas/params.ts'
import { SpaceEvent, SpaceEventQuery } from '../../schemas/space-events.ts'
import { tryAgain } from '../../src/errors.ts'
import { EVENTS_KEPT_MS } from '../../src/space-events.ts'
import { decodeCursor, encodeCursor, isTimestamp } from '../cursor.ts'
import { hungUp } from '../hung-up.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** Below the usual 30 seconds after which proxies let an idle connection go. */
const QUIET_MS = 15_000
const RECONNECT_MS = 2000
/** About 25 kB each. */
const MAX_STREAMS = 5000
/** A proxy that compresses would keep the events back until it has enough of them (RFC 9111, section 5.2.2.6). */
const UNBUFFERED = { 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' }

/** What happens in a space, as server-sent events (WHATWG HTML, section 9.2). */
const routes: RoutePlugin = async (app) => {
  const { db, spaceFeed } = app
  /** Counted from when they are let in: at its first look a stream is one of many already. */
  const streams = new Set<AbortSignal>()
  const texts = new WeakMap<readonly spaceEvents.SpaceEvent[], Buffer>()

  app.get(
    '',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'followSpaceEvents',
        tags: ['Runs'],
        summary: 'Follow a space',
        description:
          'Server-sent events: a line `event:` with the type, `data:` with a `SpaceEvent`, and `id:`. Whoever comes back with the ' +
          'last one in `Last-Event-ID` within a day misses nothing; without it, the stream begins now. It ends when the ' +
          'caller may not read the space any more, or the access token expires.',
        params: SpaceParams,
        headers: LastEventId,
        querystring: SpaceEventQuery,
        response: {
          200: {
            description: 'Events, as they happen.',
            content: { 'text/event-stream': { schema: Type.Unsafe<Readable>({ $ref: SpaceEvent.$id }) } },
          },
        },
      },
    },
    async (request, reply) => {
      const since = request.headers['last-event-id']
      const start = since === undefined ? await now() : placeOf(since)
      if (streams.size >= MAX_STREAMS) throw tryAgain('unavailable', 5)
      const gone = hungUp(reply)
      if (!gone.aborted) streams.add(gone)
      gone.addEventListener('abort', () => streams.delete(gone))
      return reply
        .type('text/event-stream; charset=utf-8')
        .headers(UNBUFFERED)
        .send(Readable.from(stream(request, start, request.query.timeout_seconds, gone)))
    },
  )

  async function* stream(
    request: FastifyRequest,
    start: Place,
    seconds: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<string | Buffer> {
    yield `retry: ${RECONNECT_MS}\nid: ${cursorOf(start)}\n${isKept(start) ? '' : reset()}\n`
    const quietMs = seconds === 0 ? 0 : QUIET_MS
    const endsAt = seconds ? Date.now() + seconds * 1000 : Number.POSITIVE_INFINITY
    for await (const events of spaceFeed.follow(request.space, start, { quietMs, endsAt, signal })) {
      // Whoever lost access learns nothing of what came after.
      if (!(await app.isStillAllowed(request))) return
      yield events.length === 0 ? ': still here\n\n' : textOf(events)
      if (events.length === 0 && seconds === 0) return
    }
  }

  /** Written once for all who are sent the same. */
  function textOf(events: readonly spaceEvents.SpaceEvent[]): Buffer {
    const text = texts.get(events) ?? Buffer.from(events.map(toText).join(''))
    texts.set(events, text)
    return text
  }

  async function now(): Promise<Place> {
    return { transactionId: await spaceEvents.horizon(db), id: '0', at: new Date().toISOString() }
  }
}

/** Where a follower is, and since when: what is older than that is not kept for ever. */
type Place = spaceEvents.Position & { at: string }

function cursorOf({ transactionId, id, at }: Place): string {
  return encodeCursor([transactionId, id, at])
}

function placeOf(cursor: string): Place {
  const [transactionId, id, at] = decodeCursor(cursor, [isInt64, isInt64, isTimestamp])
  return { transactionId, id, at }
}

function isKept({ at }: Place): boolean {
  return Date.parse(at) > Date.now() - EVENTS_KEPT_MS
}

/** As Postgres reads a bigint; its numbers of transactions stay below that too. */
function isInt64(text: string): boolean {
  return /^\d{1,19}$/.test(text) && BigInt(text) < 2n ** 63n
}

function toText({ transaction_id: transactionId, id, created_at, ...event }: spaceEvents.SpaceEvent): string {
  const at = created_at.toISOString()
  const data = JSON.stringify({ ...event, at })
  return `id: ${cursorOf({ transactionId, id, at })}\nevent: ${event.type}\ndata: ${data}\n\n`
}

function reset(): string {
  const data = { type: 'reset', automation_id: null, run_id: null, status: null, at: new Date().toISOString() }
  return `event: reset\ndata: ${JSON.stringify(data)}\n`
}

export default routes
