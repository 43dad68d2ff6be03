import type { Kysely } from 'kysely'
import * as signupRequests from '../../db/queries/signup-requests.ts'
import type { DB } from '../../db/types.ts'
import { LoginRequest, RefreshRequest, RegisterRequest, TokenResponse } from '../../schemas/auth.ts'
import { NoContent, ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { register } from '../../src/access/registration.ts'
import * as sessions from '../../src/access/sessions.ts'
import { ACCESS_TOKEN_SECONDS, unauthorized } from '../core/authentication.ts'
import { originOf } from '../core/logins.ts'
import type { RoutePlugin } from '../route-plugin.ts'

const REGISTRATIONS_A_MINUTE = 20

/** Accounts of people and their tokens. */
const routes: RoutePlugin = async (app) => {
  const { passwords, settings } = app
  const limitRegistrations = app.createLimiter(settings.limitsLogins ? REGISTRATIONS_A_MINUTE : undefined, 60)

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
      ...app.loginLimits,
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
      const userId = await app.checkPassword(request)
      return reply.transact(async (trx) => toResponse(trx, await sessions.logIn(trx, userId, originOf(request))))
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
        await sessions.end(trx, 'refresh_tokens', request.body.refresh_token, originOf(request))
        return null
      }),
  )
}

export default routes
