import { CompiledQuery, type DatabaseConnection, type QueryResult } from 'kysely'
import pg from 'pg'
import { isLockTimeout, withoutValues } from './failures.ts'
import type { Whole } from './group-commit.ts'
import { isAppend, isLater } from './later.ts'
import { type Statement, sendTogether } from './statement-group.ts'

/** A statement, and who waits for it, if anybody does. */
type Called = { statement: Statement; resolve?: (result: pg.QueryResult) => void; reject?: (reason: unknown) => void }

/** Where statements go that are in no transaction. */
type Singles = { query(statement: Statement): Promise<pg.QueryResult> }

/** Runs a transaction of which all is known. */
type CommitWhole = (whole: Whole) => Promise<pg.QueryResult[]>

/** How every transaction begins that says nothing of its isolation. */
const BEGIN = 'begin'

/**
 * What Kysely holds while it runs a query or a transaction: a pipeline, until a transaction begins on it. Its statements are sent in the
 * order in which they are called, before those before were answered, and those that are called at once as one. Those that nobody waits
 * for (db/later.ts) go with the next one that somebody does. A transaction that is whole before anything of it was sent needs no
 * connection to itself.
 */
export class HeldConnection implements DatabaseConnection {
  readonly #singles: Singles
  readonly #commitWhole: CommitWhole
  readonly #pool: pg.Pool
  readonly #names: StatementNames
  /** What begins the transaction; undefined outside of one. */
  #opening: string | undefined
  #organizationId: string | undefined
  /** From when it was first needed. */
  #client: Promise<pg.PoolClient> | undefined
  #broken: Error | undefined
  /** What was called and not sent. */
  #called: Called[] = []
  #isSending = false
  #isOver = false

  constructor(singles: Singles, commitWhole: CommitWhole, pool: pg.Pool, names: StatementNames) {
    this.#singles = singles
    this.#commitWhole = commitWhole
    this.#pool = pool
    this.#names = names
  }

  /**
   * Lets what is called from now on be a transaction. It begins with its first statement.
   *
   * @param organizationId with whose it may be committed.
   */
  begin(opening: string, organizationId?: string): void {
    this.#opening = opening
    this.#organizationId = organizationId
  }

  /**
   * Ends a transaction.
   *
   * @throws Error where Postgres did not commit what it was told to, because a statement had failed.
   */
  async end(how: 'commit' | 'rollback'): Promise<void> {
    this.#isOver = true
    // What was to go with the next statement need not happen to be undone.
    if (how === 'rollback' && !this.#isSending) this.#called = []
    if (this.#client === undefined) {
      if (this.#called.length === 0) return
      if (how === 'commit' && this.#opening === BEGIN) return this.#sendWhole()
    }
    const { command } = await this.#together(this.#toStatement(CompiledQuery.raw(how)))
    if (how === 'commit' && command !== 'COMMIT') throw new Error('the transaction had failed, and was not committed')
  }

  async release(): Promise<void> {
    const client = await this.#client?.catch(() => undefined) // who asked for it has heard why there is none
    client?.off('error', this.#onError)
    client?.release(this.#broken)
    this.#client = undefined
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#isOver) throw new Error('the transaction is over')
    const statement = this.#toStatement(query)
    if (this.#opening === undefined) return toResult(await this.#alone(statement))
    if (!isLater(query)) return toResult(await this.#together(statement))
    this.#called.push({ statement })
    return { rows: [] }
  }

  #toStatement(query: CompiledQuery): Statement {
    const { sql, parameters } = query
    return { text: sql, values: parameters as unknown[], name: this.#names.of(sql), isAppend: isAppend(query) }
  }

  async #alone(statement: Statement): Promise<pg.QueryResult> {
    try {
      return await this.#singles.query(statement)
    } catch (error) {
      throw error instanceof pg.DatabaseError ? withoutValues(error) : error
    }
  }

  /** Sends what is called before anything else happens as one. */
  #together(statement: Statement): Promise<pg.QueryResult> {
    if (!this.#isSending) {
      this.#isSending = true
      process.nextTick(() => {
        if (this.#isSending) this.#send()
      })
    }
    return new Promise((resolve, reject) => {
      this.#called.push({ statement, resolve, reject })
    })
  }

  #take(): Called[] {
    const called = this.#called
    this.#called = []
    this.#isSending = false
    return called
  }

  /** Sends all that was called, with what begins the transaction before the first of it. */
  #send(): void {
    const called = this.#take()
    if (this.#client === undefined)
      called.unshift({ statement: this.#toStatement(CompiledQuery.raw(this.#opening ?? BEGIN)) })
    this.#client ??= this.#connect()
    const client = this.#client
    this.#answer(called, async (statements) => sendTogether(await client, statements)).catch(() => {}) // who called them was told
  }

  /** Sends a transaction of which nothing was sent: what Postgres is given with a single Sync is one by itself. */
  async #sendWhole(): Promise<void> {
    await this.#answer(this.#take(), async (statements) => {
      try {
        return await this.#commitWhole({ statements, organizationId: this.#organizationId })
      } catch (error) {
        if (!isLockTimeout(error)) throw error
        return this.#sendByItself(statements)
      }
    })
  }

  /** Sends it once more, where nobody else waits behind it: what it wants is locked, and nothing of it has happened. */
  async #sendByItself(statements: readonly Statement[]): Promise<pg.QueryResult[]> {
    const [begin, commit] = [BEGIN, 'commit'].map((text) => this.#toStatement(CompiledQuery.raw(text)))
    this.#client = this.#connect()
    const results = await sendTogether(await this.#client, [begin, ...statements, commit] as Statement[])
    return results.slice(1, -1)
  }

  async #connect(): Promise<pg.PoolClient> {
    const client = await this.#pool.connect()
    // Without a listener, a connection that is cut between two statements would end the process.
    client.on('error', this.#onError)
    return client
  }

  /** Tells those who called statements what was answered. @throws what the first that failed was answered. */
  async #answer(
    called: readonly Called[],
    send: (statements: readonly Statement[]) => Promise<pg.QueryResult[]>,
  ): Promise<void> {
    try {
      const results = await send(called.map(({ statement }) => statement))
      called.forEach(({ resolve }, i) => void resolve?.(results[i] as pg.QueryResult))
    } catch (error) {
      // An error that Postgres reported has a code and leaves the connection sound; any other leaves it in doubt.
      const isReported = error instanceof pg.DatabaseError
      if (!isReported) this.#broken = error instanceof Error ? error : new Error(String(error))
      const reason = isReported ? withoutValues(error) : error
      for (const { reject } of called) reject?.(reason)
      throw reason
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
