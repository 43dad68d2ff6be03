import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import pLimit from 'p-limit'

/** A task that its process did not end. */
export class SubprocessLost extends Error {
  override readonly name = 'SubprocessLost'
  /** Of what there was too little, where it was the task that took too much. */
  readonly lack: 'time' | 'memory' | undefined

  constructor(name: string, lack: SubprocessLost['lack'], cause: unknown) {
    super(`the process for ${name} did not end a task`, { cause })
    this.lack = lack
  }
}

export type Subprocess<Task, Result> = {
  /**
   * Has the process work on a task, after those that were given before.
   *
   * @throws SubprocessLost
   */
  run(task: Task): Promise<Result>
  /** Ends the process, whatever it does. */
  close(): void
}

export type SubprocessOptions = {
  /** What it is for. */
  name: string
  /** Milliseconds that a task may take, the start of the process with it. */
  withinMs: number
  heapMib: number
  /**
   * How often it is tried before a lost process is blamed on its task; once by default. Whatever stops or ends one from outside seems to be
   * the task's fault, and is hardly there twice.
   */
  tries?: number
}

const IDLE_MS = 10_000

/**
 * Makes what works on tasks in a process of its own, one after another, so that none of them holds this one. A thread could do so
 * too, and can't always be ended: one that fills arrays in a loop goes on after `terminate()`, beyond the limit of its heap
 * (Node 26.10).
 *
 * The process starts with its first task and ends when it has had nothing to do; one that is lost is replaced at the next task.
 *
 * @param module calls {@link answerTasks}. Tasks and results are copied.
 */
export function createSubprocess<Task, Result>(module: URL, options: SubprocessOptions): Subprocess<Task, Result> {
  const { name, withinMs, tries = 1 } = options
  const oneByOne = pLimit(1)
  let child: ChildProcess | undefined
  let idle: NodeJS.Timeout | undefined
  let closings = 0
  const end = (ended: ChildProcess | undefined): void => {
    if (child === ended) child = undefined
    ended?.kill('SIGKILL')
  }
  const tryTimes = async (task: Task, times: number): Promise<Result> => {
    const before = closings
    try {
      return await work(task)
    } catch (error) {
      if (times <= 1 || closings > before) throw error
      return await tryTimes(task, times - 1)
    }
  }
  const work = async (task: Task): Promise<Result> => {
    clearTimeout(idle)
    const current = child ?? start(module, options)
    if (child === undefined) current.once('exit', () => end(current))
    child = current
    current.ref()
    current.channel?.ref()
    let isLate = false
    const tooLong = setTimeout(() => {
      isLate = true
      end(current)
    }, withinMs)
    try {
      return await ask<Result>(current, task)
    } catch (error) {
      const lack = isLate ? 'time' : current.signalCode === 'SIGABRT' ? 'memory' : undefined
      end(current)
      throw new SubprocessLost(name, lack, error)
    } finally {
      clearTimeout(tooLong)
      // One that has nothing to do keeps no program from ending.
      current.unref()
      current.channel?.unref()
      idle = setTimeout(() => end(current), IDLE_MS).unref()
    }
  }
  return {
    run: (task) => oneByOne(tryTimes, task, tries),
    close() {
      closings++
      clearTimeout(idle)
      end(child)
    },
  }
}

function start(module: URL, { heapMib }: SubprocessOptions): ChildProcess {
  const child = fork(fileURLToPath(module), {
    // Nothing of the environment, where secrets are; none of the options by which this process was started.
    env: {},
    execArgv: [`--max-old-space-size=${heapMib}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  // Whoever waits for an answer hears of an error. Without a listener, one that comes later would end this process.
  child.on('error', () => {})
  return child
}

async function ask<Result>(child: ChildProcess, task: unknown): Promise<Result> {
  const over = new AbortController()
  const { signal } = over
  try {
    const answered = once(child, 'message', { signal })
    const ended = once(child, 'exit', { signal }).then(([code, by]) => {
      throw new Error(`it ended: ${by ?? code}`)
    })
    answered.catch(() => {})
    ended.catch(() => {})
    const sent = new Promise<never>((_, reject) => child.send(task as Serializable, (error) => error && reject(error)))
    const [result] = (await Promise.race([answered, ended, sent])) as [Result]
    return result
  } finally {
    over.abort()
  }
}

/** Of a module that {@link createSubprocess} was given: answers each task. It ends when the process ends that it works for. */
export function answerTasks<Task, Result>(work: (task: Task) => Result): void {
  process.on('message', (task: Task) => process.send?.(work(task)))
  process.on('disconnect', () => process.exit())
  // Ctrl-C reaches a whole group. What is under way is the others' to end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
}
