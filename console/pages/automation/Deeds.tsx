import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import type { Automation } from '../../api.d.ts'
import { answer, api } from '../../client.ts'
import { useMay } from '../../organization-queries.ts'
import { Confirm } from '../../parts/Confirm.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { say } from '../../parts/Toast.tsx'
import { ONE, type Place, previewQuery } from '../../queries.ts'
import { RunWithInput } from './RunWithInput.tsx'

type DeedsProps = { place: Place; automation: Automation }
type Next = 'active' | 'paused' | 'pending_approval'

const SAID = {
  active: 'It is active.',
  paused: 'Paused: nothing of it runs.',
  pending_approval: 'It waits for a review.',
} as const

/** What a person may do with an automation now. */
export function Deeds({ place, automation }: DeedsProps) {
  const mayWrite = useMay(place.orgId, 'files.write')
  if (mayWrite === undefined) return null
  if (!mayWrite)
    return <p className="quiet">You may look at it. To change or run it, a role of yours has to allow files.write.</p>
  return <Writing place={place} automation={automation} />
}

function Writing({ place, automation: { status, digest } }: DeedsProps) {
  const client = useQueryClient()
  const become = useMutation({
    mutationFn: (next: Next) =>
      answer(
        api.PATCH(ONE, {
          params: { path: place, header: { 'if-match': JSON.stringify(digest) } },
          body: { status: next },
        }),
      ),
    onSuccess: ({ automation }) => say(SAID[automation.status as Next] ?? `It is ${automation.status} now.`),
    onSettled: () => client.invalidateQueries({ queryKey: [place.orgId] }),
  })
  const button = (next: Next, label: string) => (
    <button type="button" disabled={become.isPending} onClick={() => become.mutate(next)}>
      {label}
    </button>
  )
  return (
    <div className="deeds">
      <Link to="/$orgId/automations/$spaceId/$automationId/edit" params={place}>
        Edit
      </Link>
      {status === 'active' && <Running place={place} digest={digest} />}
      {status === 'active' && button('paused', 'Pause')}
      {status === 'paused' && button('active', 'Resume')}
      {status === 'draft' && (
        <Confirm label="Activate" title="Let it run?" action="Activate" onConfirm={() => become.mutateAsync('active')}>
          From now on it does what this page shows, by itself.
        </Confirm>
      )}
      {status === 'draft' && button('pending_approval', 'Ask for a review')}
      <Delete place={place} />
      {become.isError && <Problem error={become.error} />}
    </div>
  )
}

/** Offered where a run can do something, which the preview says. */
function Running({ place, digest }: { place: Place; digest: string }) {
  const preview = useQuery(previewQuery(place, digest))
  const client = useQueryClient()
  const run = useMutation({
    mutationFn: () => answer(api.POST(`${ONE}/run`, { params: { path: place } })),
    onSuccess: () => say('A run was started.'),
    onSettled: () => client.invalidateQueries({ queryKey: [place.orgId, 'automation', place.automationId] }),
  })
  if (!preview.data?.preview.action) return null
  return (
    <>
      <button type="button" className="primary" disabled={run.isPending} onClick={() => run.mutate()}>
        {run.isPending ? 'Starting …' : 'Run now'}
      </button>
      <RunWithInput place={place} />
      {run.isError && <Problem error={run.error} />}
    </>
  )
}

function Delete({ place }: { place: Place }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const remove = async () => {
    await answer(api.DELETE(ONE, { params: { path: place } }))
    await navigate({ to: '/$orgId/automations', params: { orgId: place.orgId }, search: { space: place.spaceId } })
    say('Deleted.')
    client.removeQueries({ queryKey: [place.orgId, 'automation', place.automationId] })
    await client.invalidateQueries({ queryKey: [place.orgId] })
  }
  return (
    <Confirm label="Delete" className="danger" title="Delete it?" action="Delete it" onConfirm={remove}>
      Its runs, events, secrets and revisions go with it, and its address stops answering. Nobody can bring it back.
    </Confirm>
  )
}
