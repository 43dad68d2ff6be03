import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../../db/client.ts'
import * as users from '../../db/queries/users.ts'
import type { LoginRequest } from '../../schemas/auth.ts'
import type { Origin } from '../../src/access/caller.ts'
import { normalizeEmail } from '../../src/access/email.ts'
import type { Passwords } from '../../src/access/passwords.ts'
import { recordFailure } from '../../src/access/sessions.ts'
import { networkOf } from '../../src/network.ts'
import { unauthorized } from './authentication.ts'
import type { Limiter } from './limits.ts'

const LOGINS_A_MINUTE = 60
/** Of one account from one address: who guesses is stopped, and the owner elsewhere is not. */
const LOGINS_OF_AN_ACCOUNT_A_MINUTE = 10

declare module 'fastify' {
  interface FastifyInstance {
    /** What each route takes on that lets people in by a password: all count together. */
    loginLimits: { onRequest: Limiter; preHandler: Limiter }
    /**
     * Whose email and password a body of `LoginRequest` has. A wrong one is put on record.
     *
     * @returns the id of the user. @throws ApiError `invalid_credentials`
     */
    checkPassword(request: FastifyRequest): Promise<string>
  }
}

/** How people prove who they are. */
export default fp<{ db: Database; passwords: Passwords; isLimited: boolean }>(
  async (app, { db, passwords, isLimited }) => {
    const perMinute = (most: number) => (isLimited ? most : undefined)
    app.decorate('loginLimits', {
      onRequest: app.createLimiter(perMinute(LOGINS_A_MINUTE), 60),
      preHandler: app.createLimiter(perMinute(LOGINS_OF_AN_ACCOUNT_A_MINUTE), 60, ({ body, ip }) =>
        JSON.stringify([networkOf(ip), normalizeEmail((body as LoginRequest).email)]),
      ),
    })

    const failures = new Set<Promise<void>>()
    app.addHook('onClose', async () => {
      await Promise.all(failures)
    })

    /** Beside the answer: if it waited, the time that it takes would tell which emails have an account. */
    function noteFailure(request: FastifyRequest, userId: string): void {
      const note = recordFailure(db, userId, originOf(request))
        .catch((error: unknown) => request.log.error({ err: error }, 'a failed login was not put on record'))
        .finally(() => failures.delete(note))
      failures.add(note)
    }

    app.decorate('checkPassword', async (request: FastifyRequest) => {
      const { email, password } = request.body as LoginRequest
      const account = await users.findByEmail(db, normalizeEmail(email))
      const matches = await passwords.verify(account?.password_hash, password)
      if (account !== undefined && !matches) noteFailure(request, account.id)
      if (account === undefined || !matches) throw unauthorized('invalid_credentials')
      return account.id
    })
  },
  { name: 'logins', dependencies: ['authentication', 'limits'] },
)

/** Where a request comes from whose caller has not shown yet who they are. */
export function originOf({ id, ip }: FastifyRequest): Origin {
  return { requestId: id, address: ip }
}
