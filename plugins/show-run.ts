import type { Run } from '../db/queries/automation-runs.ts'
import type { RunStatus, RunTrigger } from '../schemas/runs.ts'

/** A run as the document has it: the database holds its status and trigger to what they may be. */
export function showRun(run: Run) {
  return { ...run, status: run.status as RunStatus, trigger: run.trigger as RunTrigger }
}
