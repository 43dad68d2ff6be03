import type { FastifyRequest } from 'fastify'
import type { Kysely } from 'kysely'
import * as signupRequests from '../../db/queries/signup-requests.ts'
import * as users from '../../db/queries/users.ts'
import type { DB } from '../../db/types.ts'
import { LoginRequest, RefreshRequest, RegisterRequest, TokenResponse } from '../../schemas/auth.ts'
import { NoContent, ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import type { Origin } from '../../src/access/caller.ts'
import { normalizeEmail } from '../../src/access/email.ts'
import { register } from '../../src/access/registration.ts'
import * as sessions from '../../src/access/sessions.ts'
import { ACCESS_TOKEN_SECONDS, unauthorized } from '../core/authentication.ts'
import type { RoutePlugin } from '../route-plugin.ts'

const REGISTRATIONS_A_MINUTE = 20
const LOGINS_A_MINUTE = 60
/** Of one account from one address: who guesses is stopped, and the owner elsewhere is not. */
const LOGINS_OF_AN_ACCOUNT_A_MINUTE = 10

/** Accounts of people and their tokens. */
const routes: RoutePlugin = async (app) => {
  const { db, passwords, settings } = app
  const perMinute = (most: number) => (settings.limitsLogins ? most : undefined)
  const limitRegistrations = app.createLimiter(perMinute(REGISTRATIONS_A_MINUTE), 60)
  const limitLogins = app.createLimiter(perMinute(LOGINS_A_MINUTE), 60)
  const limitLoginsOfAccount = app.createLimiter(perMinute(LOGINS_OF_AN_ACCOUNT_A_MINUTE), 60, ({ body }, address) =>
    JSON.stringify([address, normalizeEmail((body as LoginRequest).email)]),
  )

  const toResponse = async (
    trx: Kysely<DB>,
    { id, userId, refreshToken }: sessions.Session,
  ): Promise<TokenResponse> => ({
    access_token: app.signAccessToken(userId, id),
    refresh_token: refreshToken,
    token_type: 'Bearer',
    expires_in: ACCESS_TOKEN_SECONDS,
    ...((await signupRequests.isPending(trx, userId)) ? { signup_pending: true } : {}),
  })

  const failures = new Set<Promise<void>>()
  app.addHook('onClose', async () => {
    await Promise.all(failures)
  })

  /** Beside the answer: if it waited, the time that it takes would tell which emails have an account. */
  function noteFailure(request: FastifyRequest, userId: string): void {
    const note = sessions
      .recordFailure(db, userId, originOf(request))
      .catch((error: unknown) => request.log.error({ err: error }, 'a failed login was not put on record'))
      .finally(() => failures.delete(note))
    failures.add(note)
  }

  app.post(
    '/register',
    {
      config: { public: true },
      onRequest: limitRegistrations,
      schema: {
        operationId: 'register',
        tags: ['Auth'],
        summary: 'Create an account',
        description:
          'The first account names an organization and becomes its Owner. Later ones join with an `invite_token`, or, ' +
          'where open sign-ups are on, wait for approval (`signup_pending`); else they are refused with 403.',
        body: ref(RegisterRequest),
        response: { 201: ref(TokenResponse), ...errors(403, 404, 409) },
      },
    },
    async (request, reply) => {
      const { body } = request
      const passwordHash = await passwords.hash(body.password)
      const { multiTenant } = settings
      return reply.code(201).transact(async (trx) => {
        return toResponse(trx, await register(trx, body, passwordHash, { multiTenant, ...originOf(request) }))
      })
    },
  )

  app.post(
    '/login',
    {
      config: { public: true },
      onRequest: limitLogins,
      preHandler: limitLoginsOfAccount,
      schema: {
        operationId: 'login',
        tags: ['Auth'],
        summary: 'Log in',
        description: 'An unknown email and a wrong password get the same answer, after the same work.',
        body: ref(LoginRequest),
        response: { 200: ref(TokenResponse), ...errors(401) },
      },
    },
    async (request, reply) => {
      const { body } = request
      const account = await users.findByEmail(db, normalizeEmail(body.email))
      const matches = await passwords.verify(account?.password_hash, body.password)
      if (account !== undefined && !matches) noteFailure(request, account.id)
      if (account === undefined || !matches) throw unauthorized('invalid_credentials')
      return reply.transact(async (trx) => toResponse(trx, await sessions.logIn(trx, account.id, originOf(request))))
    },
  )

  app.post(
    '/refresh',
    {
      config: { public: true },
      schema: {
        operationId: 'refreshSession',
        tags: ['Auth'],
        summary: 'Refresh a session',
        description:
          'Uses the refresh token up and answers with the next one. Within 10 seconds it can be used again, and gives another ' +
          'one of the same session: two tabs may refresh at once. Whoever uses it later ends the session: every refresh and ' +
          'access token of it is dead from then on. To repeat a request whose answer was lost, send an `Idempotency-Key` ' +
          'with it.',
        body: ref(RefreshRequest),
        response: { 200: ref(TokenResponse), ...errors(401) },
      },
    },
    async (request, reply) =>
      reply.transact(async (trx) => {
        const session = await sessions.refresh(trx, request.body.refresh_token, originOf(request))
        // Returned, not thrown: that the session is ended must stay.
        return session === undefined ? unauthorized('invalid_refresh_token') : toResponse(trx, session)
      }),
  )

  app.post(
    '/logout',
    {
      config: { public: true },
      schema: {
        operationId: 'logout',
        tags: ['Auth'],
        summary: 'Log out',
        description:
          'Ends the session of the refresh token, used or not, with every token of it. A token that is not known is ' +
          'answered alike, so that a logout can be repeated.',
        body: ref(RefreshRequest),
        response: { 204: NoContent },
      },
    },
    async (request, reply) =>
      reply.code(204).transact(async (trx) => {
        await sessions.end(trx, request.body.refresh_token, originOf(request))
        return null
      }),
  )
}

function originOf({ id, ip }: FastifyRequest): Origin {
  return { requestId: id, address: ip }
}

export default routes
