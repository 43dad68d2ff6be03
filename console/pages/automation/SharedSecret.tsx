import { Dialog } from '@base-ui/react/dialog'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import type { SecretChange, SecretResponse } from '../../api.d.ts'
import { answer, api } from '../../client.ts'
import { useMay } from '../../organization-queries.ts'
import { DialogButtons } from '../../parts/DialogButtons.tsx'
import { Once } from '../../parts/Once.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { Moment } from '../../parts/Time.tsx'
import { say } from '../../parts/Toast.tsx'
import { ONE, type Place } from '../../queries.ts'

const GRACES = [
  [86_400, 'for a day'],
  [3600, 'for an hour'],
  [604_800, 'for a week'],
  [0, 'not at all: it ends at once'],
] as const

type SharedSecretProps = {
  place: Place
  /** The one that senders sign with, or the one that this server signs with. */
  which: 'webhook/secret' | 'signing-secret'
  title: string
  /** Who else has to know it. */
  children: string
}

/** Makes or sets a secret that two sides share, with time to change the other side, and shows it once. */
export function SharedSecret({ place, which, title, children }: SharedSecretProps) {
  const [isOpen, setOpen] = useState(false)
  const [made, setMade] = useState<SecretResponse>()
  if (!useMay(place.orgId, 'files.write')) return null
  const take = (answered: SecretResponse) => {
    setOpen(false)
    setMade(answered)
  }
  return (
    <>
      <Dialog.Root open={isOpen} onOpenChange={setOpen}>
        <Dialog.Trigger>{title} …</Dialog.Trigger>
        <Dialog.Portal>
          <Dialog.Backdrop className="backdrop" />
          <Dialog.Popup className="dialog">
            <Dialog.Title>{title}</Dialog.Title>
            <Dialog.Description>{children}</Dialog.Description>
            <SecretForm place={place} which={which} onMade={take} />
          </Dialog.Popup>
        </Dialog.Portal>
      </Dialog.Root>
      <Made secret={made} onClose={() => setMade(undefined)} />
    </>
  )
}

function Made({ secret, onClose }: { secret: SecretResponse | undefined; onClose: () => void }) {
  const close = () => {
    onClose()
    say('The new secret holds from now on.')
  }
  return (
    <Once secret={secret?.secret} title="The secret" onClose={close}>
      {secret !== undefined && secret.previous_valid_until !== null && (
        <p>
          The one before stays valid until <Moment at={secret.previous_valid_until} />.
        </p>
      )}
    </Once>
  )
}

type SecretFormProps = Pick<SharedSecretProps, 'place' | 'which'> & { onMade: (answered: SecretResponse) => void }

function SecretForm({ place, which, onMade }: SecretFormProps) {
  const id = useId()
  const set = useMutation({
    mutationFn: (body: SecretChange) => answer(api.POST(`${ONE}/${which}`, { params: { path: place }, body })),
    onSuccess: onMade,
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const secret = String(form.get('secret'))
    set.mutate({ grace_seconds: Number(form.get('grace')), ...(secret !== '' && { secret }) })
  }
  return (
    <form className="stack" onSubmit={submit}>
      <label htmlFor={`${id}secret`}>The secret of the other side, or empty to have one made</label>
      <input id={`${id}secret`} name="secret" autoComplete="off" spellCheck={false} maxLength={4096} />
      <label htmlFor={`${id}grace`}>The one before stays valid</label>
      <select id={`${id}grace`} name="grace">
        {GRACES.map(([seconds, label]) => (
          <option key={seconds} value={seconds}>
            {label}
          </option>
        ))}
      </select>
      {set.isError && <Problem error={set.error} />}
      <DialogButtons action="Set it" underWay="Setting it …" isPending={set.isPending} />
    </form>
  )
}
