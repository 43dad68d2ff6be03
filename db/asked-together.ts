import { type Kysely, type RawBuilder, sql } from 'kysely'
import { isStatementTimeout, isUnavailable } from './failures.ts'
import { gatherEach } from './gather.ts'
import { ofEach } from './of-each.ts'
import { columnsOf, prepared } from './prepared.ts'
import type { DB } from './types.ts'

/** How many one statement answers at the most: what takes long keeps those waiting who asked with it. */
const MOST = 8

/** A place in a statement for a value of a question. */
export type Place<V> = <K extends keyof V & string>(name: K) => RawBuilder<V[K]>

/**
 * A statement that answers many questions, each by itself.
 *
 * @param types what Postgres reads each value as.
 * @param build makes what selects the answer to one question, one row at the most.
 * @returns a function that gives the rows in the order of the questions, undefined where there is none.
 */
export function answersTo<V extends object, R extends object>(
  types: { [K in keyof V]: string },
  build: (value: Place<V>) => RawBuilder<R>,
): (db: Kysely<DB>, questions: readonly V[]) => Promise<(R | undefined)[]> {
  const names = Object.keys(types).map((name) => sql.ref(name))
  // The offset keeps each question by itself: joined with all of them, whole tables would look as good as an index.
  const answers = prepared<{ questions: string }, R & { place: string }>(
    (param) => sql<R & { place: string }>`
      select answer.*, asked.place
        from rows from (json_to_recordset(${param('questions')}::json) as (${columnsOf(types)}))
             with ordinality as asked (${sql.join(names)}, place)
       cross join lateral (${build((name) => sql.ref(`asked.${name}`))} offset 0) answer`,
  )
  return async (db, questions) => {
    const found: (R | undefined)[] = questions.map(() => undefined)
    for (const { place, ...row } of await answers(db, { questions: JSON.stringify(questions) }))
      found[Number(place) - 1] = row as unknown as R
    return found
  }
}

/**
 * A question that is asked so often that several of one organization come in one turn of the event loop, which one statement answers
 * then: to start it costs Postgres more than to answer most questions (docs/adr/0017-those-who-wait-commit-together.md). Where it fails,
 * each is asked alone. In a transaction each is, too.
 *
 * @param types, build as of {@link answersTo}.
 * @returns a function that asks, and gives the row, if there is one.
 */
export function askedTogether<V extends { organizationId: string | null }, R extends object>(
  types: { [K in keyof V]: string },
  build: (value: Place<V>) => RawBuilder<R>,
): (db: Kysely<DB>, values: V) => Promise<R | undefined> {
  const askAll = answersTo(types, build)
  const asking = ofEach((db: Kysely<DB>) =>
    gatherEach(
      ({ organizationId }: V) => organizationId ?? '',
      (questions) => askAll(db, questions),
      {
        most: MOST,
        concurrency: Number.POSITIVE_INFINITY,
        isFinal: (error) => isUnavailable(error) || isStatementTimeout(error),
        againAtOnce: true,
      },
    ),
  )
  return async (db, values) => (db.isTransaction ? (await askAll(db, [values]))[0] : asking(db)(values))
}
