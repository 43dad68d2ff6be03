/**
 * Does one piece of work at a time; where several wait, those of each key come in turn, so that one with a thousand keeps
 * another waiting for one of them and not for all.
 *
 * @param signal gives up waiting; what has begun goes on.
 * @throws what the work throws, or the reason of the signal.
 */
export type InTurn = <T>(key: string, work: () => Promise<T>, signal: AbortSignal) => Promise<T>

export function createInTurn(): InTurn {
  /** Those who wait, by key; the key whose turn is next comes first. */
  const waiting = new Map<string, Set<() => void>>()
  let isBusy = false

  const next = (): void => {
    const [key = '', queue = new Set<() => void>()] = waiting.entries().next().value ?? []
    const [begin] = queue
    isBusy = begin !== undefined
    if (begin === undefined) return
    queue.delete(begin)
    waiting.delete(key)
    if (queue.size > 0) waiting.set(key, queue)
    begin()
  }

  const turn = (key: string, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const queue = waiting.get(key) ?? new Set()
      const begin = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        queue.delete(begin)
        if (queue.size === 0 && waiting.get(key) === queue) waiting.delete(key)
        reject(signal.reason)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      waiting.set(key, queue.add(begin))
      if (!isBusy) next()
    })

  return async (key, work, signal) => {
    signal.throwIfAborted()
    await turn(key, signal)
    try {
      return await work()
    } finally {
      next()
    }
  }
}
