import { Dialog } from '@base-ui/react/dialog'
import { useEffect, useRef } from 'react'
import { createStore } from '../store.ts'

/** Where a browser keeps that somebody does without keys. */
const SETTING = 'hyperspeed.keys'
const OFF = 'off'

const KEYS = [
  ['j', 'the next one'],
  ['k', 'the one before'],
  ['Enter', 'open it'],
  ['x', 'select it, or not'],
  ['a', 'to the button that approves, which Enter then presses'],
  ['r', 'to the reason for a rejection'],
  ['c', 'the whole config, or not'],
  ['q', 'back to the queue'],
  ['?', 'this'],
] as const

const areOn = createStore(localStorage.getItem(SETTING) !== OFF)
const isHelpOpen = createStore(false)

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

/** Opens the list of keys. */
export function KeysButton() {
  return (
    <button type="button" className="small" onClick={() => isHelpOpen.set(true)}>
      Keys
    </button>
  )
}

/** What each key does, and the switch that turns them off. */
export function KeysDialog() {
  const isOn = areOn.use()
  useKeys({ '?': () => isHelpOpen.set(true) })
  const turn = (on: boolean) => {
    areOn.set(on)
    if (on) localStorage.removeItem(SETTING)
    else localStorage.setItem(SETTING, OFF)
  }
  return (
    <Dialog.Root open={isHelpOpen.use()} onOpenChange={(open) => isHelpOpen.set(open)}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title>Keys</Dialog.Title>
          <dl className="keys">
            {KEYS.map(([key, what]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <label className="check">
            <input type="checkbox" checked={isOn} onChange={({ target }) => turn(target.checked)} /> Single keys do this
          </label>
          <Dialog.Close>Close</Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
