import { sql, type Transaction } from 'kysely'
import pg from 'pg'
import { BoundedClient, connectionConfig } from './connection.ts'
import type { DB } from './types.ts'

const RECONNECT_MS = 1000
/** Nothing need ever come on such a connection, so that it works is asked for. */
const ASK_EVERY_MS = 5000
const ANSWER_WITHIN_MS = 5000

/**
 * Listens on a channel of Postgres, on a connection of its own that is replaced when it breaks, or says nothing any more.
 *
 * @param onNotify called for each notification with its payload, and with '' after each (re)connect, because something may have been
 * missed in between.
 * @returns stops listening.
 */
export function listen(
  url: string,
  channel: string,
  onNotify: (payload: string) => void,
  onError: (error: unknown) => void,
): () => Promise<void> {
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const connect = async (): Promise<void> => {
    const next = new BoundedClient(connectionConfig(url, { answerWithin: ANSWER_WITHIN_MS }))
    client = next
    let asking: NodeJS.Timeout | undefined
    const again = () => {
      clearInterval(asking)
      if (client !== next || stopped) return
      client = undefined
      timer = setTimeout(start, RECONNECT_MS)
    }
    const fail = (error: unknown) => {
      onError(error)
      again()
      return next.end().catch(() => {}) // where it never came up there is nothing to end
    }
    next.on('error', onError)
    next.on('end', again)
    next.on('notification', ({ payload = '' }) => onNotify(payload))
    try {
      await next.connect()
      await next.query(`listen ${pg.escapeIdentifier(channel)}`)
      onNotify('')
      asking = setInterval(() => void next.query('select').catch(fail), ASK_EVERY_MS)
    } catch (error) {
      await fail(error)
    }
  }
  const start = () => {
    connect().catch(onError)
  }
  start()
  return async () => {
    stopped = true
    clearTimeout(timer)
    await client?.end().catch(() => {}) // it is gone already
  }
}

/** Tells whoever listens on a channel, in whichever process, once this transaction commits. */
export async function notify(trx: Transaction<DB>, channel: string, payload = ''): Promise<void> {
  await sql`select pg_notify(${channel}, ${payload})`.execute(trx)
}
