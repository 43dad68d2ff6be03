import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useId } from 'react'
import type { Role, ServiceAccount } from '../../api.d.ts'
import { Problem } from '../../parts/Problem.tsx'
import { Shown } from '../../parts/Shown.tsx'
import { dayIn, dayOf, endOf } from '../../text/days.ts'

/** What a form says of an account. */
export type Given = { name: string; role_ids: string[]; expires_at: string | null; provider: string | null }

/** So long a new token holds unless somebody says otherwise, in days. */
const USUAL_DAYS = 90

type AccountFormProps = {
  /** Left out for one that is to be made. */
  account?: ServiceAccount
  roles: readonly Role[]
  action: string
  onSubmit: (given: Given) => Promise<unknown>
  /** What stands beside the button that submits. */
  children?: ReactNode
}

/** Who an AI is, what it may do, and until when. */
export function AccountForm({ account, roles, action, onSubmit, children }: AccountFormProps) {
  const id = useId()
  const send = useMutation({ mutationFn: onSubmit })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    send.mutate(givenBy(new FormData(form), account), { onSuccess: () => account === undefined && form.reset() })
  }
  return (
    <form className="stack" onSubmit={submit}>
      <label htmlFor={`${id}name`}>Name</label>
      <input id={`${id}name`} name="name" required maxLength={200} defaultValue={account?.name} autoComplete="off" />
      <label htmlFor={`${id}provider`}>Who runs it (optional)</label>
      <input
        id={`${id}provider`}
        name="provider"
        maxLength={200}
        defaultValue={account?.provider ?? ''}
        autoComplete="off"
      />
      <Roles roles={roles} chosen={account?.role_ids ?? []} />
      <ExpiryField account={account} />
      {send.isError && <Problem error={send.error} />}
      <div className="deeds">
        <button type="submit" className="primary" disabled={send.isPending}>
          {send.isPending ? 'Under way …' : action}
        </button>
        {children}
      </div>
    </form>
  )
}

function Roles({ roles, chosen }: { roles: readonly Role[]; chosen: readonly string[] }) {
  return (
    <fieldset>
      <legend>Roles. To propose, it needs files.read and files.write</legend>
      {roles.map((role) => (
        <label key={role.id} className="check">
          <input type="checkbox" name="role" value={role.id} defaultChecked={chosen.includes(role.id)} />{' '}
          <Shown text={role.name} />{' '}
          <span className="quiet">
            {role.is_system ? 'everything' : <Shown text={role.permissions.join(', ') || 'nothing'} />}
          </span>
        </label>
      ))}
      <p className="quiet">Whatever its roles allow, it never approves, rejects or runs anything.</p>
    </fieldset>
  )
}

/** When a token ends. Of an account that there is, it begins with what holds now. */
export function ExpiryField({ account }: { account?: ServiceAccount | undefined }) {
  const id = useId()
  const before =
    account === undefined ? dayIn(USUAL_DAYS) : account.expires_at === null ? '' : dayOf(account.expires_at)
  return (
    <>
      <label htmlFor={id}>Its token ends after</label>
      <input id={id} name="ends" type="date" defaultValue={before} aria-describedby={`${id}help`} />
      <p id={`${id}help`} className="quiet">
        Empty: it never ends by itself.
      </p>
    </>
  )
}

/** The end that a form names. A day that was not changed stays what it was, to the second. */
export function endGiven(form: FormData, account: ServiceAccount | undefined): string | null {
  const day = String(form.get('ends'))
  if (day === '') return null
  const before = account?.expires_at ?? null
  return before !== null && dayOf(before) === day ? before : endOf(day)
}

function givenBy(form: FormData, account: ServiceAccount | undefined): Given {
  return {
    name: String(form.get('name')),
    role_ids: form.getAll('role').map(String),
    expires_at: endGiven(form, account),
    provider: String(form.get('provider')).trim() || null,
  }
}
