import type { UseMutationResult } from '@tanstack/react-query'
import { useRef } from 'react'

/**
 * Sends once, however often a button is pressed: a second press may come before the button is drawn as one that can't be. After a
 * failure it can be pressed again.
 */
export function useOnce<T, V>({ mutateAsync }: UseMutationResult<T, Error, V>): (variables: V) => void {
  const isSent = useRef(false)
  return (variables) => {
    if (isSent.current) return
    isSent.current = true
    mutateAsync(variables).catch(() => {
      isSent.current = false
    })
  }
}
