import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Run } from '../../api.d.ts'
import { eventQuery } from '../../automation-queries.ts'
import { Name } from '../../parts/Name.tsx'
import { Badge } from '../../parts/Status.tsx'
import { Moment } from '../../parts/Time.tsx'
import { type Place, runsQuery } from '../../queries.ts'
import { between, durationOf } from '../../text/duration.ts'

const RUN = '/$orgId/runs/$spaceId/$automationId/$runId'
const SAID = {
  queued: 'It waits',
  running: 'It runs',
  succeeded: 'It succeeded',
  failed: 'It failed',
  cancelled: 'It was cancelled',
  skipped: 'It was skipped',
  unknown: 'It ended, and nobody knows whether it had its effect',
} as const

type Step = { key: string; at: string; what: ReactNode }

/** What happened when, from the reason of a run to its end and what came after. */
export function Timeline({ place, run }: { place: Place; run: Run }) {
  const runs = useQuery(runsQuery(place)).data ?? []
  const again = runs.filter(({ retry_of_run_id: of }) => of === run.id)
  const steps = [...before(place, run), ...during(run), ...again.map((each) => retried(place, each))]
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">What happened</h2>
      {run.event_id !== null && <FromEvent place={place} eventId={run.event_id} />}
      <ol className="timeline">
        {steps.map(({ key, at, what }) => (
          <li key={key}>
            <p>{what}</p>
            <p>
              <Moment at={at} />
            </p>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** An event is kept for a while, and may be gone before its run. */
function FromEvent({ place, eventId }: { place: Place; eventId: string }) {
  const { data: event } = useQuery(eventQuery(place, eventId))
  return (
    <p>
      It came from{' '}
      <Link to="/$orgId/automations/$spaceId/$automationId/events/$eventId" params={{ ...place, eventId }}>
        an event
      </Link>
      {event !== undefined && (
        <>
          {' '}
          that came in at <Moment at={event.received_at} />
        </>
      )}
      .
    </p>
  )
}

function before(place: Place, run: Run): Step[] {
  const steps: Step[] = []
  if (run.scheduled_for !== null) steps.push({ key: 'due', at: run.scheduled_for, what: 'It was due' })
  const by = run.requested_by_user_id !== null && (
    <>
      {' '}
      by <Name orgId={place.orgId} id={run.requested_by_user_id} />
    </>
  )
  const of = run.retry_of_run_id !== null && (
    <>
      , to repeat{' '}
      <Link to={RUN} params={{ ...place, runId: run.retry_of_run_id }}>
        an earlier run
      </Link>
    </>
  )
  const what =
    by === false ? (
      <>It was queued{of}</>
    ) : (
      <>
        It was asked for{by}
        {of}
      </>
    )
  return [...steps, { key: 'queued', at: run.created_at, what }]
}

function during(run: Run): Step[] {
  const steps: Step[] = []
  if (run.started_at !== null) {
    const waited = durationOf(between(run.scheduled_for ?? run.created_at, run.started_at))
    const earlier = run.attempt > 1 ? `, after ${run.attempt - 1} that failed or broke off` : ''
    steps.push({
      key: 'started',
      at: run.started_at,
      what: `Attempt ${run.attempt} began${earlier}, ${waited} after it was wanted`,
    })
  }
  if (run.sent_at !== null)
    steps.push({
      key: 'sent',
      at: run.sent_at,
      what: 'What must not be sent twice was on its way: from here on it may have had its effect',
    })
  if (run.finished_at !== null) {
    const took = run.started_at === null ? '' : `, after ${durationOf(between(run.started_at, run.finished_at))}`
    steps.push({ key: 'finished', at: run.finished_at, what: `${SAID[run.status]}${took}` })
  }
  return steps
}

function retried(place: Place, { id, created_at: at, status }: Run): Step {
  const what = (
    <>
      <Link to={RUN} params={{ ...place, runId: id }}>
        It was run again
      </Link>{' '}
      <Badge status={status} />
    </>
  )
  return { key: id, at, what }
}
