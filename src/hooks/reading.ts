import { ApiError, type ErrorCode, type ErrorDetail, tryAgain } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { Config, Delivery, Intake } from '../kinds/kind.ts'
import { createThread, ThreadLost } from '../thread.ts'

/** What a verified request says. */
export type Read = ReturnType<Intake['read']>

/** A request for the thread to read. */
export type Task = { kind: string; config: Config; delivery: Delivery }
export type Result = { read: Read } | { refusal: { code: ErrorCode; details: ErrorDetail[] | undefined } }

/** Bytes that take no time worth speaking of, whatever they say. */
const READ_AT_ONCE = 128 * 1024
const READ_WITHIN_MS = 10_000
/** What 25 MiB become that are made to become much. */
const HEAP_MIB = 1024

/** Reads verified requests. @throws ApiError what {@link Intake.read} throws. */
export type Reader = (kind: string, intake: Intake, config: Config, delivery: Delivery) => Read | Promise<Read>

/**
 * Makes what reads verified requests. Those that could take long it reads in a thread, one after another: 25 MiB of empty objects
 * take seconds, in which this process would answer nobody. The thread ends when it has had nothing to do.
 *
 * @returns what throws, besides, ApiError `unavailable` for what takes too long even so.
 */
export function createReader({ withinMs = READ_WITHIN_MS } = {}): Reader {
  const thread = createThread<Task, Result>(new URL('./reading-thread.ts', import.meta.url), {
    name: 'events',
    withinMs,
    heapMib: HEAP_MIB,
  })

  async function readInThread(task: Task): Promise<Read> {
    const result = await thread.run(task).catch((error: unknown) => {
      throw error instanceof ThreadLost ? Object.assign(tryAgain(), { cause: error }) : error
    })
    if ('read' in result) return result.read
    const { code, details } = result.refusal
    throw new ApiError(code, details === undefined ? {} : { details })
  }

  return (kind, intake, config, delivery) => {
    // The thread has the kinds of the program, and no others.
    const isForThread = delivery.bytes.length > READ_AT_ONCE && KINDS.find(kind)?.intake === intake
    return isForThread ? readInThread({ kind, config, delivery }) : intake.read(config, delivery)
  }
}
