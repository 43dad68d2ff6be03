import type { CompiledQuery, Transaction } from 'kysely'
import type { DB } from './types.ts'

const LATER = Symbol('later')
type Later = CompiledQuery & { [LATER]?: { isAppend: boolean } }

/**
 * Lets a statement go together with the next one of its transaction that somebody waits for, or with the commit: nobody is told what it
 * answered. Where it fails, what it goes with fails with its reason. For writes that nothing hangs on but that they happen.
 *
 * @param how.isAppend whether it only adds rows, of which its only value is the JSON array, and hangs on nothing that its transaction did
 * before: then the rows of several transactions can be added by one statement (db/group-commit.ts).
 */
export async function later(trx: Transaction<DB>, query: CompiledQuery, how = { isAppend: false }): Promise<void> {
  const marked: Later = { ...query, [LATER]: how }
  await trx.executeQuery(marked)
}

/** Whether somebody marked a statement so. */
export function isLater(query: CompiledQuery): boolean {
  return LATER in query
}

/** Whether it was said to be an append. */
export function isAppend(query: CompiledQuery): boolean {
  return (query as Later)[LATER]?.isAppend === true
}
