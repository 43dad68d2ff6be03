/** Lets so much through at a time, and the others one after another in the order in which they came. */
export type Gate = {
  /**
   * Waits for its turn. What weighs more than goes through at a time goes alone.
   *
   * @param signal gives up waiting.
   * @returns lets the next ones through; more than once is once.
   * @throws the reason of the signal.
   */
  enter(weight: number, signal: AbortSignal): Promise<() => void>
}

type Waiting = { weight: number; pass: () => void }

/** @param most what those that are through weigh together, unless it is a single one. */
export function createGate(most: number): Gate {
  const waiting: Waiting[] = []
  let through = 0
  const passNext = () => {
    for (let [next] = waiting; next && (through === 0 || through + next.weight <= most); [next] = waiting) {
      waiting.shift()
      through += next.weight
      next.pass()
    }
  }
  return {
    async enter(weight, signal) {
      signal.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        const giveUp = () => {
          waiting.splice(waiting.indexOf(entry), 1)
          reject(signal.reason)
          passNext()
        }
        const pass = () => {
          signal.removeEventListener('abort', giveUp)
          resolve()
        }
        const entry = { weight, pass }
        signal.addEventListener('abort', giveUp, { once: true })
        waiting.push(entry)
        passNext()
      })
      let isThrough = true
      return () => {
        if (!isThrough) return
        isThrough = false
        through -= weight
        passNext()
      }
    },
  }
}
