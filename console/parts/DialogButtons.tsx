import { Dialog } from '@base-ui/react/dialog'

type DialogButtonsProps = {
  /** What the button says that sends the form. */
  action: string
  /** What it says meanwhile. */
  underWay: string
  isPending: boolean
}

/** What a form in a dialog ends with. */
export function DialogButtons({ action, underWay, isPending }: DialogButtonsProps) {
  return (
    <div className="deeds">
      <button type="submit" className="primary" disabled={isPending}>
        {isPending ? underWay : action}
      </button>
      <Dialog.Close>Cancel</Dialog.Close>
    </div>
  )
}
