import { parseExact } from '../../db/exact-json.ts'
import { answerTasks } from '../subprocess.ts'
import { FillError, fillIn } from './filling.ts'
import type { FillResult, FillTask, Result, Task } from './renderer.ts'
import { type Limits, readTemplate } from './template.ts'

// The process of renderer.ts.

/** An event may have 25 MiB, of which a template may make some copies: each filter counts what it reads and makes. */
const LIMITS: Limits = { ms: 1000, units: 60_000_000 }

answerTasks((task: Task): Result => ('texts' in task ? task.texts.map(readTemplate) : fill(task)))

function fill({ templates, secrets, ...scope }: FillTask): FillResult {
  try {
    const filled = fillIn(parseExact(templates), scope, LIMITS, secrets)
    return { ...filled, value: JSON.stringify(filled.value) }
  } catch (error) {
    if (error instanceof FillError) return { path: error.path, message: error.message }
    throw error
  }
}
