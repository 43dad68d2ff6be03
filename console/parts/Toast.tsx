import { useEffect } from 'react'
import { createStore } from '../store.ts'

/** So long what was done is said, in milliseconds, unless somebody takes it away or something else is done. */
const SHOWN_MS = 10_000

const message = createStore<{ text: string } | undefined>(undefined)

/** Says what was done, to the eye and to screen readers, also where it leads to another page. */
export function say(text: string): void {
  message.set({ text })
}

/** Where it is said. It is there all the time, because screen readers tell of what changes in a region that they know. */
export function Said() {
  const shown = message.use()
  useEffect(() => {
    if (shown === undefined) return
    const timer = setTimeout(() => message.set(undefined), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [shown])
  return (
    <div className="said" role="status">
      {shown !== undefined && (
        <p>
          {shown.text}{' '}
          <button type="button" className="small" onClick={() => message.set(undefined)}>
            Dismiss
          </button>
        </p>
      )}
    </div>
  )
}
