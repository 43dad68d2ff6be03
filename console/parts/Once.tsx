import { Dialog } from '@base-ui/react/dialog'
import type { ReactNode } from 'react'
import { Copyable } from './Copy.tsx'

type OnceProps = {
  /** What is shown; undefined while there is nothing to show. */
  secret: string | undefined
  title: string
  /** What to do with it. */
  children?: ReactNode
  onClose: () => void
}

/** Shows a secret this one time. Neither a click beside it nor Escape closes it: nobody could get it back. */
export function Once({ secret, title, children, onClose }: OnceProps) {
  const change = (open: boolean, { reason }: Dialog.Root.ChangeEventDetails) => {
    if (!open && reason !== 'escape-key') onClose()
  }
  return (
    <Dialog.Root open={secret !== undefined} onOpenChange={change} disablePointerDismissal>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog wide">
          <Dialog.Title>{title}</Dialog.Title>
          <Dialog.Description>
            It is shown this once: put it where it is needed before you close this.
          </Dialog.Description>
          {secret !== undefined && <Copyable text={secret} what={title} />}
          {children}
          <p>
            <Dialog.Close className="primary">I have it</Dialog.Close>
          </p>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
