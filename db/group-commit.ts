import type pg from 'pg'
import { isRefusal } from './failures.ts'
import { gatherEach } from './gather.ts'
import type { Pipelines } from './pipelines.ts'
import type { Statement } from './statement-group.ts'

/** How many are committed at once at the most: each is sent once more by itself where one of them fails. */
const MOST = 16
/** How long those that wait are left to wait for a group that is under way. One takes a millisecond or two, unless something is locked. */
const PATIENCE_MS = 5

/** How many characters its appends have at the most, unless it is a single one. */
const MOST_CHARACTERS = 256 * 1024

/** A transaction of which all is known, and whose it is: only those of one organization are committed together. */
export type Whole = { statements: readonly Statement[]; organizationId: string | undefined }

/**
 * Commits transactions of an organization that come while another is under way as one: half of what a small transaction costs Postgres
 * is its beginning, its end, and what is sent for both. What several of them append to one table is one statement
 * (docs/adr/0017-those-who-wait-commit-together.md).
 *
 * Nobody notices what they were committed with: where anything of a group fails, nothing of it has happened, and each of its transactions
 * is sent once more, by itself, and succeeds or fails for its own reasons. What differs is that `now()` is the same in all of them.
 *
 * @returns a function that runs the statements of one transaction, and gives what each of them answered, once it is committed.
 */
export function groupCommit(pipelines: Pipelines): (whole: Whole) => Promise<pg.QueryResult[]> {
  const together = gatherEach(
    ({ organizationId }: Whole) => organizationId ?? '',
    (wholes) => commit(pipelines, wholes),
    {
      most: MOST,
      weigh: ({ statements }) => statements.reduce((sum, each) => sum + (each.isAppend ? rowsOf(each).length : 0), 0),
      mostWeight: MOST_CHARACTERS,
      patience: PATIENCE_MS,
      isFinal: (error) => !isRefusal(error),
      againAtOnce: true,
    },
  )
  return async (whole) =>
    whole.organizationId === undefined ? pipelines.queryTogether(whole.statements) : together(whole)
}

/**
 * Sends the statements of some transactions one after the other, but those that append rows by the same text as one, in the place of the
 * first of them.
 */
async function commit(pipelines: Pipelines, wholes: readonly Whole[]): Promise<pg.QueryResult[][]> {
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
  const places = wholes.map(({ statements }) => statements.map(placeOf))
  for (const { place, rows } of appends.values())
    if (rows.length > 1) sent[place] = { ...(sent[place] as Statement), values: [`[${rows.join()}]`] }
  const results = await pipelines.queryTogether(sent)
  return places.map((own) => own.map((place) => results[place] as pg.QueryResult))
}

/** The rows of an append without the brackets around them. */
function rowsOf({ values: [rows] }: Statement): string {
  return (rows as string).slice(1, -1)
}
