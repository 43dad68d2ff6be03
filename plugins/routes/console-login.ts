import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyRequest } from 'fastify'
import * as consoleLogins from '../../db/queries/console-logins.ts'
import { ConsoleLogin, LoginRequest } from '../../schemas/auth.ts'
import { NoContent, ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { CONSOLE_DAYS, end, logInToConsole } from '../../src/access/sessions.ts'
import { hashToken } from '../../src/access/tokens.ts'
import { ApiError } from '../../src/errors.ts'
import { CONSOLE_COOKIE } from '../core/authentication.ts'
import { originOf } from '../core/logins.ts'
import type { RoutePlugin } from '../route-plugin.ts'

const COOKIE: CookieSerializeOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' }
const SECONDS_A_DAY = 86_400

/** Logins of the console: the browser keeps the secret, and no script ever sees it. */
const routes: RoutePlugin = async (app) => {
  // Who is made to log in as somebody else by a page of theirs, works for them.
  const refuseForeign = async (request: FastifyRequest) => {
    if (!app.isFromConsole(request)) throw new ApiError('origin_not_allowed')
  }

  app.get(
    '',
    {
      config: { public: true },
      preHandler: refuseForeign,
      schema: {
        operationId: 'getConsoleLogin',
        tags: ['Auth'],
        summary: 'Get the login of the console',
        description:
          'Whose the cookie is. A page may ask before it knows whether anybody is logged in: nobody is no error.',
        response: { 200: ref(ConsoleLogin), ...errors(403) },
      },
    },
    async (request) => {
      const token = app.readConsoleToken(request)
      const user = token === undefined ? undefined : await consoleLogins.findUser(app.db, hashToken(token))
      return { user: user ?? null }
    },
  )

  app.post(
    '',
    {
      config: { public: true },
      onRequest: app.loginLimits.onRequest,
      preHandler: [refuseForeign, app.loginLimits.preHandler],
      schema: {
        operationId: 'logInToConsole',
        tags: ['Auth'],
        summary: 'Log in to the console',
        description:
          'For the pages of the console: answers with a cookie, which browsers send along from then on, and which is taken in place of ' +
          'an access token from pages of this server alone. It ends after 12 hours in which nothing was asked with it, and after 7 days. ' +
          'Programs use `login`.',
        body: ref(LoginRequest),
        response: { 204: NoContent, ...errors(401, 403) },
      },
    },
    async (request, reply) => {
      const userId = await app.checkPassword(request)
      const origin = originOf(request)
      const token = await app.db.transaction().execute((trx) => logInToConsole(trx, userId, origin))
      return reply
        .code(204)
        .setCookie(CONSOLE_COOKIE, token, { ...COOKIE, maxAge: CONSOLE_DAYS * SECONDS_A_DAY })
        .send(null)
    },
  )

  app.delete(
    '',
    {
      config: { public: true },
      preHandler: refuseForeign,
      schema: {
        operationId: 'logOutOfConsole',
        tags: ['Auth'],
        summary: 'Log out of the console',
        description: 'Ends the session of the cookie, and takes it away. Without one it does nothing.',
        response: { 204: NoContent, ...errors(403) },
      },
    },
    async (request, reply) => {
      const token = app.readConsoleToken(request)
      if (token !== undefined) {
        const origin = originOf(request)
        await app.db.transaction().execute((trx) => end(trx, 'console_logins', token, origin))
      }
      return reply.code(204).clearCookie(CONSOLE_COOKIE, COOKIE).send(null)
    },
  )
}

export default routes
