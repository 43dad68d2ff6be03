import { BASE, Refusal } from '../client.ts'
import { createStore } from '../store.ts'

// Whether the server has let go of whoever is here: what they typed stays, and a dialog asks them to log in again.
const isOver = createStore(false)

/** Whether whoever is here has to log in again. */
export const useIsOver = isOver.use

/** Takes note of a request that was refused because nobody is logged in any more. */
export function noteFailure(error: unknown): void {
  if (error instanceof Refusal && error.status === 401) noteEnd()
}

/** Nobody is logged in any more. */
export function noteEnd(): void {
  isOver.set(true)
}

/** Somebody has logged in. */
export function noteLogin(): void {
  isOver.set(false)
  tabs.postMessage(null)
}

/** Other pages of the console in this browser share its login: each tells the others that it may be another's now. */
const tabs = new BroadcastChannel('hyperspeed.login')

/** Calls back whenever the login may be another's, or nobody's: another page says so, or a page that was left is shown again as it was. */
export function onLoginChange(act: () => void): () => void {
  const returned = (event: PageTransitionEvent) => event.persisted && act()
  tabs.addEventListener('message', act)
  window.addEventListener('pageshow', returned)
  return () => {
    tabs.removeEventListener('message', act)
    window.removeEventListener('pageshow', returned)
  }
}

/** Begins anew, so that the next person finds nothing of this one: not on the page, not behind it, and not in what the tab keeps. */
export function beginAnew(): void {
  tabs.postMessage(null)
  sessionStorage.clear()
  document.body.replaceChildren()
  location.assign(`${BASE}/console`)
}
