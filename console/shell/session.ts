import { useSyncExternalStore } from 'react'
import { Refusal } from '../client.ts'

// Whether the server has let go of whoever is here: what they typed stays, and a dialog asks them to log in again.

let isOver = false
const watchers = new Set<() => void>()

function become(next: boolean): void {
  isOver = next
  for (const watch of watchers) watch()
}

/** Takes note of a request that was refused because nobody is logged in any more. */
export function noteFailure(error: unknown): void {
  if (error instanceof Refusal && error.status === 401) become(true)
}

/** Somebody has logged in. */
export function noteLogin(): void {
  become(false)
}

/** Whether whoever is here has to log in again. */
export function useIsOver(): boolean {
  return useSyncExternalStore(
    (watch) => {
      watchers.add(watch)
      return () => watchers.delete(watch)
    },
    () => isOver,
  )
}
