import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import {
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type TransactionSettings,
} from 'kysely'
import type pg from 'pg'
import { BoundedClient, type Bounds, connectionConfig, createPool, isSilence } from './connection.ts'
import { DatabaseUnavailable } from './failures.ts'
import { HeldConnection, type Statement, StatementNames } from './held-connection.ts'
import { PipelinedKysely } from './transaction.ts'

export type Database = PipelinedKysely

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
    this.#pool = createPool(url, bounds, { pipeline: true, max: options.poolSize ?? 10, prepare, onError })
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<HeldConnection> {
    return new HeldConnection(this.#pipelines, this.#pool, this.#names)
  }

  async beginTransaction(connection: HeldConnection, settings: TransactionSettings): Promise<void> {
    const level = settings.isolationLevel ? ` isolation level ${settings.isolationLevel}` : ''
    await connection.begin(`begin${level}`)
  }

  async commitTransaction(connection: HeldConnection): Promise<void> {
    await connection.end('commit')
  }

  async rollbackTransaction(connection: HeldConnection): Promise<void> {
    await connection.end('rollback')
  }

  async releaseConnection(connection: HeldConnection): Promise<void> {
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

type PipelinesOptions = { count: number; mostInFlight: number; onError: (error: Error) => void }

type Slot = { client: Promise<pg.Client>; inFlight: number }

/** A few connections, each with many statements in flight; one that breaks is replaced at the next statement. */
class Pipelines {
  readonly #create: () => pg.Client
  readonly #prepare: (client: pg.Client) => Promise<unknown>
  readonly #slots: (Slot | undefined)[]
  /** Take no new statements, and end with the last of those in flight on them. */
  readonly #retired = new Set<Slot>()
  readonly #onError: (error: Error) => void
  readonly #mostInFlight: number
  readonly #corked = new Set<Duplex>()
  #inFlight = 0
  #next = 0

  constructor(
    create: () => pg.Client,
    prepare: (client: pg.Client) => Promise<unknown>,
    { count, mostInFlight, onError }: PipelinesOptions,
  ) {
    this.#create = create
    this.#prepare = prepare
    this.#slots = Array.from({ length: count }, () => undefined)
    this.#onError = onError
    this.#mostInFlight = mostInFlight
  }

  async query(statement: Statement): Promise<pg.QueryResult> {
    if (this.#inFlight >= this.#mostInFlight) throw new DatabaseUnavailable('too many statements in flight')
    const index = this.#next++ % this.#slots.length
    const slot = this.#slots[index] ?? this.#connect(index)
    this.#inFlight++
    slot.inFlight++
    try {
      const client = await slot.client
      this.#writeTogether(client.connection.stream)
      return await client.query(statement)
    } catch (error) {
      if (isSilence(error) && !this.#retired.has(slot)) this.#retireAll()
      throw error
    } finally {
      this.#inFlight--
      slot.inFlight--
      if (slot.inFlight === 0 && this.#retired.delete(slot)) endSlot(slot)
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

  /**
   * Where the server of one connection has gone silent, a statement on each of the others would find the same out anew. What
   * is in flight on them keeps its own deadline: one of them may still answer.
   */
  #retireAll(): void {
    const retired = [...this.#slots]
    this.#slots.fill(undefined)
    for (const slot of retired) {
      if (slot === undefined) continue
      if (slot.inFlight > 0) this.#retired.add(slot)
      else endSlot(slot)
    }
  }

  async end(): Promise<void> {
    await Promise.allSettled([...this.#slots, ...this.#retired].map(async (slot) => (await slot?.client)?.end()))
  }

  #connect(index: number): Slot {
    const client = this.#create()
    // A connection that breaks tells so more than once, and by the second time another may have its place.
    const drop = () => {
      if (this.#slots[index] === slot) this.#slots[index] = undefined
    }
    client.on('error', (error) => {
      drop()
      void client.end().catch(() => {})
      this.#onError(error)
    })
    client.on('end', drop)
    const connect = async () => {
      try {
        await client.connect()
        await this.#prepare(client)
        return client
      } catch (error) {
        drop()
        await client.end().catch(() => {}) // it never connected: there is nothing to end, only a socket to let go
        throw error
      }
    }
    const slot: Slot = { client: connect(), inFlight: 0 }
    this.#slots[index] = slot
    return slot
  }
}

function endSlot({ client }: Slot): void {
  void client.then((made) => made.end()).catch(() => {})
}
