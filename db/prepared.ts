import { type Compilable, type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely'
import type { DB } from './types.ts'

/** Stands in a statement for a value that comes with each call. */
class Parameter {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

type Placeholder<P> = <K extends keyof P & string>(name: K) => RawBuilder<P[K]>

type Source<R> = Compilable<R> | RawBuilder<R>

/**
 * A statement that Kysely builds once and that then only takes values: building one anew costs tens of microseconds,
 * more than Postgres needs to run it. For the few statements that stand on every request's way.
 *
 * @param build makes the statement from `db` and `param('name')`, the places of the values.
 * @returns a function that runs it with one value for each name of `P`.
 */
export function prepared<P extends Record<string, unknown>, R>(
  build: (param: Placeholder<P>, db: Kysely<DB>) => Source<R>,
): (db: Kysely<DB>, values: P) => Promise<R[]> {
  let compiled: CompiledQuery | undefined
  return async (db, values) => {
    compiled ??= compile(
      build((name) => sql`${new Parameter(name)}`, db),
      db,
    )
    const parameters = compiled.parameters.map((each) => (each instanceof Parameter ? values[each.name] : each))
    const { rows } = await db.executeQuery<R>({ ...compiled, parameters })
    return rows
  }
}

function compile<R>(source: Source<R>, db: Kysely<DB>): CompiledQuery {
  return 'isRawBuilder' in source ? source.compile(db) : source.compile()
}
