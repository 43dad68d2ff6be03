import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { Run } from '../../api.d.ts'
import { answer, api } from '../../client.ts'
import { useMay } from '../../organization-queries.ts'
import { Confirm } from '../../parts/Confirm.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { say } from '../../parts/Toast.tsx'
import { ONE, type Place } from '../../queries.ts'
import { Resolve } from './Resolve.tsx'

/** What a person may do with a run now. */
export function Deeds({ place, run }: { place: Place; run: Run }) {
  const mayWrite = useMay(place.orgId, 'files.write')
  if (!mayWrite) return null
  if (run.status === 'unknown') return <Resolve place={place} run={run} />
  return (
    <div className="deeds">
      {run.finished_at === null ? <Cancel place={place} run={run} /> : <Again place={place} run={run} />}
    </div>
  )
}

function Cancel({ place, run }: { place: Place; run: Run }) {
  const client = useQueryClient()
  if (run.trigger === 'tunnel')
    return <p className="quiet">It lasts while agents are connected: pause the automation to end it.</p>
  const cancel = async () => {
    await answer(api.POST(`${ONE}/runs/{runId}/cancel`, { params: { path: { ...place, runId: run.id } } }))
    say('Cancelled.')
    await client.invalidateQueries({ queryKey: [place.orgId, 'automation', place.automationId] })
  }
  return (
    <Confirm label="Cancel the run" title="Cancel this run?" action="Cancel the run" onConfirm={cancel}>
      What has not begun never begins, and what is under way is told to stop. What it has done stays done.
    </Confirm>
  )
}

function Again({ place, run }: { place: Place; run: Run }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const retry = useMutation({
    mutationFn: () => answer(api.POST(`${ONE}/runs/{runId}/retry`, { params: { path: { ...place, runId: run.id } } })),
    onSuccess: ({ run: { id: runId } }) => {
      say('A new run was started.')
      return navigate({ to: '/$orgId/runs/$spaceId/$automationId/$runId', params: { ...place, runId } })
    },
    onSettled: () => client.invalidateQueries({ queryKey: [place.orgId, 'automation', place.automationId] }),
  })
  if (run.trigger === 'tunnel') return null
  return (
    <>
      <button type="button" disabled={retry.isPending} onClick={() => retry.mutate()}>
        {retry.isPending ? 'Starting …' : 'Run again'}
      </button>
      {retry.isError && <Problem error={retry.error} />}
    </>
  )
}
