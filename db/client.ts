import { setTimeout as wait } from 'node:timers/promises'
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
import { BoundedClient, type Bounds, connectionConfig, createPool } from './connection.ts'
import { withoutValues } from './failures.ts'
import { Pipelines } from './pipelines.ts'
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

const DESTROY_WITHIN_MS = 2000

class PipelinedDriver implements Driver {
  readonly #pipelines: Pipelines
  readonly #pool: pg.Pool
  readonly #names = new StatementNames()

  constructor(url: string, options: DatabaseOptions) {
    const statementTimeout = options.statementTimeout ?? 10_000
    const bounds: Bounds = {
      // One that answers gives up by itself after statement_timeout.
      answerWithin: statementTimeout + 2000,
      ...(options.poolWait === undefined ? {} : { connectWithin: options.poolWait }),
    }
    const prepare = (client: pg.ClientBase) => client.query(settings(statementTimeout))
    const onError = options.onError ?? (() => {})
    this.#pipelines = new Pipelines(
      () => new BoundedClient({ ...connectionConfig(url, bounds), pipeline: true }),
      prepare,
      { count: options.pipelines ?? 4, mostInFlight: options.mostInFlight ?? 2000, onError },
    )
    this.#pool = createPool(url, bounds, { max: options.poolSize ?? 10, prepare, onError })
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

  /** A transaction that still waits for the server is not waited for longer than a moment. */
  async destroy(): Promise<void> {
    const ended = Promise.all([this.#pipelines.end(), this.#pool.end()])
    await Promise.race([ended, wait(DESTROY_WITHIN_MS, undefined, { ref: false })])
  }
}

/** What each session keeps to, in milliseconds. */
function settings(statementTimeout: number): string {
  return `set timezone = 'UTC'; set statement_timeout = ${statementTimeout}; set idle_in_transaction_session_timeout = ${2 * statementTimeout}`
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
