import { type Compilable, type CompiledQuery, type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import { later } from './later.ts'
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
  const fill = once(build)
  return async (db, values) => (await db.executeQuery<R>(fill(db, values))).rows
}

/** The same for a write of a transaction that nobody waits for (db/later.ts). */
export function preparedLater<P extends Record<string, unknown>>(
  build: (param: Placeholder<P>, db: Kysely<DB>) => Source<unknown>,
): (trx: Transaction<DB>, values: P) => Promise<void> {
  const fill = once(build)
  return (trx, values) => later(trx, fill(trx, values))
}

/**
 * The same for new rows that hang on nothing that their transaction did before. Those of transactions that are committed together are added
 * by one statement, which costs little more than that for one of them (bench/README.md).
 *
 * @param types what Postgres reads each value of a row as. A value for `json` is JSON by itself, and stays as it is written.
 * @param build makes the statement from what stands for the rows in `from`, under the name `new`.
 */
export function preparedAppend<R extends object>(
  types: { [K in keyof R]: string },
  build: (rows: RawBuilder<unknown>) => RawBuilder<unknown>,
): (trx: Transaction<DB>, row: R) => Promise<void> {
  const fill = once<{ rows: string }>((param) =>
    build(sql`json_to_recordset(${param('rows')}::json) as new (${columnsOf(types)})`),
  )
  const fields = Object.entries<string>(types).map(([name, type]) => ({
    name: name as keyof R,
    key: JSON.stringify(name),
    isJson: type === 'json',
  }))
  const written = (row: R) =>
    fields.map(({ name, key, isJson }) => `${key}:${isJson ? (row[name] ?? null) : JSON.stringify(row[name])}`)
  return (trx, row) => later(trx, fill(trx, { rows: `[{${written(row).join()}}]` }), { isAppend: true })
}

/** A value that Postgres looks at when it runs a statement, and not when it plans one. @param type what it is read as. */
export function late(value: RawBuilder<unknown>, type: string): RawBuilder<unknown> {
  return sql`(select ${value}::${sql.raw(type)})`
}

/** SQL for the columns that Postgres reads JSON as, by what each is read as. */
export function columnsOf(types: object): RawBuilder<unknown> {
  return sql.join(Object.entries<string>({ ...types }).map(([name, type]) => sql`${sql.ref(name)} ${sql.raw(type)}`))
}

/**
 * {@link preparedLater} for a change of some columns of a row, once for each set of columns: the program has few of them.
 *
 * @param build is given the places of the new values.
 */
export function preparedByColumns<C extends object, P extends Record<string, unknown>>(
  build: (columns: C, param: Placeholder<P>, db: Kysely<DB>) => Source<unknown>,
): (trx: Transaction<DB>, change: C, values: P) => Promise<void> {
  const known = new Map<string, (trx: Transaction<DB>, values: Record<string, unknown>) => Promise<void>>()
  return (trx, change, values) => {
    const named = Object.entries(change).filter(([, value]) => value !== undefined)
    const columns = named.map(([name]) => name)
    const key = columns.join()
    let statement = known.get(key)
    if (statement === undefined) {
      const places = (param: Placeholder<Record<string, unknown>>) =>
        Object.fromEntries(columns.map((name) => [name, param(`new ${name}`)]))
      statement = preparedLater((param, db) => build(places(param) as C, param as Placeholder<P>, db))
      known.set(key, statement)
    }
    const news = Object.fromEntries(named.map(([name, value]) => [`new ${name}`, value]))
    return statement(trx, { ...news, ...values })
  }
}

/** @returns a function that gives the statement with its values. */
function once<P extends Record<string, unknown>>(build: (param: Placeholder<P>, db: Kysely<DB>) => Source<unknown>) {
  let compiled: CompiledQuery<never> | undefined
  return (db: Kysely<DB>, values: P): CompiledQuery<never> => {
    compiled ??= compile(
      build((name) => sql`${new Parameter(name)}`, db),
      db,
    )
    const parameters = compiled.parameters.map((each) => (each instanceof Parameter ? values[each.name] : each))
    return { ...compiled, parameters }
  }
}

function compile(source: Source<unknown>, db: Kysely<DB>): CompiledQuery<never> {
  return 'isRawBuilder' in source ? source.compile(db) : source.compile()
}
