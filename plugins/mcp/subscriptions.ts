import { createMcpHandler, InMemoryServerEventBus, type Server } from '@modelcontextprotocol/server'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { horizon } from '../../db/queries/space-events.ts'
import { tryAgain } from '../../src/errors.ts'
import { type Api, apiOf, Refused } from './api.ts'
import { automationPath, spacePath } from './paths.ts'
import { automationOf } from './resources.ts'

const MAX_SUBSCRIPTIONS = 1000
/** Of one service account. */
const MAX_OF_ACCOUNT = 100
const MAX_URIS = 100
/** So often it is asked whether the token still holds, at the latest, in milliseconds. */
const QUIET_MS = 15_000

export type Subscriptions = {
  /** Answers a request for notifications with a stream of them, for as long as its caller may read what they are about. */
  listen(request: FastifyRequest, message: Record<string, unknown>, web: Request): Promise<Response>
}

type Watched = { uri: string; space_id: string; automation_id: string }

/** Makes what tells AI staff of changes of automations. Each stream has a bus of its own: what one may hear, another may not. */
export function createSubscriptions(
  app: FastifyInstance,
  createServer: (request: FastifyRequest) => Server,
): Subscriptions {
  let open = 0
  const openOf = new Map<string, number>()
  const count = (accountId: string, by: 1 | -1) => {
    open += by
    const own = (openOf.get(accountId) ?? 0) + by
    if (own > 0) openOf.set(accountId, own)
    else openOf.delete(accountId)
  }
  return {
    async listen(request, message, web) {
      if (open >= MAX_SUBSCRIPTIONS) throw tryAgain('unavailable', 5)
      const accountId = request.actor.id
      if ((openOf.get(accountId) ?? 0) >= MAX_OF_ACCOUNT) throw tryAgain('rate_limited', 5)
      count(accountId, 1)
      const ended = new AbortController()
      ended.signal.addEventListener('abort', () => count(accountId, -1), { once: true })
      const end = () => ended.abort()
      try {
        const api = apiOf(app, request)
        // Whatever happens from here on is told of.
        const start = { transactionId: await horizon(app.db), id: '0' }
        const watched = await readable(api, urisIn(message))
        const bus = new InMemoryServerEventBus()
        const handler = createMcpHandler(() => createServer(request), { bus, legacy: 'reject' })
        const response = await handler.fetch(web, { parsedBody: narrowed(message, watched) })
        if (response.headers.get('content-type') !== 'text/event-stream' || watched.length === 0) {
          end()
          return response
        }
        web.signal.addEventListener('abort', end, { once: true })
        if (web.signal.aborted) end()
        const spaces = Map.groupBy(watched, ({ space_id }) => space_id)
        const follows = [...spaces].map(([spaceId, inSpace]) => follow(api, spaceId, inSpace, start, bus, ended.signal))
        Promise.race(follows)
          .catch((error) => request.log.warn({ err: error }, 'a subscription ended'))
          .finally(() => {
            end()
            handler.close().catch(() => {})
          })
        return response
      } catch (error) {
        end()
        throw error
      }
    },
  }

  /** Tells of changes until the signal says so, or the caller may not read the space any more. */
  async function follow(
    api: Api,
    spaceId: string,
    watched: readonly Watched[],
    start: { transactionId: string; id: string },
    bus: InMemoryServerEventBus,
    signal: AbortSignal,
  ): Promise<void> {
    const space = { organizationId: api.staff.organizationId, id: spaceId }
    const endsAt = Number.POSITIVE_INFINITY
    for await (const events of app.spaceFeed.follow(space, start, { quietMs: QUIET_MS, endsAt, signal })) {
      const concerned = new Set(events.map((event) => event.automation_id))
      const told = watched.filter(({ automation_id }) => concerned.has(automation_id))
      if (events.length > 0 && told.length === 0) continue
      // Who lost access learns nothing of what came after.
      if (!(await mayRead(api, `${spacePath(api, spaceId)}/automations?limit=1`))) return
      for (const { uri } of told) bus.publish({ kind: 'resource_updated', uri })
    }
  }
}

/** @throws ApiError where that is not known, because the server is busy, or the caller has asked for too much already */
async function mayRead(api: Api, path: string): Promise<boolean> {
  try {
    await api.ask('GET', path)
    return true
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    if (error.status === 429) throw tryAgain('rate_limited', error.afterSeconds)
    if (error.status >= 500) throw tryAgain('unavailable', error.afterSeconds)
    return false
  }
}

/** The automations among some URIs that the caller may read. */
async function readable(api: Api, uris: readonly string[]): Promise<Watched[]> {
  const found: Watched[] = []
  for (const uri of new Set(uris.slice(0, MAX_URIS))) {
    const place = automationOf(uri)
    if (place !== undefined && (await mayRead(api, automationPath(api, place)))) found.push({ uri, ...place })
  }
  return found
}

type Filter = { resourceSubscriptions?: unknown }

function filterOf(message: Record<string, unknown>): Filter | undefined {
  const { notifications } = (message.params ?? {}) as { notifications?: Filter }
  return typeof notifications === 'object' && notifications !== null ? notifications : undefined
}

function urisIn(message: Record<string, unknown>): string[] {
  const uris = filterOf(message)?.resourceSubscriptions
  return Array.isArray(uris) ? uris.filter((each) => typeof each === 'string') : []
}

/** The request with those URIs alone that are told of: the answer says which ones these are. */
function narrowed(message: Record<string, unknown>, watched: readonly Watched[]): Record<string, unknown> {
  const filter = filterOf(message)
  if (!Array.isArray(filter?.resourceSubscriptions)) return message
  const notifications = { ...filter, resourceSubscriptions: watched.map(({ uri }) => uri) }
  return { ...message, params: { ...(message.params as object), notifications } }
}
