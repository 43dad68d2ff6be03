import { ApiError, type ErrorCode, type ErrorDetail } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { Delivery, Intake } from '../kinds/kind.ts'
import { createSubprocessInTurn, inTimeFor } from '../subprocess-in-turn.ts'
import type { Hook } from './lookup.ts'

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
/** 25 MiB of numbers with too many zeros for a double take four seconds on a machine that does nothing else. */
const READ_WITHIN_MS = 20_000
/** A sender gives up sooner. */
const TURN_WITHIN_MS = 30_000
/** What 25 MiB become that are made to become much. */
const HEAP_MIB = 1024

/** Reads verified requests. @throws ApiError what {@link Intake.read} throws. */
export type Reader = (
  hook: Pick<Hook, 'organizationId' | 'intake' | 'config'> & { state: { kind: string } },
  delivery: Delivery,
) => Read | Promise<Read>

/**
 * Makes what reads verified requests. Those that could take long are read in a process of their own, one after another
 * and organizations in turn: 25 MiB of empty objects take seconds, in which this one would answer nobody.
 *
 * @returns what throws, besides, ApiError `unavailable` for what takes too long even so.
 */
export function createReader({ withinMs = READ_WITHIN_MS } = {}): Reader {
  const subprocess = createSubprocessInTurn<Task, Result>(new URL('./reading-process.ts', import.meta.url), {
    name: 'large events',
    withinMs,
    heapMib: HEAP_MIB,
  })

  async function readApart(organizationId: string, task: Task): Promise<Read> {
    const read = (signal: AbortSignal) => subprocess.run(organizationId, async () => task, signal)
    const result = await inTimeFor(TURN_WITHIN_MS, read)
    if ('read' in result) return result.read
    const { code, details } = result.refusal
    throw new ApiError(code, details === undefined ? {} : { details })
  }

  return ({ organizationId, state: { kind }, intake, config }, delivery) => {
    // The other process has the kinds of the program, and no others.
    const isApart = delivery.bytes.length > READ_AT_ONCE && KINDS.find(kind)?.intake === intake
    return isApart
      ? readApart(organizationId, { kind, config: JSON.stringify(config), delivery })
      : intake.read(config, delivery)
  }
}
