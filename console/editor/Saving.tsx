import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useRef, useState } from 'react'
import type { Automation, AutomationStatus } from '../api.d.ts'
import { Refusal } from '../client.ts'
import { useOnce } from '../parts/once.ts'
import { Problem } from '../parts/Problem.tsx'
import { type Choices, create, type SettableStatus, update } from './save.ts'
import type { Content, Stored } from './stored.ts'

const CHOICES: readonly [SettableStatus, string][] = [
  ['draft', 'Draft: nothing of it runs'],
  ['active', 'Active: it runs'],
  ['paused', 'Paused: nothing of it runs for now'],
]
/** The server says by these that somebody else was faster. */
const CONFLICTS: readonly number[] = [409, 412, 428]

type SavingProps = {
  where: { orgId: string; spaceId: string }
  kind: string
  content: Content
  /** What was loaded; undefined for a new one. */
  stored: Stored | undefined
  isChanged: boolean
  /** How many things keep what was typed from running, as far as is known. */
  problemCount: number
  /** Why it can't be saved now. */
  obstacle: string | undefined
  onToken: (token: string) => void
  onSaving: (isSaving: boolean) => void
  onSaved: (automation: Automation) => void
}

/** Saves what was typed, once somebody says so. */
export function Saving({ stored, isChanged, problemCount, obstacle, onToken, ...what }: SavingProps) {
  const [choices, setChoices] = useState<Choices>({ status: stored ? undefined : 'draft', token: '' })
  const save = useSave({ ...what, stored, choices })
  const saveOnce = useOnce(save)
  const set = (change: Partial<Choices>) => setChoices((before) => ({ ...before, ...change }))
  const setToken = (token: string) => {
    set({ token })
    onToken(token)
  }
  // What was said of another content than the one that is gone on from is over.
  const digest = stored?.automation.digest
  const hasNothing = stored !== undefined && !isChanged && choices.status === undefined && choices.token === ''
  const reason = obstacle ?? (hasNothing ? 'Nothing is changed yet.' : undefined)
  const isUnable = save.isPending || reason !== undefined
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!isUnable) saveOnce(digest)
  }
  return (
    <form className="stack saving" onSubmit={submit}>
      <StatusChoice current={stored?.automation.status} value={choices.status} onChange={(status) => set({ status })} />
      <Credential has={stored?.automation.has_oauth_token ?? false} value={choices.token} onChange={setToken} />
      {save.isError && save.variables === digest && !isLoggedOut(save.error) && <Problem error={save.error} />}
      <button type="submit" className="primary" disabled={isUnable}>
        {save.isPending ? 'Saving …' : 'Save'}
      </button>
      {problemCount > 0 && (
        <p className="odd">
          {problemCount === 1 ? 'One thing keeps' : `${problemCount} things keep`} it from running. What is only missing
          may be added later: it is saved, and does not run before.
        </p>
      )}
      {reason !== undefined && <p className="quiet">{reason}</p>}
    </form>
  )
}

/** Of that a dialog speaks, over the page. */
function isLoggedOut(error: Error): boolean {
  return error instanceof Refusal && error.status === 401
}

type Saved = Pick<SavingProps, 'where' | 'kind' | 'content' | 'stored' | 'onSaving' | 'onSaved'> & { choices: Choices }

/** Sends it, and has what is stored read anew where somebody else was faster. It goes by the digest that is gone on from. */
function useSave({ where, kind, content, stored, choices, onSaving, onSaved }: Saved) {
  const client = useQueryClient()
  const keyFor = useKey()
  return useMutation({
    mutationFn: (_digest: string | undefined) =>
      stored
        ? update(where, stored, content, choices)
        : create(where, kind, content, choices, keyFor(JSON.stringify([kind, content, choices]))),
    onMutate: () => onSaving(true),
    onSuccess: onSaved,
    onError: (error) => {
      onSaving(false)
      const isConflict = error instanceof Refusal && CONFLICTS.includes(error.status)
      return isConflict && client.invalidateQueries({ queryKey: [where.orgId] })
    },
  })
}

type StatusChoiceProps = {
  current: AutomationStatus | undefined
  value: SettableStatus | undefined
  onChange: (status: SettableStatus | undefined) => void
}

function StatusChoice({ current, value, onChange }: StatusChoiceProps) {
  const id = useId()
  const others = CHOICES.filter(([status]) => status !== current && (current !== undefined || status !== 'paused'))
  return (
    <>
      <label htmlFor={id}>Status</label>
      <select
        id={id}
        value={value ?? ''}
        onChange={({ target }) => onChange((target.value || undefined) as SettableStatus | undefined)}
      >
        {current !== undefined && <option value="">As it is: {current.replace('_', ' ')}</option>}
        {others.map(([status, label]) => (
          <option key={status} value={status}>
            {label}
          </option>
        ))}
      </select>
    </>
  )
}

type CredentialProps = { has: boolean; value: string; onChange: (token: string) => void }

/** It never comes back from the server, and only what is typed here is sent. */
function Credential({ has, value, onChange }: CredentialProps) {
  const id = useId()
  return (
    <details>
      <summary>Credential</summary>
      <div className="stack">
        <label htmlFor={id}>OAuth token</label>
        <input
          id={id}
          type="password"
          autoComplete="off"
          value={value}
          aria-describedby={`${id}about`}
          onChange={({ target }) => onChange(target.value)}
        />
        <p id={`${id}about`} className="about">
          {has
            ? 'One is stored, and stays as long as this is empty.'
            : 'For what acts in the name of an account. It is stored encrypted, and never shown.'}
        </p>
      </div>
    </details>
  )
}

/** A key for each thing that is sent: the same while it is sent again, another one once it is changed. */
function useKey(): (content: string) => string {
  const last = useRef({ content: '', key: '' })
  return (content) => {
    if (last.current.content !== content) last.current = { content, key: crypto.randomUUID() }
    return last.current.key
  }
}
