import { parseExact } from '../../db/exact-json.ts'
import { ApiError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { Config } from '../kinds/kind.ts'
import { answerTasks } from '../subprocess.ts'
import type { Result, Task } from './reading.ts'

// The process of reading.ts.

answerTasks(read)

function read({ kind, config, delivery: { headers, bytes } }: Task): Result {
  const { intake } = KINDS.get(kind)
  if (intake === undefined) throw new Error(`${kind} takes no events`)
  try {
    return { read: intake.read(parseExact(config) as Config, { headers, bytes }) }
  } catch (error) {
    if (error instanceof ApiError) return { refusal: { code: error.code, details: error.details } }
    throw error
  }
}
