/// <reference path="./pg-lib.d.ts" />
import pg from 'pg'
import utils from 'pg/lib/utils.js'

/** A statement as it is sent: prepared under its name. */
export type Statement = { text: string; values: unknown[]; name: string }

/** As much as is needed here of how pg speaks the protocol; it keeps by itself which names the server knows. */
type Wire = pg.Connection & {
  parsedStatements: Record<string, string>
  /** What was sent and not answered yet. */
  submittedNamedStatements: Record<string, string>
}

/** pg's query with the events that its client hands on to it, which its types leave out. */
declare class WithEvents extends pg.Query {
  callback: (error: Error | undefined | null, results: pg.QueryResult | pg.QueryResult[]) => void
  handleReadyForQuery(connection: pg.Connection): void
  handleError(error: Error, connection: pg.Connection): void
}
const HandledQuery = pg.Query as unknown as typeof WithEvents

/**
 * Statements that are sent as one: with a single Sync behind them the server answers all together, where it would send each answer by itself,
 * which costs both sides as much as a short statement does (PostgreSQL, Frontend/Backend Protocol, "Pipelining"). Where one fails, those
 * behind it are passed over. For within a transaction alone: outside of one they would become one.
 */
class StatementGroup extends HandledQuery {
  readonly #statements: readonly Statement[]
  /** Names that the server learns with this group. */
  readonly #fresh: Statement[] = []

  constructor(statements: readonly Statement[]) {
    super('')
    this.#statements = statements
  }

  override readonly submit = (connection: pg.Connection): void => {
    const wire = connection as Wire
    wire.stream.cork()
    try {
      for (const statement of this.#statements) this.#write(wire, statement)
    } finally {
      wire.sync()
      wire.stream.uncork()
    }
  }

  #write(wire: Wire, statement: Statement): void {
    const { text, name, values } = statement
    const isKnown = wire.parsedStatements[name] !== undefined || wire.submittedNamedStatements[name] !== undefined
    if (!isKnown) {
      wire.parse({ name, text, types: [] }, true)
      wire.submittedNamedStatements[name] = text
      this.#fresh.push(statement)
    }
    wire.bind({ statement: name, values: values.map(utils.prepareValue) }, true)
    wire.describe({ type: 'P', name: '' }, true)
    wire.execute({ portal: '' }, true)
  }

  override handleReadyForQuery(connection: pg.Connection): void {
    const wire = connection as Wire
    for (const { name, text } of this.#fresh) {
      wire.parsedStatements[name] = text
      delete wire.submittedNamedStatements[name]
    }
    super.handleReadyForQuery(connection)
  }

  /** Which of the names the server has learnt before it failed is not said: it forgets them all. */
  override handleError(error: Error, connection: pg.Connection): void {
    const wire = connection as Wire
    for (const { name } of this.#fresh) {
      delete wire.submittedNamedStatements[name]
      wire.close({ type: 'S', name }, true)
    }
    super.handleError(error, connection)
  }
}

/** Sends statements as one. @returns what each of them answered. @throws what the first that failed was answered, for all. */
export function sendTogether(client: pg.PoolClient, statements: readonly Statement[]): Promise<pg.QueryResult[]> {
  const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult[]>()
  const group = new StatementGroup(statements)
  group.callback = (error, results) => {
    if (error) reject(error)
    else resolve(Array.isArray(results) ? results : [results])
  }
  client.query(group)
  return promise
}
