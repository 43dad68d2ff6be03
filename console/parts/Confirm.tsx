import { AlertDialog } from '@base-ui/react/alert-dialog'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Problem } from './Problem.tsx'

type ConfirmProps = {
  /** What the button says that asks for it. */
  label: string
  /** What it is asked of, for whoever hears the button without seeing what is beside it. */
  of?: string
  title: string
  /** What comes of it. */
  children: ReactNode
  /** What the button says that does it. */
  action: string
  /** Does it. Where that fails, the dialog stays and says why. */
  onConfirm: () => Promise<unknown>
  className?: string
  disabled?: boolean
}

/** A button for what can't be taken back, or what others notice: it asks first. */
export function Confirm({ label, of, title, children, action, onConfirm, className, disabled }: ConfirmProps) {
  const [isOpen, setOpen] = useState(false)
  const confirm = useMutation({ mutationFn: onConfirm, onSuccess: () => setOpen(false) })
  const change = (open: boolean) => {
    if (open) confirm.reset()
    setOpen(open)
  }
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={change}>
      <AlertDialog.Trigger className={className} disabled={disabled}>
        {label}
        {of !== undefined && <span className="hidden"> {of}</span>}
      </AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <AlertDialog.Title>{title}</AlertDialog.Title>
          <AlertDialog.Description render={<div />}>{children}</AlertDialog.Description>
          {confirm.isError && <Problem error={confirm.error} />}
          <div className="deeds">
            <AlertDialog.Close>Keep it as it is</AlertDialog.Close>
            <button
              type="button"
              className={className?.includes('danger') ? 'danger' : 'primary'}
              disabled={confirm.isPending}
              onClick={() => confirm.mutate()}
            >
              {confirm.isPending ? 'Under way …' : action}
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
