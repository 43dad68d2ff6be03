import { Dialog } from '@base-ui/react/dialog'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import type { Role, ServiceAccount, ServiceAccountUpdate } from '../../api.d.ts'
import { Connect } from '../../parts/Connect.tsx'
import { DialogButtons } from '../../parts/DialogButtons.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { say } from '../../parts/Toast.tsx'
import { AccountForm, ExpiryField, endGiven, type Given } from './AccountForm.tsx'

type RowDialogProps = {
  label: string
  of: string
  title: string
  says: string
  children: (close: () => void) => ReactNode
}

/** A button in a row of a table, and the dialog that it opens. */
function RowDialog({ label, of, title, says, children }: RowDialogProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <Dialog.Root open={isOpen} onOpenChange={setOpen}>
      <Dialog.Trigger className="small">
        {label}
        <span className="hidden"> {of}</span>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog wide">
          <Dialog.Title>{title}</Dialog.Title>
          <Dialog.Description>{says}</Dialog.Description>
          {children(() => setOpen(false))}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** How an account connects, without its token, which nobody can read again. */
export function ConnectDialog({ account: { name } }: { account: ServiceAccount }) {
  return (
    <RowDialog
      label="Connect"
      of={name}
      title={`Connect ${name}`}
      says="Put its token in place of $AI_TOKEN, or into the environment under that name. Whoever lost it makes a new one."
    >
      {() => (
        <>
          <Connect />
          <p>
            <Dialog.Close>Close</Dialog.Close>
          </p>
        </>
      )}
    </RowDialog>
  )
}

type EditDialogProps = {
  account: ServiceAccount
  roles: readonly Role[]
  onUpdate: (change: ServiceAccountUpdate) => Promise<unknown>
}

/** Changes the name, the roles and the end of an account. Its token stays. */
export function EditDialog({ account, roles, onUpdate }: EditDialogProps) {
  return (
    <RowDialog label="Edit" of={account.name} title={`Edit ${account.name}`} says="It holds from its next request on.">
      {(close) => (
        <AccountForm
          account={account}
          roles={roles}
          action="Save"
          onSubmit={async (given) => {
            await onUpdate(changeOf(account, given))
            say(`${given.name} is saved.`)
            close()
          }}
        >
          <Dialog.Close>Cancel</Dialog.Close>
        </AccountForm>
      )}
    </RowDialog>
  )
}

/** Without what stayed: an end that lies behind could not be sent again. */
function changeOf(account: ServiceAccount, { expires_at, ...given }: Given): ServiceAccountUpdate {
  return expires_at === account.expires_at ? given : { ...given, expires_at }
}

type RotateDialogProps = { account: ServiceAccount; onRotate: (end: string | null) => Promise<void> }

/** Makes a new token, after asking until when it shall hold. */
export function RotateDialog({ account, onRotate }: RotateDialogProps) {
  return (
    <RowDialog
      label="New token"
      of={account.name}
      title={`A new token for ${account.name}?`}
      says="The one before ends at once: whoever uses it has to be given the new one."
    >
      {(close) => <RotateForm account={account} onRotate={onRotate} onDone={close} />}
    </RowDialog>
  )
}

function RotateForm({ account, onRotate, onDone }: RotateDialogProps & { onDone: () => void }) {
  const rotate = useMutation({ mutationFn: onRotate, onSuccess: onDone })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    rotate.mutate(endGiven(new FormData(event.currentTarget), account))
  }
  return (
    <form className="stack" onSubmit={submit}>
      <ExpiryField account={account} />
      {rotate.isError && <Problem error={rotate.error} />}
      <DialogButtons action="Make a new token" underWay="Making it …" isPending={rotate.isPending} />
    </form>
  )
}
