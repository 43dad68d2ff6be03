import { setTimeout as wait } from 'node:timers/promises'
import { type Dialect, type Driver, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type pg from 'pg'
import { BoundedClient, type Bounds, connectionConfig, createPool } from './connection.ts'
import { groupCommit } from './group-commit.ts'
import { HeldConnection, StatementNames } from './held-connection.ts'
import { Pipelines } from './pipelines.ts'
import { PipelinedKysely, type Settings } from './transaction.ts'

export type Database = PipelinedKysely

export type DatabaseOptions = {
  /** Connections that carry single statements, many in flight on each. */
  pipelines?: number
  /** Connections that carry transactions of which all is known before anything is sent, many in flight on each. */
  wholes?: number
  /** Connections for all other transactions, one transaction on each. */
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
 * Single statements share a few pipelined connections and never wait for one another's answer; so do, on others, transactions of which all
 * is known before anything is sent, because a commit takes longer than most statements. Any other transaction gets a connection of its own.
 * Every statement is sent prepared, under a name given to its text: planning costs several times what running costs for the short
 * statements of this program (bench/README.md).
 */
export function createDb(url: string, options: DatabaseOptions = {}): Database {
  const driver = new PipelinedDriver(url, options)
  const dialect: Dialect = {
    createAdapter: () => new Adapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
  return new PipelinedKysely(dialect, driver)
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
/** How long a transaction that shares its connection waits for somebody's lock, and others for it, until it gets one of its own. */
const MOST_LOCK_WAIT_MS = 20

class PipelinedDriver implements Driver {
  readonly #pipelines: Pipelines
  readonly #wholes: Pipelines
  readonly #commitWhole: ReturnType<typeof groupCommit>
  readonly #pool: pg.Pool
  readonly #names = new StatementNames()

  constructor(url: string, options: DatabaseOptions) {
    const statementTimeout = options.statementTimeout ?? 10_000
    const bounds: Bounds = {
      // One that answers gives up by itself after statement_timeout.
      answerWithin: statementTimeout + 2000,
      ...(options.poolWait === undefined ? {} : { connectWithin: options.poolWait }),
    }
    const prepare = (more: string) => (client: pg.ClientBase) => client.query(settings(statementTimeout) + more)
    const onError = options.onError ?? (() => {})
    const pipelines = (count: number, more = '') =>
      new Pipelines(() => new BoundedClient({ ...connectionConfig(url, bounds), pipeline: true }), prepare(more), {
        count,
        mostInFlight: options.mostInFlight ?? 2000,
        onError,
        onSilence: () => {
          this.#pipelines.retireAll()
          this.#wholes.retireAll()
        },
      })
    this.#pipelines = pipelines(options.pipelines ?? 4)
    this.#wholes = pipelines(options.wholes ?? 3, `; set lock_timeout = ${MOST_LOCK_WAIT_MS}`)
    this.#commitWhole = groupCommit(this.#wholes)
    this.#pool = createPool(url, bounds, { pipeline: true, max: options.poolSize ?? 10, prepare: prepare(''), onError })
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<HeldConnection> {
    return new HeldConnection(this.#pipelines, this.#commitWhole, this.#pool, this.#names)
  }

  async beginTransaction(connection: HeldConnection, settings: Settings): Promise<void> {
    const level = settings.isolationLevel ? ` isolation level ${settings.isolationLevel}` : ''
    connection.begin(`begin${level}`, settings.organizationId)
  }

  async commitTransaction(connection: HeldConnection): Promise<void> {
    await connection.end('commit')
  }

  async rollbackTransaction(connection: HeldConnection): Promise<void> {
    await connection.end('rollback')
  }

  async releaseConnection(connection: HeldConnection): Promise<void> {
    await connection.release()
  }

  /** A transaction that still waits for the server is not waited for longer than a moment. */
  async destroy(): Promise<void> {
    const ended = Promise.all([this.#pipelines.end(), this.#wholes.end(), this.#pool.end()])
    await Promise.race([ended, wait(DESTROY_WITHIN_MS, undefined, { ref: false })])
  }
}

/**
 * What is answered is durable, whatever the database says about it. It would also let others see what a crash undoes, and after that gives the same number to
 * another transaction (docs/adr/0018).
 */
const DURABLE = `select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`

/** What each session keeps to, in milliseconds. */
function settings(statementTimeout: number): string {
  return `set timezone = 'UTC'; set statement_timeout = ${statementTimeout}; set idle_in_transaction_session_timeout = ${2 * statementTimeout}; ${DURABLE}`
}
