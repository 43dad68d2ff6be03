import { type Insertable, sql, type Transaction } from 'kysely'
import { later } from '../later.ts'
import type { AutomationDecisions, DB } from '../types.ts'

/** What became of a proposal, and by whom: a person, or for what was taken back, AI staff; nobody where time ran out. */
export type Decision = Required<
  Omit<Insertable<AutomationDecisions>, 'organization_id' | 'automation_id' | 'revision' | 'decided_at'>
>

/** Writes down the decision on a revision, in the place of an earlier one on it. Nobody waits for it (db/later.ts). */
export async function record(
  trx: Transaction<DB>,
  { organizationId, automationId, revision }: { organizationId: string; automationId: string; revision: number },
  decision: Decision,
): Promise<void> {
  const written = trx
    .insertInto('automation_decisions')
    .values({ organization_id: organizationId, automation_id: automationId, revision, ...decision })
    .onConflict((conflict) =>
      conflict
        .columns(['organization_id', 'automation_id', 'revision'])
        .doUpdateSet({ ...decision, decided_at: sql`now()` }),
    )
  await later(trx, written.compile())
}
