import type { FastifyContextConfig, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../../db/client.ts'
import { isUnavailable } from '../../db/failures.ts'
import { gather } from '../../db/gather.ts'
import * as access from '../../db/queries/access.ts'
import * as consoleLogins from '../../db/queries/console-logins.ts'
import type { Actor, OrganizationAccess, Space } from '../../src/access/actor.ts'
import type { Caller } from '../../src/access/caller.ts'
import { PERMISSIONS, type Permission, seesEverySpace } from '../../src/access/permissions.ts'
import { ApiError, type ErrorCode } from '../../src/errors.ts'
import { keepLatest, remember } from '../../src/remember.ts'
import { unauthorized } from './authentication.ts'
import { isUuid } from './validation.ts'

/** What a caller needs besides a permission of a role: a valid token, or membership of the organization in the path. */
export type Requirement = Permission | 'signed_in' | 'member'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whom the route lets in; a path with `:spaceId` wants access to that space besides. */
    permission?: Requirement
    /** Said in so many words: anybody, without a token. */
    public?: true
    /**
     * Refuses service accounts, whatever their roles, with `people_only` or this code. Everything that approves, or could
     * make an approver, is for people only.
     */
    peopleOnly?: true | ErrorCode
    /** Refuses people: this is for service accounts. */
    staffOnly?: true
    /** Counts requests itself: only those that prove nothing. */
    countsItself?: true
    /**
     * A token of a service account that has held before is not looked up at the door: its bearer gets no answer before an operation
     * that is asked on its behalf, or `isStillAllowed`, has found that it holds.
     */
    checkedWithin?: true
    /**
     * Reads what a request asks for together with whether its caller may have it, where it can be told from the path alone what that
     * is; undefined where not. The handler finds it by `readAlong()`.
     */
    reads?: (request: FastifyRequest, question: access.Question) => Promise<access.AccessRow | undefined> | undefined
  }
  interface FastifyInstance {
    /** Asks once more whether a request that was let in would be now: for answers that last. Says no for any refusal. */
    isStillAllowed(request: FastifyRequest): Promise<boolean>
  }
  interface FastifyRequest {
    /** Who is asking. It throws on a public route, as does what follows; the last two also where the path names none. */
    readonly actor: Actor
    /** The same with the request: what a rule takes that puts on record who did something. */
    readonly caller: Caller
    readonly organization: OrganizationAccess
    readonly space: Space
    /**
     * What `reads` of the route has read with the question of access; undefined where it has not.
     *
     * @throws what reading it threw: whoever is not let in is told nothing of that.
     */
    readAlong<R>(): access.Found<R> | undefined
    along: { row: access.AccessRow } | { error: unknown } | null
    access: { row: access.AccessRow; actor: Actor; organization?: OrganizationAccess; space?: Space } | null
  }
}

const REQUIREMENTS: ReadonlySet<string> = new Set([...PERMISSIONS, 'signed_in', 'member'])
const TOUCH_AFTER_MS = 60_000
const MAX_ASKED_TOGETHER = 1000
const MAX_REMEMBERED = 10_000
/** The permissions of callers by the text in which they are read, of which there are few. */
const HELD = remember((text): ReadonlySet<string> => new Set(text.split(' ')), 1000)

const CODE_OF_MALFORMED_ID: Record<string, ErrorCode> = {
  orgId: 'invalid_organization_id',
  spaceId: 'invalid_space_id',
  automationId: 'invalid_automation_id',
}

/**
 * Default deny: a route that names neither a permission nor `public: true` fails at boot. The order in which a request
 * is refused is the contract's: no token, organization id, membership, space id, space, permission, other ids; only
 * then is the body read.
 */
export default fp<{ db: Database; rateLimit: number | undefined }>(
  async (app, { db, rateLimit }) => {
    app.decorateRequest('access', null)
    app.decorateRequest('along', null)
    app.decorateRequest('readAlong', readAlong)
    app.decorateRequest('actor', { getter: getActor })
    app.decorateRequest('caller', { getter: getCaller })
    app.decorateRequest('organization', { getter: getOrganization })
    app.decorateRequest('space', { getter: getSpace })
    const byAddress = app.createLimiter(rateLimit, 60)
    const byActor = app.createLimiter(rateLimit, 60, (request) => request.actor.id)

    const routes: RouteOptions[] = []
    app.addHook('onRoute', (route) => {
      routes.push(route)
    })
    // Not earlier: a scope may say it for all of its routes in a hook of its own, which runs after the one above.
    app.addHook('onReady', async () => {
      for (const { config, method, url } of routes) {
        if (config?.public || REQUIREMENTS.has(config?.permission ?? '')) continue
        throw new Error(`${method} ${url} names neither a permission nor public: true`)
      }
    })

    app.addHook('onRequest', async (request, reply) => {
      const { config } = request.routeOptions
      if (config.countsItself) return
      if (config.public || request.is404) return byAddress(request, reply)
      try {
        if (!(config.checkedWithin && recall(request))) await identify(request)
      } catch (error) {
        // Guesses count against the address, so that a new token for each guess buys nothing.
        if (error instanceof ApiError && error.status === 401) await byAddress(request, reply)
        throw error
      }
      await byActor(request, reply)
    })

    app.addHook('onRequest', async (request) => {
      const { config } = request.routeOptions
      if (config.public || request.is404) return
      authorize(request, config)
    })

    // Those who follow the same are all asked about at the same time.
    const findAgain = gather((questions: readonly access.Question[]) => access.findMany(db, questions), {
      most: MAX_ASKED_TOGETHER,
      isFinal: isUnavailable,
    })
    app.decorate('isStillAllowed', async (request: FastifyRequest) => {
      try {
        const question = questionOf(request)
        enter(request, question, await findAgain(question))
        authorize(request, request.routeOptions.config)
        return true
      } catch (error) {
        if (error instanceof ApiError) return false
        throw error
      }
    })

    /** Whose tokens have held, by their hash. Whose a token is never changes; whether it holds does. */
    const remembered = keepLatest<access.AccessRow>(MAX_REMEMBERED)

    async function identify(request: FastifyRequest): Promise<void> {
      const question = questionOf(request)
      const row = enter(request, question, await find(request, question))
      touch(request, question.credential, row)
      const isStaff = row.service_account_id !== null
      if (request.routeOptions.config.checkedWithin && isStaff) remembered.set(keyOf(question.credential), row)
    }

    async function find(request: FastifyRequest, question: access.Question): Promise<access.AccessRow | undefined> {
      const reading = request.routeOptions.config.reads?.(request, question)
      try {
        const row = await reading
        if (row !== undefined) request.along = { row }
        if (reading !== undefined) return row
      } catch (error) {
        if (isUnavailable(error)) throw error
        request.along = { error }
      }
      return access.find(db, question.credential, question.organizationId, question.spaceId)
    }

    function recall(request: FastifyRequest): boolean {
      const row = remembered.get(keyOf(app.readCredential(request)))
      if (row === undefined) return false
      request.access = { row, actor: toActor(row) }
      return true
    }

    function questionOf(request: FastifyRequest): access.Question {
      const { orgId, spaceId } = request.params as Record<string, string>
      return {
        credential: app.readCredential(request),
        organizationId: isUuid(orgId) ? orgId : null,
        spaceId: isUuid(spaceId) ? spaceId : null,
      }
    }

    function enter(
      request: FastifyRequest,
      { credential }: access.Question,
      row: access.AccessRow | undefined,
    ): access.AccessRow {
      if (row === undefined) {
        remembered.delete(keyOf(credential))
        throw unauthorized()
      }
      request.access = { row, actor: toActor(row) }
      return row
    }

    function authorize(request: FastifyRequest, config: FastifyContextConfig): void {
      if (request.access === null) throw unauthorized()
      const { row, actor } = request.access
      const params = request.params as Record<string, string>
      const held = HELD.of(row.permissions)
      if ('orgId' in params)
        request.access.organization = { id: enterOrganization(row, params.orgId), permissions: held }
      if ('spaceId' in params) request.access.space = enterSpace(row, held, params)
      const { permission = 'member', peopleOnly, staffOnly } = config
      if (permission !== 'signed_in' && permission !== 'member' && !held.has(permission))
        throw new ApiError('forbidden')
      if (peopleOnly && actor.type !== 'user') throw new ApiError(peopleOnly === true ? 'people_only' : peopleOnly)
      if (staffOnly && actor.type !== 'service_account') throw new ApiError('service_accounts_only')
      for (const [name, value] of Object.entries(params))
        if (name.endsWith('Id') && !isUuid(value)) throw new ApiError(CODE_OF_MALFORMED_ID[name] ?? 'invalid_id')
    }

    /** Once a minute and token, beside the request: an answer never waits for it. A stream that goes on is no use of it. */
    function touch(request: FastifyRequest, credential: access.Credential, row: access.AccessRow): void {
      const { service_account_id: account, last_used_at: last } = row
      if (!('tokenHash' in credential) || Date.now() - (last?.getTime() ?? 0) < TOUCH_AFTER_MS) return
      const touched =
        account === null ? consoleLogins.touch(db, credential.tokenHash) : access.touchServiceAccount(db, account)
      touched.catch((error: unknown) => request.log.warn({ err: error }, 'the last use of a token was not noted'))
    }
  },
  { name: 'authorization', dependencies: ['authentication', 'ids', 'limits'] },
)

/** Of a token, its hash; sessions have none, and are never remembered. */
function keyOf(credential: access.Credential): string {
  return 'tokenHash' in credential ? credential.tokenHash.toString('latin1') : ''
}

function toActor(row: access.AccessRow): Actor {
  const { user_id: userId, service_account_id: id, service_account_organization_id: organizationId } = row
  return id === null || organizationId === null
    ? { type: 'user', id: userId, userId }
    : { type: 'service_account', id, userId, organizationId }
}

function enterOrganization(row: access.AccessRow, id: string | undefined): string {
  if (!isUuid(id)) throw new ApiError('invalid_organization_id')
  if (!row.is_member) throw new ApiError('not_a_member')
  return id
}

function enterSpace(row: access.AccessRow, held: ReadonlySet<string>, params: Record<string, string>): Space {
  const { orgId: organizationId = '', spaceId: id } = params
  if (!isUuid(id)) throw new ApiError('invalid_space_id')
  const seesAll = seesEverySpace(held)
  if (!row.listed && !seesAll) throw new ApiError('no_space_access')
  if (!row.space_exists) throw new ApiError('space_not_found')
  return { organizationId, id }
}

function readAlong<R>(this: FastifyRequest): access.Found<R> | undefined {
  if (this.along !== null && 'error' in this.along) throw this.along.error
  return this.along?.row as access.Found<R> | undefined
}

function getActor(this: FastifyRequest): Actor {
  return given(this.access?.actor, 'actor')
}

function getCaller(this: FastifyRequest): Caller {
  return { actor: this.actor, requestId: this.id, address: this.ip }
}

function getOrganization(this: FastifyRequest): OrganizationAccess {
  return given(this.access?.organization, 'organization')
}

function getSpace(this: FastifyRequest): Space {
  return given(this.access?.space, 'space')
}

function given<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`this route has no ${name}`)
  return value
}
