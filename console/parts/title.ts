import { useEffect } from 'react'

const HERE = 'Hyperspeed Automations'

/** Names the page in the tab and in the history of the browser, while it is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${HERE}`
    return () => {
      document.title = HERE
    }
  }, [title])
}
