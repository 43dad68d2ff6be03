import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import type { Run } from '../api.d.ts'
import { answer, api } from '../client.ts'
import { Value } from '../parts/Changes.tsx'
import { Loaded } from '../parts/Loaded.tsx'
import { Problem } from '../parts/Problem.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Badge } from '../parts/Status.tsx'
import { When } from '../parts/Time.tsx'
import { ONE, type Place, runQuery } from '../queries.ts'

const ENDED: readonly Run['status'][] = ['succeeded', 'failed', 'cancelled', 'skipped', 'unknown']

/** One run: what happened when, what it was given, and what came of it. */
export function RunPage() {
  const { runId, ...place } = useParams({ from: '/$orgId/runs/$spaceId/$automationId/$runId' })
  const found = useQuery(runQuery(place, runId))
  return <Loaded query={found}>{(run) => <Whole place={place} run={run} />}</Loaded>
}

function Whole({ place, run }: { place: Place; run: Run }) {
  return (
    <article>
      <p>
        <Link to="/$orgId/automations/$spaceId/$automationId" params={place}>
          ← Its automation
        </Link>
      </p>
      <h1>
        Run of <When at={run.created_at} />
      </h1>
      <p>
        <Badge status={run.status} /> {run.error_message !== null && <Shown text={run.error_message} />}
      </p>
      <Deeds place={place} run={run} />
      <Timeline place={place} run={run} />
      {run.input !== null && (
        <section aria-labelledby="input">
          <h2 id="input">What it was given</h2>
          <Value value={run.input} />
        </section>
      )}
      {run.output !== null && (
        <section aria-labelledby="output">
          <h2 id="output">What came of it</h2>
          <Value value={run.output} />
        </section>
      )}
    </article>
  )
}

/** What happened when, from its reason to its end. */
function Timeline({ place, run }: { place: Place; run: Run }) {
  const steps = [
    ['It was due', run.scheduled_for],
    ['It was written down', run.created_at],
    [`Attempt ${run.attempt} began`, run.started_at],
    ['Its effect was on its way', run.sent_at],
    ['It ended', run.finished_at],
  ] as const
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">What happened</h2>
      <ol className="timeline">
        {steps.map(([what, at]) =>
          at === null ? null : (
            <li key={what}>
              {what}: <When at={at} />
            </li>
          ),
        )}
      </ol>
      <dl>
        <dt>Set off by</dt>
        <dd>{run.trigger}</dd>
        <dt>Revision</dt>
        <dd>
          {run.revision} <code className="quiet">{run.digest.slice(0, 19)}…</code>
        </dd>
        {run.note !== null && (
          <>
            <dt>Note</dt>
            <dd>
              <Shown text={run.note} />
            </dd>
          </>
        )}
        {run.external_ref !== null && (
          <>
            <dt>Outside, its effect is called</dt>
            <dd>
              <Shown text={run.external_ref} />
            </dd>
          </>
        )}
        {run.retry_of_run_id !== null && (
          <>
            <dt>It repeats</dt>
            <dd>
              <Link to="/$orgId/runs/$spaceId/$automationId/$runId" params={{ ...place, runId: run.retry_of_run_id }}>
                another run
              </Link>
            </dd>
          </>
        )}
      </dl>
    </section>
  )
}

/** What a person may do with it now. */
function Deeds({ place, run }: { place: Place; run: Run }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const params = { path: { ...place, runId: run.id } }
  const onSettled = () => client.invalidateQueries({ queryKey: [place.orgId] })
  const cancel = useMutation({
    mutationFn: () => answer(api.POST(`${ONE}/runs/{runId}/cancel`, { params })),
    onSettled,
  })
  const retry = useMutation({
    mutationFn: () => answer(api.POST(`${ONE}/runs/{runId}/retry`, { params })),
    onSuccess: ({ run: { id: runId } }) =>
      navigate({ to: '/$orgId/runs/$spaceId/$automationId/$runId', params: { ...place, runId } }),
    onSettled,
  })
  const resolve = useMutation({
    mutationFn: (outcome: 'happened' | 'did_not') =>
      answer(api.POST(`${ONE}/runs/{runId}/resolve`, { params, body: { outcome } })),
    onSettled,
  })
  const error = cancel.error ?? retry.error ?? resolve.error
  const isBusy = cancel.isPending || retry.isPending || resolve.isPending
  return (
    <div className="deeds">
      {run.status === 'unknown' && (
        <>
          <span>Nobody knows whether it had its effect. Somebody looked:</span>
          <button type="button" disabled={isBusy} onClick={() => resolve.mutate('happened')}>
            It had
          </button>
          <button type="button" disabled={isBusy} onClick={() => resolve.mutate('did_not')}>
            It had not
          </button>
        </>
      )}
      {ENDED.includes(run.status) ? (
        run.status !== 'unknown' && (
          <button type="button" disabled={isBusy} onClick={() => retry.mutate()}>
            Run again
          </button>
        )
      ) : (
        <button type="button" disabled={isBusy} onClick={() => cancel.mutate()}>
          Cancel
        </button>
      )}
      {error !== null && <Problem error={error} />}
    </div>
  )
}
