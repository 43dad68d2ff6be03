import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { AutomationPolicy, AutomationPolicyUpdate } from '../api.d.ts'
import { answer, api } from '../client.ts'
import { useMay } from '../organization-queries.ts'
import { Loaded } from '../parts/Loaded.tsx'
import { Problem } from '../parts/Problem.tsx'
import { say } from '../parts/Toast.tsx'
import { useTitle } from '../parts/title.ts'
import { policyQuery } from '../queries.ts'
import { type Draft, Fields } from './policy/Fields.tsx'

/** What an organization asks of reviews. */
export function PolicyPage() {
  const { orgId } = useParams({ from: '/$orgId/policy' })
  const found = useQuery(policyQuery(orgId))
  useTitle('Policy')
  return (
    <>
      <h1>Policy</h1>
      <p>
        What is asked of reviews in this organization. A change holds from the next request on; what is active stays
        active.
      </p>
      <Loaded query={found}>{(policy) => <PolicyForm orgId={orgId} policy={policy} />}</Loaded>
    </>
  )
}

/** What somebody changes is kept apart from what the server says, which may change meanwhile, and only that is sent. */
function PolicyForm({ orgId, policy }: { orgId: string; policy: AutomationPolicy }) {
  const client = useQueryClient()
  const mayManage = useMay(orgId, 'org.manage')
  const [draft, setDraft] = useState<Draft>({})
  const save = useMutation({
    mutationFn: (body: AutomationPolicyUpdate) =>
      answer(api.PATCH('/api/v1/organizations/{orgId}/automation-policy', { params: { path: { orgId } }, body })),
    onSuccess: (saved) => {
      client.setQueryData(policyQuery(orgId).queryKey, saved.policy)
      setDraft({})
      say('The policy is saved, and holds from now on.')
    },
    onSettled: () => client.invalidateQueries({ queryKey: [orgId] }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(Object.fromEntries(Object.entries(draft).map(([name, { value }]) => [name, value])))
  }
  return (
    <form className="policy" onSubmit={submit}>
      {mayManage === false && (
        <p className="notice">You may look at it. To change it, a role of yours has to allow org.manage.</p>
      )}
      <fieldset className="bare" disabled={mayManage !== true}>
        <Fields policy={policy} draft={draft} onDraft={setDraft} />
      </fieldset>
      {save.isError && <Problem error={save.error} />}
      {mayManage === true && (
        <Saving changed={Object.keys(draft).length} isPending={save.isPending} onDiscard={() => setDraft({})} />
      )}
    </form>
  )
}

function Saving({ changed, isPending, onDiscard }: { changed: number; isPending: boolean; onDiscard: () => void }) {
  return (
    <div className="deeds">
      <button type="submit" className="primary" disabled={changed === 0 || isPending}>
        {isPending ? 'Saving …' : 'Save'}
      </button>
      <button type="button" disabled={changed === 0} onClick={onDiscard}>
        Discard
      </button>
      <span role="status" className="quiet">
        {changed > 0 ? `Not saved yet: ${changed} of the settings.` : ''}
      </span>
    </div>
  )
}
