import { sql } from 'kysely'
import type { Database } from '../../db/client.ts'
import type { Answer, Caller, EmptyApp } from './app.ts'

const PASSWORD = 'correct horse battery staple'

/** The body of a registration. */
export const registration = (name: string, more: object = {}) => ({
  email: `${name}@example.com`,
  password: PASSWORD,
  ...more,
})

/** Whoever an answer with tokens is for. */
export async function callerOf({ send }: EmptyApp, { body }: Answer): Promise<Caller> {
  const token = body.access_token as string
  const { id } = (await send({ token, userId: '', id: '' }, 'GET', '/api/v1/me')).body
  return { token, userId: id, id }
}

/** Makes every use of a refresh token one of more than ten seconds ago. */
export async function passRefreshGrace(db: Database): Promise<void> {
  const used_at = sql<Date>`used_at - interval '10.1 seconds'`
  await db.updateTable('refresh_tokens').set({ used_at }).where('used_at', 'is not', null).execute()
}
