import { CompiledQuery, type DatabaseConnection, type QueryResult } from 'kysely'
import pg from 'pg'
import { withoutValues } from './failures.ts'
import { isLater } from './later.ts'
import { type Statement, sendTogether } from './statement-group.ts'

/** A statement, and who waits for it, if anybody does. */
type Called = { statement: Statement; resolve?: (result: pg.QueryResult) => void; reject?: (reason: unknown) => void }

/** Where statements go that are in no transaction. */
type SingleStatements = { query(statement: Statement): Promise<pg.QueryResult> }

/**
 * What Kysely holds while it runs a query or a transaction: a pipeline, until a transaction begins on it. Its statements are sent in the
 * order in which they are called, before those before were answered, and those that are called at once as one. Those that nobody waits
 * for (db/later.ts) go with the next one that somebody does.
 */
export class HeldConnection implements DatabaseConnection {
  readonly #single: SingleStatements
  readonly #pool: pg.Pool
  readonly #names: StatementNames
  #client: pg.PoolClient | undefined
  #broken: Error | undefined
  /** What was called and not sent: of a transaction, first of all what begins it. */
  #called: Called[] = []
  #hasBegun = false
  #isSending = false
  #isOver = false

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
    this.#called = [{ statement: this.#toStatement(CompiledQuery.raw(opening)) }] // what goes with it fails with it
  }

  /**
   * Ends a transaction that has begun.
   *
   * @throws Error where Postgres did not commit what it was told to, because a statement had failed.
   */
  async end(how: 'commit' | 'rollback'): Promise<void> {
    const client = this.#client
    this.#isOver = true
    if (client === undefined) return
    // What was to go with the next statement need not happen to be undone.
    if (how === 'rollback' && !this.#isSending) this.#called = []
    const isEmpty = this.#called.length === (how === 'commit' ? 1 : 0)
    if (!this.#hasBegun && !this.#isSending && isEmpty) return
    const { command } = await this.#together(client, this.#toStatement(CompiledQuery.raw(how)))
    if (how === 'commit' && command !== 'COMMIT') throw new Error('the transaction had failed, and was not committed')
  }

  release(): void {
    this.#client?.off('error', this.#onError)
    this.#client?.release(this.#broken)
    this.#client = undefined
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#isOver) throw new Error('the transaction is over')
    const statement = this.#toStatement(query)
    const client = this.#client
    if (client === undefined) return toResult(await this.#alone(statement))
    if (!isLater(query)) return toResult(await this.#together(client, statement))
    this.#called.push({ statement })
    return { rows: [] }
  }

  #toStatement({ sql, parameters }: CompiledQuery): Statement {
    return { text: sql, values: parameters as unknown[], name: this.#names.of(sql) }
  }

  async #alone(statement: Statement): Promise<pg.QueryResult> {
    try {
      return await this.#single.query(statement)
    } catch (error) {
      throw error instanceof pg.DatabaseError ? withoutValues(error) : error
    }
  }

  /** Sends what is called before anything else happens as one. */
  #together(client: pg.PoolClient, statement: Statement): Promise<pg.QueryResult> {
    if (!this.#isSending) {
      this.#isSending = true
      process.nextTick(() => {
        const called = this.#called
        this.#called = []
        this.#isSending = false
        this.#hasBegun = true
        void this.#send(client, called)
      })
    }
    return new Promise((resolve, reject) => {
      this.#called.push({ statement, resolve, reject })
    })
  }

  async #send(client: pg.PoolClient, called: readonly Called[]): Promise<void> {
    try {
      const results = await sendTogether(
        client,
        called.map(({ statement }) => statement),
      )
      called.forEach(({ resolve }, i) => void resolve?.(results[i] as pg.QueryResult))
    } catch (error) {
      // An error that Postgres reported has a code and leaves the connection sound; any other leaves it in doubt.
      const isReported = error instanceof pg.DatabaseError
      if (!isReported) this.#broken = error instanceof Error ? error : new Error(String(error))
      const reason = isReported ? withoutValues(error) : error
      for (const { reject } of called) reject?.(reason)
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
