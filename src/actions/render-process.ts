import { parseExact } from '../../db/exact-json.ts'
import { answerTasks } from '../subprocess.ts'
import { FillError, fillIn, withBody } from './filling.ts'
import type { Result, Task } from './renderer.ts'
import type { Scope } from './scope.ts'
import type { Limits } from './template.ts'

// The process of renderer.ts.

/** An event may have 25 MiB, of which a template may make some copies: each filter counts what it reads and makes. */
const LIMITS: Limits = { ms: 1000, units: 60_000_000, nodes: Number.POSITIVE_INFINITY }

answerTasks(work)

function work({ templates, scope, eventBody, secrets }: Task): Result {
  try {
    const filled = fillIn(parseExact(templates), withBody(parseExact(scope) as Scope, eventBody), LIMITS, secrets)
    return { ...filled, value: JSON.stringify(filled.value) }
  } catch (error) {
    if (error instanceof FillError) return { path: error.path, message: error.message }
    throw error
  }
}
