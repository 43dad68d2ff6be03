import type { Kysely, Transaction } from 'kysely'
import { newId } from '../../db/new-id.ts'
import * as consoleLogins from '../../db/queries/console-logins.ts'
import * as sessions from '../../db/queries/sessions.ts'
import type { DB } from '../../db/types.ts'
import * as audit from '../audit.ts'
import type { Caller, Origin } from './caller.ts'
import { hashToken, newToken } from './tokens.ts'

const REFRESH_DAYS = 30
/** So long a login of the console lasts at the most. */
export const CONSOLE_DAYS = 7
/** Two tabs of one browser may refresh with the same token. Whoever comes later has stolen it, or was stolen from. */
const REUSE_SECONDS = 10

/** A session with the refresh token that goes on with it, which is shown this once. */
export type Session = { id: string; userId: string; refreshToken: string }

/** Begins a session of somebody who has shown their password, on record in each of their organizations. */
export async function logIn(trx: Transaction<DB>, userId: string, origin: Origin): Promise<Session> {
  const session = await begin(trx, userId)
  await recordLogin(trx, session, userFrom(userId, origin), 'logged_in', origin.address)
  return session
}

/**
 * Puts a wrong password on record in each organization of the account that it was tried on. Not under the account's
 * name: who it was is not known.
 */
export async function recordFailure(db: Kysely<DB>, userId: string, { requestId, address }: Origin): Promise<void> {
  const by = { ...audit.SYSTEM, requestId }
  await db.transaction().execute((trx) => recordLogin(trx, { userId }, by, 'login_failed', address))
}

/**
 * Begins a session of the console of somebody who has shown their password, which has no tokens, but a secret for a cookie.
 *
 * @returns the secret, which is shown this once.
 */
export async function logInToConsole(trx: Transaction<DB>, userId: string, origin: Origin): Promise<string> {
  const [id, token] = [newId(), newToken('con_')]
  await sessions.insert(trx, id, userId)
  await consoleLogins.insert(trx, { token_hash: hashToken(token), session_id: id, days: CONSOLE_DAYS })
  await recordLogin(trx, { id, userId }, userFrom(userId, origin), 'logged_in', origin.address)
  return token
}

/** Begins a session of somebody who has shown who they are. */
export async function begin(trx: Transaction<DB>, userId: string): Promise<Session> {
  const id = newId()
  await sessions.insert(trx, id, userId)
  return prolong(trx, id, userId)
}

/**
 * Gives a new refresh token for one that is used up by it. One that was used within the last {@link REUSE_SECONDS} seconds gives
 * another new one of the same session.
 *
 * @returns undefined for one that was used before that, and for one that is expired, unknown or of an ended session. The session
 * of a used one has then been ended, which the caller must commit: somebody else holds a token of it.
 */
export async function refresh(
  trx: Transaction<DB>,
  refreshToken: string,
  { requestId, address }: Origin,
): Promise<Session | undefined> {
  const use = await sessions.useRefreshToken(trx, hashToken(refreshToken), REUSE_SECONDS)
  if (use === undefined) return undefined
  const { session_id: id, user_id: userId, outcome } = use
  if (outcome === 'won') return prolong(trx, id, userId)
  // One of two holders of the token has stolen it, and nobody knows which.
  const by = { ...audit.SYSTEM, requestId }
  if (outcome === 'reused') await recordLogin(trx, { id, userId }, by, 'refresh_reused', address)
  return undefined
}

/** Ends the session of a refresh token, used or not, with every access token of it, or that of the secret of a console's cookie. */
export async function end(
  trx: Transaction<DB>,
  holder: Parameters<typeof sessions.revoke>[1],
  token: string,
  origin: Origin,
): Promise<void> {
  const ended = await sessions.revoke(trx, holder, hashToken(token))
  if (ended === undefined) return
  const { session_id: id, user_id: userId } = ended
  await recordLogin(trx, { id, userId }, userFrom(userId, origin), 'logged_out', origin.address)
}

async function prolong(trx: Transaction<DB>, id: string, userId: string): Promise<Session> {
  const refreshToken = newToken('rt_')
  await sessions.insertRefreshToken(trx, { token_hash: hashToken(refreshToken), session_id: id, days: REFRESH_DAYS })
  return { id, userId, refreshToken }
}

function userFrom(id: string, origin: Origin): Caller {
  return { actor: { type: 'user', id, userId: id }, ...origin }
}

async function recordLogin(
  trx: Transaction<DB>,
  session: { id?: string; userId: string },
  by: audit.By,
  deed: 'logged_in' | 'login_failed' | 'refresh_reused' | 'logged_out',
  address: string,
): Promise<void> {
  const target = { type: 'user', id: session.userId }
  const details = { address, ...(session.id === undefined ? {} : { session_id: session.id }) }
  await audit.recordOfUser(trx, session.userId, by, { action: `auth.${deed}`, target, details })
}
