import { useEffect, useRef } from 'react'
import { createStore } from './store.ts'

/** Where a browser keeps that somebody does without keys. */
const SETTING = 'hyperspeed.keys'
const OFF = 'off'

const areOn = createStore(localStorage.getItem(SETTING) !== OFF)

/** Whether single keys do something. */
export const useAreKeysOn = areOn.use

/** Turns them on or off, for this browser. */
export function turnKeys(on: boolean): void {
  areOn.set(on)
  if (on) localStorage.removeItem(SETTING)
  else localStorage.setItem(SETTING, OFF)
}

/**
 * Has single keys do something while a page is there: where nothing is typed, no dialog is open, and nobody has turned them off (WCAG 2.2,
 * criterion 2.1.4).
 */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const latest = useRef(keys)
  useEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const act = latest.current[event.key]
      if (act === undefined || !areOn.get() || isTakenElsewhere(event)) return
      event.preventDefault()
      act()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [])
}

function isTakenElsewhere(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true
  const [target] = event.composedPath()
  if (!(target instanceof HTMLElement)) return false
  const isTyped = target.isContentEditable || target.matches('input:not([type=checkbox]), textarea, select')
  return isTyped || document.querySelector('[role=dialog], [role=alertdialog]') !== null
}
