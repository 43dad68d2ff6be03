import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import pLimit from 'p-limit'
import { ApiError, type ErrorCode, type ErrorDetail, tryAgain } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { Config, Delivery, Intake } from '../kinds/kind.ts'

/** What a verified request says. */
export type Read = ReturnType<Intake['read']>

/** A request for the thread to read. */
export type Task = { kind: string; config: Config; delivery: Delivery }
export type Result = { read: Read } | { refusal: { code: ErrorCode; details: ErrorDetail[] | undefined } }

/** Bytes that take no time worth speaking of, whatever they say. */
const READ_AT_ONCE = 128 * 1024
const READ_WITHIN_MS = 10_000
const IDLE_MS = 10_000
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
  const oneByOne = pLimit(1)
  let thread: Worker | undefined
  let idle: NodeJS.Timeout | undefined

  async function readInThread(task: Task): Promise<Read> {
    clearTimeout(idle)
    thread ??= startThread()
    const current = thread
    try {
      current.postMessage(task)
      const [result] = (await once(current, 'message', { signal: AbortSignal.timeout(withinMs) })) as [Result]
      if ('read' in result) return result.read
      const { code, details } = result.refusal
      throw new ApiError(code, details === undefined ? {} : { details })
    } catch (error) {
      if (error instanceof ApiError) throw error
      // It takes too long, has run out of memory, or can't be started.
      thread = undefined
      void current.terminate()
      throw Object.assign(tryAgain(), { cause: error })
    } finally {
      idle = setTimeout(() => {
        thread = undefined
        void current.terminate()
      }, IDLE_MS).unref()
    }
  }

  return (kind, intake, config, delivery) => {
    // The thread has the kinds of the program, and no others.
    const isForThread = delivery.bytes.length > READ_AT_ONCE && KINDS.find(kind)?.intake === intake
    return isForThread ? oneByOne(() => readInThread({ kind, config, delivery })) : intake.read(config, delivery)
  }
}

function startThread(): Worker {
  const thread = new Worker(new URL('./reading-thread.ts', import.meta.url), {
    name: 'events',
    // Nothing of the environment, where secrets are; none of the options by which this process was started.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  })
  // Whoever waits for an answer hears of an error. Without a listener, one that comes later would end this process.
  thread.on('error', () => {})
  thread.unref()
  return thread
}
