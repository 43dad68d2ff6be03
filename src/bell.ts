export type Bell = {
  /** Wakes the one who waits; rung while nobody waits, it wakes the next at once. */
  ring(): void
  /** Waits until it rings, for so long at the most, or until the signal is aborted. @returns whether it rang. */
  wait(mostMs: number, signal?: AbortSignal): Promise<boolean>
}

/** For one who waits for news and looks by themselves from time to time: none that comes in between is missed. */
export function createBell(): Bell {
  let hasRung = false
  let wake = () => {}
  return {
    ring() {
      hasRung = true
      wake()
    },
    async wait(mostMs, signal) {
      if (!hasRung && !signal?.aborted)
        await new Promise<void>((resolve) => {
          const end = () => {
            clearTimeout(timer)
            signal?.removeEventListener('abort', end)
            resolve()
          }
          const timer = setTimeout(end, mostMs)
          signal?.addEventListener('abort', end)
          wake = end
        })
      const rang = hasRung
      hasRung = false
      return rang
    },
  }
}
