import type { CompiledQuery, Transaction } from 'kysely'
import type { DB } from './types.ts'

const LATER = Symbol('later')
type Later = CompiledQuery & { [LATER]?: true }

/**
 * Lets a statement go together with the next one of its transaction that somebody waits for, or with the commit: nobody is told what it
 * answered. Where it fails, what it goes with fails with its reason. For writes that nothing hangs on but that they happen.
 */
export async function later(trx: Transaction<DB>, query: CompiledQuery): Promise<void> {
  const marked: Later = { ...query, [LATER]: true }
  await trx.executeQuery(marked)
}

/** Whether somebody marked a statement so. */
export function isLater(query: CompiledQuery): boolean {
  return LATER in query
}
