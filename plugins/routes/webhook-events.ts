import type { FastifyReply } from 'fastify'
import { jsonText } from '../../db/json.ts'
import { carry, LARGE_BYTES } from '../../db/large.ts'
import * as automations from '../../db/queries/automations.ts'
import * as events from '../../db/queries/shown-webhook-events.ts'
import { ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { AutomationParams, EventParams } from '../../schemas/params.ts'
import {
  WebhookEventListResponse,
  WebhookEventQuery,
  WebhookEventResponse,
  WebhookReplayRange,
  WebhookReplayRangeResponse,
  WebhookReplayResponse,
} from '../../schemas/webhook-events.ts'
import type { Space } from '../../src/access/actor.ts'
import { ApiError, tryAgain } from '../../src/errors.ts'
import { createGate } from '../../src/gate.ts'
import { replay } from '../../src/runs/requests.ts'
import { isUuid } from '../core/validation.ts'
import { encodeCursor } from '../cursor.ts'
import { cutPage, readPage } from '../page.ts'
import type { RoutePlugin } from '../route-plugin.ts'
import { writeObject, written } from '../written.ts'

const TAG = 'Webhooks'
/** Of the bodies in one page, which ends early where they would be more. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024
/** Of the bodies in large answers of this process, and for how long one waits for its turn. */
const MAX_SHOWN_BYTES = 64 * 1024 * 1024
const MAX_WAIT_MS = 5000
const REPLAYED_AT_ONCE = 500

/** What came in for one automation. */
const routes: RoutePlugin = async (app) => {
  const { db } = app
  const gate = createGate(MAX_SHOWN_BYTES)

  app.get(
    '/events',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'listWebhookEvents',
        tags: [TAG],
        summary: 'List events',
        description: 'Newest first. A page ends early where its bodies would be more than 4 MiB.',
        params: AutomationParams,
        querystring: WebhookEventQuery,
        response: { 200: written(WebhookEventListResponse), ...errors(404) },
      },
    },
    async ({ space, params: { automationId }, query }, reply) => {
      await requireAutomation(space, automationId)
      const { most, after } = readPage(query, [isUuid])
      const wanted = { status: query.status ?? null, before: after?.[0] ?? null, most, mostBytes: MAX_PAGE_BYTES }
      const page = await events.list(db, space, automationId, wanted)
      const shown = await show(reply, space, automationId, page)
      const cursor = page.last && encodeCursor([page.last])
      return writeObject(reply, {
        events: jsonText(`[${shown.join(',')}]`),
        next_cursor: jsonText(JSON.stringify(cursor)),
      })
    },
  )

  app.get(
    '/events/:eventId',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'getWebhookEvent',
        tags: [TAG],
        summary: 'Get an event',
        params: EventParams,
        response: { 200: written(WebhookEventResponse), ...errors(404) },
      },
    },
    async ({ space, params: { automationId, eventId } }, reply) => {
      const found = await findEvent(space, automationId, eventId)
      const [event] = await show(reply, space, automationId, found)
      if (event === undefined) throw new ApiError('event_not_found')
      return writeObject(reply, { event })
    },
  )

  app.post(
    '/events/:eventId/replay',
    {
      config: { permission: 'files.write', peopleOnly: true },
      schema: {
        operationId: 'replayWebhookEvent',
        tags: [TAG],
        summary: 'Run an event again',
        description:
          'A new run with the content that is approved now, whatever the filters say. It must be active. Where a run of the event is ' +
          '`unknown`, that one must be resolved first.',
        params: EventParams,
        response: { 202: ref(WebhookReplayResponse), ...errors(404, 409) },
      },
    },
    async ({ caller, space, params: { automationId, eventId } }, reply) =>
      reply.code(202).transact(async (trx) => {
        await findEvent(space, automationId, eventId)
        const [run_id] = await replay(trx, app, caller, { space, automationId }, [eventId])
        if (run_id === undefined) throw new ApiError('run_unresolved')
        return { event_id: eventId, run_id }
      }),
  )

  app.post(
    '/events/replay',
    {
      config: { permission: 'files.write', peopleOnly: true },
      schema: {
        operationId: 'replayWebhookEvents',
        tags: [TAG],
        summary: 'Run the events of a time again',
        description:
          `Oldest first, ${REPLAYED_AT_ONCE} in one request: while there is a \`next_cursor\`, send the same again with it as ` +
          '`cursor`. Events of which a run is `unknown` are left out.',
        params: AutomationParams,
        body: ref(WebhookReplayRange),
        response: { 202: ref(WebhookReplayRangeResponse), ...errors(404, 409) },
      },
    },
    async ({ caller, space, params: { automationId }, body }, reply) =>
      reply.code(202).transact(async (trx) => {
        const { most, after } = readPage({ cursor: body.cursor, limit: REPLAYED_AT_ONCE }, [isUuid])
        const range = { from: timeOf(body, 'from'), to: timeOf(body, 'to'), status: body.status ?? null }
        const wanted = { ...range, after: after?.[0] ?? null, most: most + 1 }
        const ids = await events.listInRange(trx, space, automationId, wanted)
        const { page, next_cursor } = cutPage(ids, most, (id) => [id])
        const runIds = await replay(trx, app, caller, { space, automationId }, page)
        return { replayed: runIds.length, next_cursor }
      }),
  )

  async function requireAutomation(space: Space, id: string): Promise<void> {
    if ((await automations.findKind(db, space, id)) === undefined) throw new ApiError('automation_not_found')
  }

  async function findEvent(space: Space, automationId: string, id: string): Promise<events.Page> {
    const event = await events.find(db, space, automationId, id)
    if (event === undefined) throw new ApiError('event_not_found')
    return event
  }

  /** The text of some events, which counts until all of it is sent. */
  async function show(reply: FastifyReply, space: Space, automationId: string, { ids, bytes }: events.Page) {
    if (bytes >= LARGE_BYTES) {
      const leave = await gate.enter(bytes, AbortSignal.timeout(MAX_WAIT_MS)).catch((error: unknown) => {
        throw Object.assign(tryAgain(), { cause: error })
      })
      if (reply.raw.destroyed) leave()
      else reply.raw.once('close', leave)
    }
    return carry(db, bytes, (on) => events.show(on, space, automationId, ids))
  }
}

/** RFC 3339 has leap seconds, which are times that a Date has not. */
function timeOf(body: { from: string; to: string }, name: 'from' | 'to'): Date {
  const time = new Date(body[name])
  if (!Number.isNaN(time.getTime())) return time
  throw new ApiError('invalid_request', { details: [{ path: `/${name}`, message: 'must not be a leap second' }] })
}

export default routes
