import { sql } from 'kysely'
import type { Test } from 'tap'
import { emptyDatabase } from './database.ts'

/** A database with one table, and who looks into it from outside of any transaction. */
export async function table(t: Test) {
  const { db, url } = await emptyDatabase(t)
  await sql`create table notes (id integer primary key, text text)`.execute(db)
  const write = (on: typeof db, id: number, text = '') => sql`insert into notes values (${id}, ${text})`.execute(on)
  const ids = async () => {
    const { rows } = await sql<{ id: number }>`select id from notes order by id`.execute(db)
    return rows.map(({ id }) => id)
  }
  return { db, url, write: write as (on: unknown, id: number, text?: string) => Promise<unknown>, ids }
}
