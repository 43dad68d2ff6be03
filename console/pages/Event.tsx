import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import type { WebhookEvent } from '../api.d.ts'
import { eventQuery } from '../automation-queries.ts'
import { answer, api } from '../client.ts'
import { useMay } from '../organization-queries.ts'
import { Value } from '../parts/Changes.tsx'
import { Confirm } from '../parts/Confirm.tsx'
import { Copy } from '../parts/Copy.tsx'
import { EVENT_STATUSES, EventBadge, sizeOf } from '../parts/EventTable.tsx'
import { Kept } from '../parts/Kept.tsx'
import { RunTable } from '../parts/RunTable.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Moment } from '../parts/Time.tsx'
import { say } from '../parts/Toast.tsx'
import { useTitle } from '../parts/title.ts'
import { ONE, type Place, runsQuery } from '../queries.ts'

const HERE = '/$orgId/automations/$spaceId/$automationId/events/$eventId'

/** One event: what it said, and what came of it. */
export function EventPage() {
  const { eventId, ...place } = useParams({ from: HERE })
  const found = useQuery(eventQuery(place, eventId))
  useTitle('Event')
  const back = (
    <Link to="/$orgId/automations/$spaceId/$automationId/events" params={place} activeOptions={{ exact: true }}>
      ← All events
    </Link>
  )
  return (
    <Kept query={found} what="event" back={back}>
      {(event) => (
        <article>
          <p>{back}</p>
          <h1>Event {event.type !== null && <Shown text={event.type} />}</h1>
          <Facts event={event} />
          <Replay place={place} event={event} />
          <RunsOf place={place} event={event} />
          <Body event={event} />
          <Headers event={event} />
        </article>
      )}
    </Kept>
  )
}

function Facts({ event }: { event: WebhookEvent }) {
  return (
    <>
      <p>
        <EventBadge status={event.status} /> {EVENT_STATUSES[event.status].says} It came in at{' '}
        <Moment at={event.received_at} />, and its sender proved themselves as the config asks: what does not is refused
        and not kept.
      </p>
      {event.event_key !== null && (
        <p>
          Its sender calls it{' '}
          <code>
            <Shown text={event.event_key} />
          </code>
          . The same again runs nothing.
        </p>
      )}
    </>
  )
}

function Replay({ place, event }: { place: Place; event: WebhookEvent }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  if (!useMay(place.orgId, 'files.write')) return null
  const replay = async () => {
    const params = { path: { ...place, eventId: event.id } }
    const { run_id: runId } = await answer(api.POST(`${ONE}/events/{eventId}/replay`, { params }))
    say('The event runs again.')
    void client.invalidateQueries({ queryKey: [place.orgId, 'automation', place.automationId] })
    await navigate({ to: '/$orgId/runs/$spaceId/$automationId/$runId', params: { ...place, runId } })
  }
  return (
    <Confirm label="Replay" title="Run this event again?" action="Replay it" onConfirm={replay}>
      A new run does what is approved now, whatever the filters say. What an earlier run did happens once more.
    </Confirm>
  )
}

/** Of the last runs of the automation: the API has no list by event. */
function RunsOf({ place, event }: { place: Place; event: WebhookEvent }) {
  const all = useQuery(runsQuery(place)).data ?? []
  const runs = all.filter(({ event_id: id }) => id === event.id)
  const isFirstShown = runs.some(({ id }) => id === event.run_id)
  return (
    <section aria-labelledby="runs">
      <h2 id="runs">Its runs</h2>
      {event.run_id === null && runs.length === 0 && <p className="quiet">It has started none.</p>}
      {runs.length > 0 && <RunTable runs={runs} placeOf={() => place} />}
      {event.run_id !== null && !isFirstShown && (
        <p>
          <Link to="/$orgId/runs/$spaceId/$automationId/$runId" params={{ ...place, runId: event.run_id }}>
            Its first run
          </Link>
        </p>
      )}
    </section>
  )
}

function Body({ event }: { event: WebhookEvent }) {
  const { body } = event
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 2)
  return (
    <section aria-labelledby="body">
      <h2 id="body">What it said</h2>
      <p className="quiet">
        {sizeOf(event)}
        {event.body_replaced && '. Some of it can’t be stored, and stands here as U+FFFD.'}{' '}
        <Copy text={text} what="the body" />
      </p>
      {body === null ? (
        <p className="quiet">Nothing: it was empty.</p>
      ) : (
        <div className="block">
          <Value value={body} />
        </div>
      )}
    </section>
  )
}

function Headers({ event: { headers } }: { event: WebhookEvent }) {
  return (
    <section aria-labelledby="headers">
      <h2 id="headers">Its headers</h2>
      <p className="quiet">Signatures, tokens and cookies are not kept.</p>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Header</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(headers).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">
                <code>
                  <Shown text={name} />
                </code>
              </th>
              <td>
                <Shown text={value} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
