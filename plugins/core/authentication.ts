import cookie from '@fastify/cookie'
import jwt from '@fastify/jwt'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Credential } from '../../db/queries/access.ts'
import { hashToken } from '../../src/access/tokens.ts'
import { ApiError } from '../../src/errors.ts'
import { keepLatest } from '../../src/remember.ts'
import { isUuid } from './validation.ts'

export const ACCESS_TOKEN_SECONDS = 900
const ISSUER = 'hyperspeed'
const AUDIENCE = 'hyperspeed-api'
const MAX_TOKEN_LENGTH = 1024
/** About 5 MB of them. */
const MAX_REMEMBERED = 10_000

type Claims = { sub: unknown; sid: unknown; exp: number }

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: { sub: string; sid: string }
    user: { sub: string; sid: string }
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Signs an access token for one session of a user; it ends after {@link ACCESS_TOKEN_SECONDS} or with the session. */
    signAccessToken(userId: string, sessionId: string): string
    /** Reads who a request says is asking. @throws ApiError `unauthorized` for anything but one well-made token. */
    readCredential(request: FastifyRequest): Credential
    /** The secret in the cookie of the console, whatever it is. */
    readConsoleToken(request: FastifyRequest): string | undefined
    /** Whether a browser says that a page of this very server asks, or, where it says nothing of it, that one of `PUBLIC_URL` does. */
    isFromConsole(request: FastifyRequest): boolean
    /** Whether a text is an access token that this server signed, whether it still holds or not. */
    isAccessToken(token: string): boolean
  }
}

/**
 * The cookie of the console (RFC 6265bis): only this host sets it and gets it back, by HTTPS, and only script of nobody reads it. Browsers
 * take loopback for secure.
 */
export const CONSOLE_COOKIE = '__Host-hyperspeed'

/**
 * Who is asking. People carry a JWT (HS256 alone, RFC 7519) that names their session, or the cookie of the console; service accounts an
 * opaque `sa_…` token. Whether it still holds, the one statement of db/queries/access.ts answers.
 */
export default fp<{ jwtSecret: string; publicUrl: string }>(
  async (app, { jwtSecret, publicUrl }) => {
    const { origin: publicOrigin } = new URL(publicUrl)
    // Read where it is wanted, and not of every request.
    await app.register(cookie, { hook: false })
    await app.register(jwt, {
      secret: jwtSecret,
      sign: { algorithm: 'HS256', iss: ISSUER, aud: AUDIENCE, expiresIn: ACCESS_TOKEN_SECONDS },
      verify: {
        algorithms: ['HS256'],
        allowedIss: ISSUER,
        allowedAud: AUDIENCE,
        requiredClaims: ['iss', 'aud', 'sub', 'exp', 'sid'],
      },
    })
    app.decorate('signAccessToken', (userId: string, sessionId: string) =>
      app.jwt.sign({ sub: userId, sid: sessionId }),
    )
    app.decorate('readCredential', (request: FastifyRequest): Credential => {
      if (request.headers.authorization === undefined) return consoleCredential(request)
      const token = bearerToken(request)
      if (token.startsWith('sa_')) return { tokenHash: hashToken(token) }
      const { sub, sid } = verify(token)
      // Only this server signs tokens, but a column of uuids must not be asked for anything else.
      if (!isUuid(sub) || !isUuid(sid)) throw unauthorized()
      return { userId: sub, sessionId: sid }
    })

    // A browser sends the cookie along with whatever asks for something here: pages of others have no say in what.
    app.decorate('isFromConsole', ({ headers }: FastifyRequest): boolean => {
      const site = headers['sec-fetch-site']
      return site === undefined ? headers.origin === publicOrigin : site === 'same-origin'
    })

    app.decorate(
      'readConsoleToken',
      ({ headers }: FastifyRequest) => app.parseCookie(headers.cookie ?? '')[CONSOLE_COOKIE],
    )

    function consoleCredential(request: FastifyRequest): Credential {
      const token = app.readConsoleToken(request)
      if (!token?.startsWith('con_') || token.length > MAX_TOKEN_LENGTH || !app.isFromConsole(request))
        throw unauthorized()
      return { tokenHash: hashToken(token) }
    }

    app.decorate('isAccessToken', (token: string): boolean => {
      try {
        return Boolean(app.jwt.verify(token, { ignoreExpiration: true }))
      } catch {
        return false
      }
    })

    /** Tokens that this server has signed, and that have not ended: that a session holds is asked of the database each time. */
    const signed = keepLatest<Claims>(MAX_REMEMBERED)

    function verify(token: string): Claims {
      const known = signed.get(token)
      if (known !== undefined && Date.now() < known.exp * 1000) return known
      signed.delete(token)
      try {
        const claims = app.jwt.verify<Claims>(token)
        signed.set(token, claims)
        return claims
      } catch {
        throw unauthorized()
      }
    }
  },
  { name: 'authentication' },
)

/** RFC 6750, section 3: a 401 names the scheme that it wants. */
export function unauthorized(
  code: 'unauthorized' | 'invalid_credentials' | 'invalid_refresh_token' = 'unauthorized',
): ApiError {
  return new ApiError(code, { headers: { 'WWW-Authenticate': 'Bearer' } })
}

function bearerToken(request: FastifyRequest): string {
  const [, token] = /^Bearer +([\w.~+/=-]+) *$/i.exec(request.headers.authorization ?? '') ?? []
  if (token === undefined || token.length > MAX_TOKEN_LENGTH) throw unauthorized()
  return token
}
