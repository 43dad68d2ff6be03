import type { Database } from '../../db/client.ts'
import * as runAttempts from '../../db/queries/run-attempts.ts'
import * as sessions from '../../db/queries/tunnel-sessions.ts'

const AT_ONCE = 100

/** Ends the runs of tunnels without agents, once they have been so for long enough, in whichever process notices. */
export async function endRuns(db: Database): Promise<void> {
  await sessions.noteAlone(db)
  const over = await sessions.listOver(db, AT_ONCE)
  if (over.length === 0) return
  await db.transaction().execute(async (trx) => {
    await runAttempts.lockAutomations(trx, over)
    const ended = await sessions.endRuns(trx, over)
    const notes = ended.map(({ automation_id, organization_id, started_at }) => ({
      automation_id,
      organization_id,
      ran_at: started_at,
      error: null,
      failures: 0,
    }))
    await runAttempts.note(trx, notes)
  })
}
