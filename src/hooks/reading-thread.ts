import { parentPort } from 'node:worker_threads'
import { ApiError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { Result, Task } from './reading.ts'

// The thread of reading.ts.

parentPort?.on('message', (task: Task) => parentPort?.postMessage(read(task)))

function read({ kind, config, delivery: { headers, bytes } }: Task): Result {
  const { intake } = KINDS.get(kind)
  if (intake === undefined) throw new Error(`${kind} takes no events`)
  try {
    // A buffer that is copied into a thread is an array of bytes there.
    return {
      read: intake.read(config, { headers, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) }),
    }
  } catch (error) {
    if (error instanceof ApiError) return { refusal: { code: error.code, details: error.details } }
    throw error
  }
}
