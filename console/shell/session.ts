import { Refusal } from '../client.ts'
import { createStore } from '../store.ts'

// Whether the server has let go of whoever is here: what they typed stays, and a dialog asks them to log in again.
const isOver = createStore(false)

/** Whether whoever is here has to log in again. */
export const useIsOver = isOver.use

/** Takes note of a request that was refused because nobody is logged in any more. */
export function noteFailure(error: unknown): void {
  if (error instanceof Refusal && error.status === 401) isOver.set(true)
}

/** Somebody has logged in. */
export function noteLogin(): void {
  isOver.set(false)
}
