import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import type { Automation, Run } from '../api.d.ts'
import { answer, api } from '../client.ts'
import { Value } from '../parts/Changes.tsx'
import { Loaded } from '../parts/Loaded.tsx'
import { Outcome } from '../parts/Outcome.tsx'
import { Problem } from '../parts/Problem.tsx'
import { RunStrip, secondsOf } from '../parts/RunStrip.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Badge, Status } from '../parts/Status.tsx'
import { Ago, When } from '../parts/Time.tsx'
import { automationQuery, ONE, type Place, revisionsQuery, runsQuery } from '../queries.ts'

/** One automation: what it is, what it did, and what it was before. */
export function AutomationPage() {
  const place = useParams({ from: '/$orgId/automations/$spaceId/$automationId' })
  const found = useQuery(automationQuery(place))
  return <Loaded query={found}>{(automation) => <Whole place={place} automation={automation} />}</Loaded>
}

function Whole({ place, automation }: { place: Place; automation: Automation }) {
  return (
    <article>
      <p>
        <Link to="/$orgId/automations" params={{ orgId: place.orgId }} search={{ space: place.spaceId }}>
          ← Automations
        </Link>
      </p>
      <h1>
        <Shown text={automation.name} />
      </h1>
      <p>
        <Status of={automation} /> <span className="quiet">{automation.kind}</span>
      </p>
      {automation.description !== null && (
        <p>
          <Shown text={automation.description} />
        </p>
      )}
      {automation.last_error !== null && (
        <p className="problem">
          The latest failure: <Shown text={automation.last_error} />
        </p>
      )}
      <Waiting place={place} automation={automation} />
      <Deeds place={place} automation={automation} />
      <Runs place={place} />
      <section aria-labelledby="config">
        <h2 id="config">What it is</h2>
        <Value value={automation.config} />
      </section>
      <Revisions place={place} />
    </article>
  )
}

function Waiting({
  place,
  automation: { status, pending_revision: pending },
}: {
  place: Place
  automation: Automation
}) {
  if (status !== 'pending_approval' && pending === null) return null
  return (
    <p className="notice">
      {pending === null ? 'It waits for a decision. ' : 'A change of it waits for a decision. '}
      <Link to="/$orgId/review/$spaceId/$automationId" params={place}>
        Review
      </Link>
    </p>
  )
}

/** What a person may do with it now. */
function Deeds({ place, automation: { status, digest } }: { place: Place; automation: Automation }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const params = { path: place }
  const onSettled = () => client.invalidateQueries({ queryKey: [place.orgId] })
  const become = useMutation({
    mutationFn: (next: 'active' | 'paused') =>
      answer(
        api.PATCH(ONE, {
          params: { ...params, header: { 'if-match': JSON.stringify(digest) } },
          body: { status: next },
        }),
      ),
    onSettled,
  })
  const run = useMutation({ mutationFn: () => answer(api.POST(`${ONE}/run`, { params, body: {} })), onSettled })
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE(ONE, { params })),
    onSuccess: () =>
      navigate({ to: '/$orgId/automations', params: { orgId: place.orgId }, search: { space: place.spaceId } }),
    onSettled,
  })
  const error = become.error ?? run.error ?? remove.error
  const isBusy = become.isPending || run.isPending || remove.isPending
  return (
    <div className="deeds">
      <Link to="/$orgId/automations/$spaceId/$automationId/edit" params={place}>
        Edit
      </Link>
      {status === 'active' && (
        <>
          <button type="button" disabled={isBusy} onClick={() => become.mutate('paused')}>
            Pause
          </button>
          <button type="button" disabled={isBusy} onClick={() => run.mutate()}>
            Run now
          </button>
        </>
      )}
      {status === 'paused' && (
        <button type="button" disabled={isBusy} onClick={() => become.mutate('active')}>
          Resume
        </button>
      )}
      <button
        type="button"
        className="danger"
        disabled={isBusy}
        onClick={() => confirm('Delete it, with its runs and revisions? Nobody can bring it back.') && remove.mutate()}
      >
        Delete
      </button>
      {error !== null && <Problem error={error} />}
    </div>
  )
}

function Runs({ place }: { place: Place }) {
  const runs = useQuery(runsQuery(place))
  return (
    <section aria-labelledby="runs">
      <h2 id="runs">Runs</h2>
      {runs.isError && <Problem error={runs.error} retry={() => runs.refetch()} />}
      {runs.data?.length === 0 && <p className="quiet">It has not run yet.</p>}
      {runs.data !== undefined && runs.data.length > 0 && (
        <>
          <RunStrip runs={runs.data} />
          <RunTable place={place} runs={runs.data} />
        </>
      )}
    </section>
  )
}

function RunTable({ place, runs }: { place: Place; runs: readonly Run[] }) {
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">How it ended</th>
            <th scope="col">By</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <th scope="row">
                <Link to="/$orgId/runs/$spaceId/$automationId/$runId" params={{ ...place, runId: run.id }}>
                  <When at={run.created_at} />
                </Link>
              </th>
              <td>
                <Badge status={run.status} /> {run.error_message !== null && <Shown text={run.error_message} />}
              </td>
              <td>{run.trigger}</td>
              <td>{run.finished_at === null ? '–' : `${secondsOf(run).toFixed(1)} s`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Revisions({ place }: { place: Place }) {
  const revisions = useQuery(revisionsQuery(place))
  return (
    <section aria-labelledby="revisions">
      <h2 id="revisions">Revisions</h2>
      {revisions.isError && <Problem error={revisions.error} retry={() => revisions.refetch()} />}
      <ul>
        {revisions.data?.map((revision) => (
          <li key={revision.revision}>
            {revision.revision}, <Ago at={revision.created_at} />: <Outcome of={revision} />{' '}
            <code className="quiet">{revision.digest.slice(0, 19)}…</code>
          </li>
        ))}
      </ul>
    </section>
  )
}
