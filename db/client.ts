import type { Duplex } from 'node:stream'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'
import pg from 'pg'
import { DatabaseUnavailable, withoutValues } from './failures.ts'
import type { DB } from './types.ts'

export type Database = Kysely<DB>

export type DatabaseOptions = {
  /** Connections that carry single statements, many in flight on each. */
  pipelines?: number
  /** Connections for transactions, one transaction on each. */
  poolSize?: number
  /** Milliseconds after which Postgres gives a statement up (503 to the caller). */
  statementTimeout?: number
  /** Milliseconds that a transaction may wait for a connection (503 to the caller). */
  poolWait?: number
  /** Single statements in flight in this process; more are refused (503 to the caller). */
  mostInFlight?: number
  /** Called with what goes wrong on an idle connection; the connection is replaced by itself. */
  onError?: (error: Error) => void
}

/**
 * Connects to Postgres, lazily: nothing is sent before the first query.
 *
 * Single statements share a few pipelined connections and never wait for one another's answer; a transaction gets a
 * connection of its own. Every statement is sent prepared, under a name given to its text: planning costs several
 * times what running costs for the short statements of this program (bench/README.md).
 */
export function createDb(url: string, options: DatabaseOptions = {}): Database {
  return new Kysely<DB>({
    dialect: {
      createAdapter: () => new Adapter(),
      createDriver: () => new PipelinedDriver(url, options),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
}

/**
 * Leaves the lock of migrations to db/migrate.ts. Kysely's own is the session's: taken on one connection and given back on
 * another of the pipelines, it would keep every other process from starting for as long as this one lives.
 */
class Adapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

class PipelinedDriver implements Driver {
  readonly #pipelines: Pipelines
  readonly #pool: pg.Pool
  readonly #names = new StatementNames()

  constructor(url: string, options: DatabaseOptions) {
    const statementTimeout = options.statementTimeout ?? 10_000
    const connection: pg.ClientConfig = {
      connectionString: url,
      application_name: 'hyperspeed',
      options: '-c timezone=UTC',
      statement_timeout: statementTimeout,
      idle_in_transaction_session_timeout: 2 * statementTimeout,
      // For a server that has gone silent; one that answers gives up by itself after statement_timeout.
      query_timeout: statementTimeout + 2000,
      connectionTimeoutMillis: options.poolWait ?? 5000,
      keepAlive: true,
    }
    const onError = options.onError ?? (() => {})
    this.#pipelines = new Pipelines(connection, options.pipelines ?? 4, options.mostInFlight ?? 2000, onError)
    this.#pool = new pg.Pool({ ...connection, max: options.poolSize ?? 10 })
    this.#pool.on('error', onError)
    // An error may stand in the same packet as the end of the handshake, before whoever waits for the client can listen.
    this.#pool.on('connect', (client) => client.on('error', () => {}))
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<Connection> {
    return new Connection(this.#pipelines, this.#pool, this.#names)
  }

  async beginTransaction(connection: Connection, settings: TransactionSettings): Promise<void> {
    await connection.checkOut()
    const level = settings.isolationLevel ? ` isolation level ${settings.isolationLevel}` : ''
    await connection.executeQuery(CompiledQuery.raw(`begin${level}`))
  }

  async commitTransaction(connection: Connection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: Connection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection(connection: Connection): Promise<void> {
    connection.release()
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#pipelines.end(), this.#pool.end()])
  }
}

/** What Kysely holds while it runs a query or a transaction: a pipeline, until a transaction begins on it. */
class Connection implements DatabaseConnection {
  readonly #pipelines: Pipelines
  readonly #pool: pg.Pool
  readonly #names: StatementNames
  #client: pg.PoolClient | undefined
  #broken: Error | undefined

  constructor(pipelines: Pipelines, pool: pg.Pool, names: StatementNames) {
    this.#pipelines = pipelines
    this.#pool = pool
    this.#names = names
  }

  async checkOut(): Promise<void> {
    this.#client = await this.#pool.connect()
    // Without a listener, a connection that is cut between two statements would end the process.
    this.#client.on('error', this.#onError)
  }

  release(): void {
    this.#client?.off('error', this.#onError)
    this.#client?.release(this.#broken)
    this.#client = undefined
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const statement = { text: query.sql, values: query.parameters as unknown[], name: this.#names.of(query.sql) }
    const client = this.#client
    try {
      return toResult(await (client === undefined ? this.#pipelines.query(statement) : client.query(statement)))
    } catch (error) {
      // An error that Postgres reported has a code and leaves the connection sound; any other leaves it in doubt.
      if (error instanceof pg.DatabaseError) throw withoutValues(error)
      if (client !== undefined) this.#broken = error instanceof Error ? error : new Error(String(error))
      throw error
    }
  }

  // biome-ignore lint/correctness/useYield: the interface wants a generator; a cursor can't share a pipeline
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streaming is not supported: page with a cursor instead')
  }

  readonly #onError = (error: Error): void => {
    this.#broken = error
  }
}

function toResult<R>({ rows, rowCount, command }: pg.QueryResult): QueryResult<R> {
  return command === 'SELECT' ? { rows } : { rows, numAffectedRows: BigInt(rowCount ?? 0) }
}

type Statement = { text: string; values: unknown[]; name: string }

/** A few connections, each with many statements in flight; one that breaks is replaced at the next statement. */
class Pipelines {
  readonly #config: pg.ClientConfig
  readonly #slots: (Promise<pg.Client> | undefined)[]
  readonly #onError: (error: Error) => void
  readonly #mostInFlight: number
  readonly #corked = new Set<Duplex>()
  #inFlight = 0
  #next = 0

  constructor(config: pg.ClientConfig, count: number, mostInFlight: number, onError: (error: Error) => void) {
    this.#config = { ...config, pipeline: true }
    this.#slots = Array.from({ length: count }, () => undefined)
    this.#onError = onError
    this.#mostInFlight = mostInFlight
  }

  async query(statement: Statement): Promise<pg.QueryResult> {
    if (this.#inFlight >= this.#mostInFlight) throw new DatabaseUnavailable('too many statements in flight')
    this.#inFlight++
    const slot = this.#next++ % this.#slots.length
    try {
      const client = await (this.#slots[slot] ?? this.#connect(slot))
      this.#writeTogether(client.connection.stream)
      return await client.query(statement)
    } finally {
      this.#inFlight--
    }
  }

  /**
   * Sends the statements of one turn of the event loop in one write: the system call for each costs this process as
   * much as the rest of its work on a short request (bench/README.md).
   */
  #writeTogether(stream: Duplex): void {
    if (this.#corked.has(stream)) return
    this.#corked.add(stream)
    stream.cork()
    setImmediate(() => {
      this.#corked.delete(stream)
      stream.uncork()
    })
  }

  async end(): Promise<void> {
    await Promise.allSettled(this.#slots.map(async (client) => (await client)?.end()))
  }

  #connect(slot: number): Promise<pg.Client> {
    const client = new pg.Client(this.#config)
    // A connection that breaks tells so more than once, and by the second time another may have its place.
    const drop = () => {
      if (this.#slots[slot] === connected) this.#slots[slot] = undefined
    }
    client.on('error', (error) => {
      drop()
      void client.end().catch(() => {})
      this.#onError(error)
    })
    client.on('end', drop)
    const connected = client.connect().then(
      () => client,
      async (error) => {
        drop()
        await client.end().catch(() => {}) // it never connected: there is nothing to end, only a socket to let go
        throw error
      },
    )
    this.#slots[slot] = connected
    return connected
  }
}

/** A short name for each statement text. The set stays small because no text of this program varies in length. */
class StatementNames {
  readonly #names = new Map<string, string>()

  of(text: string): string {
    let name = this.#names.get(text)
    if (name === undefined) {
      name = `hs${this.#names.size}`
      this.#names.set(text, name)
    }
    return name
  }
}
