/// <reference path="./pg-lib.d.ts" />
import pg from 'pg'
import utils from 'pg/lib/utils.js'

/** A statement as it is sent: prepared under its name. `isAppend`: see db/later.ts. */
export type Statement = { text: string; values: unknown[]; name: string; isAppend?: boolean }

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

/** Something about each of some statements, in one write with a single Sync behind it. */
abstract class Group extends HandledQuery {
  protected readonly statements: readonly Statement[]

  constructor(statements: readonly Statement[]) {
    super('')
    this.statements = statements
  }

  protected abstract write(wire: Wire, statement: Statement): void

  override readonly submit = (connection: pg.Connection): void => {
    const wire = connection as Wire
    wire.stream.cork()
    try {
      for (const statement of this.statements) this.write(wire, statement)
    } finally {
      wire.sync()
      wire.stream.uncork()
    }
  }
}

/**
 * Tells a connection some statements by their names, before they are used. By themselves: where they went with what uses them, those behind
 * a statement that fails would never be told, and others on this connection rely on them by then.
 */
class Preparation extends Group {
  protected override write(wire: Wire, { name, text }: Statement): void {
    wire.parse({ name, text, types: [] }, true)
    wire.submittedNamedStatements[name] = text
  }

  override handleReadyForQuery(connection: pg.Connection): void {
    this.#learn(connection as Wire, (wire, { name, text }) => {
      wire.parsedStatements[name] = text
    })
    super.handleReadyForQuery(connection)
  }

  /** Which of the names the server has learnt before it failed is not said: it forgets them all. */
  override handleError(error: Error, connection: pg.Connection): void {
    this.#learn(connection as Wire, (wire, { name }) => wire.close({ type: 'S', name }, true))
    super.handleError(error, connection)
  }

  #learn(wire: Wire, note: (wire: Wire, statement: Statement) => void): void {
    for (const statement of this.statements) {
      delete wire.submittedNamedStatements[statement.name]
      note(wire, statement)
    }
  }
}

/**
 * Statements that are sent as one: with a single Sync behind them the server answers all together, where it would send each answer by itself,
 * which costs both sides as much as a short statement does (PostgreSQL, Frontend/Backend Protocol, "Pipelining"). Where one fails, those
 * behind it are passed over. Outside of a transaction they are one.
 */
class Execution extends Group {
  protected override write(wire: Wire, { name, values }: Statement): void {
    wire.bind({ statement: name, values: values.map(utils.prepareValue) }, true)
    wire.describe({ type: 'P', name: '' }, true)
    wire.execute({ portal: '' }, true)
  }
}

/** Sends statements as one. @returns what each of them answered. @throws what the first that failed was answered, for all. */
export async function sendTogether(
  client: pg.Client | pg.PoolClient,
  statements: readonly Statement[],
): Promise<pg.QueryResult[]> {
  const wire = client.connection as Wire
  const isKnown = ({ name }: Statement) =>
    wire.parsedStatements[name] !== undefined || wire.submittedNamedStatements[name] !== undefined
  const fresh = new Map(statements.filter((each) => !isKnown(each)).map((each) => [each.name, each]))
  if (fresh.size > 0) prepare(client, [...fresh.values()])
  const prepared = statements.flatMap(({ name }) => PREPARING.get(wire)?.get(name) ?? [])
  const answered = submit(client, new Execution(statements))
  if (prepared.length === 0) return answered
  answered.catch(() => {}) // where one can't be prepared, for whomever, that is the reason
  await Promise.all(prepared)
  return answered
}

/** What each connection is being told, by the names of the statements. */
const PREPARING = new WeakMap<Wire, Map<string, Promise<unknown>>>()

function prepare(client: pg.Client | pg.PoolClient, statements: readonly Statement[]): void {
  const wire = client.connection as Wire
  const preparing = PREPARING.get(wire) ?? new Map<string, Promise<unknown>>()
  PREPARING.set(wire, preparing)
  const prepared = submit(client, new Preparation(statements))
  const forget = () => {
    for (const { name } of statements) preparing.delete(name)
  }
  for (const { name } of statements) preparing.set(name, prepared)
  prepared.then(forget, forget)
}

function submit(client: pg.Client | pg.PoolClient, query: WithEvents): Promise<pg.QueryResult[]> {
  const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult[]>()
  query.callback = (error, results) => {
    if (error) reject(error)
    else resolve(Array.isArray(results) ? results : [results])
  }
  client.query(query)
  return promise
}
