import type { Tool } from '../tool.ts'
import { getAutomation, listAutomations, previewAutomation } from './automations.ts'
import { waitForDecision } from './decisions.ts'
import { getKind } from './kinds.ts'
import { proposeAutomation, reviseAutomation, withdrawProposal } from './proposals.ts'
import { getRun, listRuns } from './runs.ts'
import { getWorkspace } from './workspace.ts'

/** What AI staff can do, in the order in which it is told of it. Nothing here decides, and nothing runs anything. */
export const TOOLS: readonly Tool[] = [
  getWorkspace,
  getKind,
  previewAutomation,
  listAutomations,
  getAutomation,
  proposeAutomation,
  reviseAutomation,
  withdrawProposal,
  waitForDecision,
  listRuns,
  getRun,
]
