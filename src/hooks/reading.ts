import { ApiError, type ErrorCode, type ErrorDetail, tryAgain } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { Config, Delivery, Intake } from '../kinds/kind.ts'
import { createSubprocess, SubprocessLost } from '../subprocess.ts'

/** What a verified request says. */
export type Read = ReturnType<Intake['read']>

/** A request for the other process to read. */
export type Task = {
  kind: string
  /** As JSON: a number that has more digits than a double loses its nature when it is copied. */
  config: string
  delivery: Delivery
}
export type Result = { read: Read } | { refusal: { code: ErrorCode; details: ErrorDetail[] | undefined } }

/** Bytes that take no time worth speaking of, whatever they say. */
const READ_AT_ONCE = 128 * 1024
const READ_WITHIN_MS = 10_000
/** What 25 MiB become that are made to become much. */
const HEAP_MIB = 1024

/** Reads verified requests. @throws ApiError what {@link Intake.read} throws. */
export type Reader = (kind: string, intake: Intake, config: Config, delivery: Delivery) => Read | Promise<Read>

/**
 * Makes what reads verified requests. Those that could take long are read in a process of their own, one after another: 25 MiB
 * of empty objects take seconds, in which this one would answer nobody.
 *
 * @returns what throws, besides, ApiError `unavailable` for what takes too long even so.
 */
export function createReader({ withinMs = READ_WITHIN_MS } = {}): Reader {
  const subprocess = createSubprocess<Task, Result>(new URL('./reading-process.ts', import.meta.url), {
    name: 'large events',
    withinMs,
    heapMib: HEAP_MIB,
  })

  async function readApart(task: Task): Promise<Read> {
    const result = await subprocess.run(task).catch((error: unknown) => {
      throw error instanceof SubprocessLost ? Object.assign(tryAgain(), { cause: error }) : error
    })
    if ('read' in result) return result.read
    const { code, details } = result.refusal
    throw new ApiError(code, details === undefined ? {} : { details })
  }

  return (kind, intake, config, delivery) => {
    // The other process has the kinds of the program, and no others.
    const isApart = delivery.bytes.length > READ_AT_ONCE && KINDS.find(kind)?.intake === intake
    return isApart ? readApart({ kind, config: JSON.stringify(config), delivery }) : intake.read(config, delivery)
  }
}
