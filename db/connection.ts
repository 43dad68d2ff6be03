import pg from 'pg'
import { parseExact } from './exact-json.ts'

/** A connection is found dead, by the kernel too, some probes after it was idle for this long. */
const KEEP_ALIVE_MS = 10_000
const CONNECT_WITHIN_MS = 5000
/** How long a server may take to hang up after it was told goodbye. */
const GOODBYE_MS = 1000
/** What pg says of a statement that was not answered within `query_timeout`. */
const SILENCE = 'Query read timeout'

/**
 * A connection that ends when it is ended. pg waits for the server to hang up, which one that has gone silent never does, and
 * its sockets would stay open until the kernel gives them up after a quarter of an hour.
 */
export class BoundedClient extends pg.Client {
  override end(): Promise<void>
  override end(callback: (error: Error) => void): void
  override end(callback?: (error: Error) => void): Promise<void> | undefined {
    const { connection } = this
    const cut = setTimeout(() => connection.stream.destroy(), GOODBYE_MS)
    cut.unref()
    connection.once('end', () => clearTimeout(cut))
    if (callback === undefined) return super.end()
    super.end(callback)
    return undefined
  }
}

export type Bounds = {
  /** Milliseconds within which a statement must be answered; after them the server counts as silent. */
  answerWithin: number
  /** Milliseconds within which a connection must be made; 5 s by default. */
  connectWithin?: number
}

/**
 * How every connection of this program is made, whoever uses it: no wait for the server is without an end. What the server
 * itself is to keep to is set after connecting, because poolers refuse most settings in the first message.
 */
export function connectionConfig(url: string, { answerWithin, connectWithin = CONNECT_WITHIN_MS }: Bounds) {
  return {
    connectionString: url,
    application_name: 'hyperspeed',
    query_timeout: answerWithin,
    connectionTimeoutMillis: connectWithin,
    types: { getTypeParser: parserOf },
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  } satisfies pg.ClientConfig
}

/** JSON keeps the digits of its numbers; everything else is read as pg reads it. */
const parserOf: pg.CustomTypesConfig['getTypeParser'] = (oid, format) =>
  oid === pg.types.builtins.JSON || oid === pg.types.builtins.JSONB ? parseExact : pg.types.getTypeParser(oid, format)

/** Whether a statement failed because the server said nothing. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === SILENCE
}

/**
 * A pool of such connections.
 *
 * @param prepare is given each connection before anybody uses it.
 * @param pipeline whether statements are sent before the one before was answered.
 */
export function createPool(
  url: string,
  bounds: Bounds,
  {
    max,
    pipeline = false,
    prepare,
    onError,
  }: {
    max: number
    pipeline?: boolean
    prepare?: (client: pg.ClientBase) => Promise<unknown>
    onError: (error: Error) => void
  },
): pg.Pool {
  const pool = new pg.Pool({
    ...connectionConfig(url, bounds),
    Client: BoundedClient,
    pipeline,
    max,
    ...(prepare === undefined ? {} : { onConnect: prepare }),
  })
  pool.on('error', onError)
  // An error may stand in the same packet as the end of the handshake, before whoever waits for the client can listen.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}
