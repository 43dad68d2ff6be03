import { Readable } from 'node:stream'
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import * as spaceEvents from '../../db/queries/space-events.ts'
import * as spaces from '../../db/queries/spaces.ts'
import { LastEventId } from '../../schemas/headers.ts'
import { OrganizationParams, SpaceParams } from '../../schemas/params.ts'
import { SpaceEvent, SpaceEventQuery } from '../../schemas/space-events.ts'
import { seesEverySpace } from '../../src/access/permissions.ts'
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

const FOLLOWING =
  'Server-sent events: a line `event:` with the type, `data:` with a `SpaceEvent`, and `id:`. Whoever comes back with the ' +
  'last one in `Last-Event-ID` within a day misses nothing; without it, the stream begins now.'
const EVENTS = {
  description: 'Events, as they happen.',
  content: { 'text/event-stream': { schema: Type.Unsafe<Readable>({ $ref: SpaceEvent.$id }) } },
}

/** What happens in a space, or in all of an organization, as server-sent events (WHATWG HTML, section 9.2). */
const routes: RoutePlugin = async (app) => {
  const { db, spaceFeed } = app
  /** Counted from when they are let in: at its first look a stream is one of many already. */
  const streams = new Set<AbortSignal>()
  const texts = new WeakMap<readonly spaceEvents.SpaceEvent[], Buffer>()

  app.get(
    '/spaces/:spaceId/events',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'followSpaceEvents',
        tags: ['Runs'],
        summary: 'Follow a space',
        description: `${FOLLOWING} It ends when the caller may not read the space any more, or the access token expires.`,
        params: SpaceParams,
        headers: LastEventId,
        querystring: SpaceEventQuery,
        response: { 200: EVENTS },
      },
    },
    (request, reply) => answer(request, reply, request.space, async (events) => events),
  )

  app.get(
    '/events',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'followOrganizationEvents',
        tags: ['Runs'],
        summary: 'Follow an organization',
        description: `${FOLLOWING} They are those of the spaces that the caller may enter by then. It ends when the caller may not read the organization any more, or the access token expires.`,
        params: OrganizationParams,
        headers: LastEventId,
        querystring: SpaceEventQuery,
        response: { 200: EVENTS },
      },
    },
    (request, reply) => {
      const source = { organizationId: request.organization.id, id: null }
      return answer(request, reply, source, (events) => visibleTo(request, events))
    },
  )

  type Events = readonly spaceEvents.SpaceEvent[]
  type Request = FastifyRequest<{ Headers: Static<typeof LastEventId>; Querystring: Static<typeof SpaceEventQuery> }>

  async function answer(
    request: Request,
    reply: Pick<FastifyReply, 'raw' | 'type' | 'headers'>,
    source: spaceEvents.Source,
    visible: (events: Events) => Promise<Events>,
  ): Promise<Readable> {
    const since = request.headers['last-event-id']
    const start = since === undefined ? await now() : placeOf(since)
    if (streams.size >= MAX_STREAMS) throw tryAgain('unavailable', 5)
    const gone = hungUp(reply)
    if (!gone.aborted) streams.add(gone)
    gone.addEventListener('abort', () => streams.delete(gone))
    reply.type('text/event-stream; charset=utf-8').headers(UNBUFFERED)
    return Readable.from(stream(request, source, start, visible, gone))
  }

  async function* stream(
    request: Request,
    source: spaceEvents.Source,
    start: Place,
    visible: (events: Events) => Promise<Events>,
    signal: AbortSignal,
  ): AsyncGenerator<string | Buffer> {
    yield `retry: ${RECONNECT_MS}\nid: ${cursorOf(start)}\n${isKept(start) ? '' : reset()}\n`
    const { timeout_seconds: seconds } = request.query
    const quietMs = seconds === 0 ? 0 : QUIET_MS
    const endsAt = seconds ? Date.now() + seconds * 1000 : Number.POSITIVE_INFINITY
    for await (const events of spaceFeed.follow(source, start, { quietMs, endsAt, signal })) {
      // Whoever lost access learns nothing of what came after.
      if (!(await app.isStillAllowed(request))) return
      const shown = await visible(events)
      if (shown.length > 0) yield textOf(shown)
      else if (events.length === 0) yield ': still here\n\n'
      if (events.length === 0 && seconds === 0) return
    }
  }

  /** Those of the spaces that the caller may enter now. */
  async function visibleTo({ organization, actor }: FastifyRequest, events: Events): Promise<Events> {
    if (events.length === 0 || seesEverySpace(organization.permissions)) return events
    const member = { userId: actor.userId, all: false }
    const entered = new Set(await spaces.listIdsFor(db, organization.id, member))
    return events.filter((event) => entered.has(event.space_id))
  }

  /** Written once for all who are sent the same. */
  function textOf(events: Events): Buffer {
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
  const data = {
    type: 'reset',
    space_id: null,
    automation_id: null,
    run_id: null,
    status: null,
    at: new Date().toISOString(),
  }
  return `event: reset\ndata: ${JSON.stringify(data)}\n`
}

export default routes
