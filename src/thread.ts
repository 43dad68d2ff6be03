import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import pLimit from 'p-limit'

/** A task that its thread did not end: it took too long, ran out of memory, or the thread could not be started. */
export class ThreadLost extends Error {
  override readonly name = 'ThreadLost'
  /** Of what it had too little, where it was the task that took too much. */
  readonly lack: 'time' | 'memory' | undefined

  constructor(name: string, cause: unknown) {
    super(`the thread "${name}" did not end a task`, { cause })
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    this.lack = code === 'ABORT_ERR' ? 'time' : code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : undefined
  }
}

export type Thread<Task, Result> = {
  /**
   * Has the thread work on a task, after those that were given before.
   *
   * @throws ThreadLost
   */
  run(task: Task): Promise<Result>
  /** Ends the thread, whatever it does. */
  close(): Promise<void>
}

export type ThreadOptions = {
  name: string
  /** Milliseconds that a task may take, the start of the thread with it. */
  withinMs: number
  heapMib: number
}

const IDLE_MS = 10_000

/**
 * Makes what works on tasks in a thread, one after another, so that one which takes long keeps nobody waiting but those behind it.
 * The thread starts with its first task, and ends when it has had nothing to do; one that is lost is replaced at the next task.
 *
 * @param module answers each message, which is a task, with one message, which is its result. Both are copied.
 */
export function createThread<Task, Result>(module: URL, options: ThreadOptions): Thread<Task, Result> {
  const oneByOne = pLimit(1)
  let thread: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  const end = (ended: Worker): Promise<unknown> => {
    if (thread === ended) thread = undefined
    return ended.terminate()
  }
  const work = async (task: Task): Promise<Result> => {
    clearTimeout(idle)
    thread ??= start(module, options)
    const current = thread
    try {
      current.postMessage(task)
      const [result] = (await once(current, 'message', { signal: AbortSignal.timeout(options.withinMs) })) as [Result]
      return result
    } catch (error) {
      void end(current)
      throw new ThreadLost(options.name, error)
    } finally {
      idle = setTimeout(() => void end(current), IDLE_MS).unref()
    }
  }
  return {
    run: (task) => oneByOne(work, task),
    async close() {
      clearTimeout(idle)
      if (thread !== undefined) await end(thread)
    },
  }
}

function start(module: URL, { name, heapMib }: ThreadOptions): Worker {
  const thread = new Worker(module, {
    name,
    // Nothing of the environment, where secrets are; none of the options by which this process was started.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMib },
  })
  // Whoever waits for an answer hears of an error. Without a listener, one that comes later would end this process.
  thread.on('error', () => {})
  thread.unref()
  return thread
}
