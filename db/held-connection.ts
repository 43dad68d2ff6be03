import { CompiledQuery, type DatabaseConnection, type QueryResult } from 'kysely'
import pg from 'pg'
import { withoutValues } from './failures.ts'

/** A statement as it is sent: prepared under its name. */
export type Statement = { text: string; values: unknown[]; name: string }

/** Where statements go that are in no transaction. */
type SingleStatements = { query(statement: Statement): Promise<pg.QueryResult> }

/** Only reads: where it were sent outside of a transaction, nothing would come of it. */
const IS_READ = /^\s*select\b/i

/**
 * What Kysely holds while it runs a query or a transaction: a pipeline, until a transaction begins on it. Its statements are sent in the
 * order in which they are called, before the one before was answered.
 */
export class HeldConnection implements DatabaseConnection {
  readonly #single: SingleStatements
  readonly #pool: pg.Pool
  readonly #names: StatementNames
  #client: pg.PoolClient | undefined
  #broken: Error | undefined
  /** What begins the transaction, until the first statement is sent, with which it goes. */
  #opening: string | undefined
  /** Resolves once the transaction has begun; undefined before it is asked for, and once it has. */
  #beginning: Promise<void> | undefined
  #holdsBack = false
  #isOver = false
  #isCorked = false

  constructor(single: SingleStatements, pool: pg.Pool, names: StatementNames) {
    this.#single = single
    this.#pool = pool
    this.#names = names
  }

  /** Takes a connection for a transaction. It begins with its first statement. */
  async begin(opening: string): Promise<void> {
    this.#client = await this.#pool.connect()
    // Without a listener, a connection that is cut between two statements would end the process.
    this.#client.on('error', this.#onError)
    this.#opening = opening
  }

  /**
   * Ends a transaction that has begun.
   *
   * @throws Error where Postgres did not commit what it was told to, because a statement had failed.
   */
  async end(how: 'commit' | 'rollback'): Promise<void> {
    const hasBegun = this.#opening === undefined
    this.#isOver = true
    if (!hasBegun) return
    const { command } = await this.#send(this.#client, CompiledQuery.raw(how))
    if (how === 'commit' && command !== 'COMMIT') throw new Error('the transaction had failed, and was not committed')
  }

  release(): void {
    this.#client?.off('error', this.#onError)
    this.#client?.release(this.#broken)
    this.#client = undefined
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#isOver) throw new Error('the transaction is over')
    const client = this.#client
    if (client !== undefined) {
      if (this.#opening !== undefined) this.#open(client, this.#opening)
      // A write is not sent before it is sure that it is part of the transaction, nor is what comes behind it.
      this.#holdsBack ||= !IS_READ.test(query.sql)
      if (this.#beginning !== undefined && this.#holdsBack) await this.#beginning
    }
    return toResult(await this.#send(client, query))
  }

  #open(client: pg.PoolClient, opening: string): void {
    this.#opening = undefined
    this.#beginning = this.#send(client, CompiledQuery.raw(opening)).then(() => {
      this.#beginning = undefined
    })
    this.#beginning.catch(() => {}) // what is sent next fails with it
  }

  async #send(client: pg.PoolClient | undefined, query: CompiledQuery): Promise<pg.QueryResult> {
    const statement = { text: query.sql, values: query.parameters as unknown[], name: this.#names.of(query.sql) }
    try {
      if (client === undefined) return await this.#single.query(statement)
      this.#writeTogether(client)
      return await client.query(statement)
    } catch (error) {
      // An error that Postgres reported has a code and leaves the connection sound; any other leaves it in doubt.
      if (error instanceof pg.DatabaseError) throw withoutValues(error)
      if (client !== undefined) this.#broken = error instanceof Error ? error : new Error(String(error))
      throw error
    }
  }

  /** Sends what is called before anything else happens in one write: the system call costs as much as the rest of a short statement. */
  #writeTogether({ connection: { stream } }: pg.PoolClient): void {
    if (this.#isCorked) return
    this.#isCorked = true
    stream.cork()
    process.nextTick(() => {
      this.#isCorked = false
      stream.uncork()
    })
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
export class StatementNames {
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
