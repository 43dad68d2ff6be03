import { Dialog } from '@base-ui/react/dialog'
import { turnKeys, useAreKeysOn, useKeys } from '../keys.ts'
import { createStore } from '../store.ts'

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

const isHelpOpen = createStore(false)

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
  const isOn = useAreKeysOn()
  useKeys({ '?': () => isHelpOpen.set(true) })
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
            <input type="checkbox" checked={isOn} onChange={({ target }) => turnKeys(target.checked)} /> Single keys do
            this
          </label>
          <Dialog.Close>Close</Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
