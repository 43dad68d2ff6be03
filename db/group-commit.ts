import pg from 'pg'
import type { Pipelines } from './pipelines.ts'
import type { Statement } from './statement-group.ts'

/** A transaction of which all is known, and who waits for it. */
type Whole = {
  statements: readonly Statement[]
  resolve: (results: pg.QueryResult[]) => void
  reject: (reason: unknown) => void
}

/** How many are committed at once at the most: each is sent once more by itself where one of them fails. */
const MOST = 16
/** How long those that wait are left to wait for a group that is under way. One takes a millisecond or two, unless something is locked. */
const PATIENCE_MS = 5

/**
 * Commits transactions that come while another is under way as one: half of what a small transaction costs Postgres is its beginning, its
 * end, and what is sent for both. What several of them append to one table is one statement
 * (docs/adr/0017-those-who-wait-commit-together.md).
 *
 * Nobody notices what they were committed with: where anything of a group fails, nothing of it has happened, and each of its transactions
 * is sent once more, by itself, and succeeds or fails for its own reasons. What differs is that `now()` is the same in all of them.
 */
export class GroupCommit {
  readonly #pipelines: Pipelines
  #waiting: Whole[] = []
  #underWay = 0
  #isScheduled = false
  #patience: NodeJS.Timeout | undefined

  constructor(pipelines: Pipelines) {
    this.#pipelines = pipelines
  }

  /** Runs the statements of one transaction. @returns what each of them answered, once it is committed. */
  queryTogether(statements: readonly Statement[]): Promise<pg.QueryResult[]> {
    const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult[]>()
    this.#waiting.push({ statements, resolve, reject })
    this.#schedule()
    return promise
  }

  #schedule(): void {
    if (this.#waiting.length === 0 || this.#isScheduled) return
    if (this.#underWay > 0) {
      this.#patience ??= setTimeout(() => this.#sendAll(), PATIENCE_MS)
      return
    }
    this.#isScheduled = true
    // Others of this turn of the event loop come along.
    setImmediate(() => {
      this.#isScheduled = false
      this.#sendAll()
    })
  }

  #sendAll(): void {
    clearTimeout(this.#patience)
    this.#patience = undefined
    while (this.#waiting.length > 0) void this.#send(this.#waiting.splice(0, MOST))
  }

  async #send(group: readonly Whole[]): Promise<void> {
    this.#underWay++
    try {
      const { sent, places } = combined(group.map(({ statements }) => statements))
      const results = await this.#pipelines.queryTogether(sent)
      group.forEach(({ resolve }, i) => {
        resolve((places[i] as number[]).map((place) => results[place] as pg.QueryResult))
      })
    } catch (error) {
      // What Postgres reports has undone all. Of a connection that is lost nobody knows.
      if (group.length > 1 && error instanceof pg.DatabaseError)
        await Promise.all(group.map((each) => this.#sendAlone(each)))
      else for (const { reject } of group) reject(error)
    } finally {
      this.#underWay--
      this.#schedule()
    }
  }

  #sendAlone({ statements, resolve, reject }: Whole): Promise<void> {
    return this.#pipelines.queryTogether(statements).then(resolve, reject)
  }
}

/**
 * The statements of some transactions one after the other, but that those which append rows by the same text are one, in the place of the
 * first of them.
 *
 * @returns `places`: where each transaction finds the answer to each of its statements.
 */
function combined(transactions: readonly (readonly Statement[])[]): { sent: Statement[]; places: number[][] } {
  const sent: Statement[] = []
  const appends = new Map<string, { place: number; rows: string[] }>()
  const placeOf = (statement: Statement): number => {
    const append = appends.get(statement.name)
    if (append === undefined) {
      const place = sent.push(statement) - 1
      if (statement.isAppend) appends.set(statement.name, { place, rows: [rowsOf(statement)] })
      return place
    }
    append.rows.push(rowsOf(statement))
    return append.place
  }
  const places = transactions.map((statements) => statements.map(placeOf))
  for (const { place, rows } of appends.values())
    if (rows.length > 1) sent[place] = { ...(sent[place] as Statement), values: [`[${rows.join()}]`] }
  return { sent, places }
}

/** The rows of an append without the brackets around them. */
function rowsOf({ values: [rows] }: Statement): string {
  return (rows as string).slice(1, -1)
}
