import type { Kysely } from 'kysely'
import type { DB } from './types.ts'

/** From this many bytes on, what a statement carries is large. */
export const LARGE_BYTES = 1024 * 1024

/** Runs a statement that carries so many bytes; one that is large on a connection where nothing waits behind it. */
export function carry<T>(db: Kysely<DB>, bytes: number, run: (db: Kysely<DB>) => Promise<T>): Promise<T> {
  return bytes < LARGE_BYTES ? run(db) : db.transaction().execute(run)
}
