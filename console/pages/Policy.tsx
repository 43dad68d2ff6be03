import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { type FormEvent, useId } from 'react'
import type { AutomationPolicy, AutomationPolicyUpdate } from '../api.d.ts'
import { answer, api } from '../client.ts'
import { Loaded } from '../parts/Loaded.tsx'
import { Problem } from '../parts/Problem.tsx'
import { policyQuery } from '../queries.ts'

const RULES = [
  ['require_digest_on_approval', 'Whoever approves must say which content they saw, also where it was never edited.'],
  ['approver_must_differ_from_editor', 'Four eyes: whoever wrote a part of it can’t be the one who approves it.'],
  ['require_whole_config', 'What is not complete can’t be approved.'],
] as const
const COUNTS = [
  ['max_pending_per_service_account', 'Proposals of one AI that may wait at a time'],
  ['proposal_expires_after_days', 'Days after which a proposal that nobody decided on is rejected'],
] as const

/** What an organization asks of reviews. */
export function PolicyPage() {
  const { orgId } = useParams({ from: '/$orgId/policy' })
  const found = useQuery(policyQuery(orgId))
  return (
    <>
      <h1>Policy</h1>
      <Loaded query={found}>{(policy) => <PolicyForm orgId={orgId} policy={policy} />}</Loaded>
    </>
  )
}

function PolicyForm({ orgId, policy }: { orgId: string; policy: AutomationPolicy }) {
  const id = useId()
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: (body: AutomationPolicyUpdate) =>
      answer(api.PATCH('/api/v1/organizations/{orgId}/automation-policy', { params: { path: { orgId } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: [orgId] }),
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    save.mutate({
      ...Object.fromEntries(RULES.map(([name]) => [name, form.has(name)])),
      ...Object.fromEntries(COUNTS.map(([name]) => [name, Number(form.get(name))])),
    })
  }
  return (
    <form className="stack" onSubmit={submit}>
      {RULES.map(([name, label]) => (
        <label key={name} className="check">
          <input type="checkbox" name={name} defaultChecked={policy[name]} /> {label}
        </label>
      ))}
      {COUNTS.map(([name, label]) => (
        <div key={name} className="stack">
          <label htmlFor={`${id}${name}`}>{label}</label>
          <input id={`${id}${name}`} type="number" name={name} min={1} required defaultValue={policy[name]} />
        </div>
      ))}
      <p className="quiet">
        AI staff may propose: {policy.kinds_allowed_for_service_accounts.join(', ') || 'nothing'}.
      </p>
      {save.isError && <Problem error={save.error} />}
      {save.isSuccess && <p role="status">Saved.</p>}
      <button type="submit" className="primary" disabled={save.isPending}>
        {save.isPending ? 'Saving …' : 'Save'}
      </button>
    </form>
  )
}
