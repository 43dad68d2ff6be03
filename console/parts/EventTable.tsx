import { Link } from '@tanstack/react-router'
import type { WebhookEvent } from '../api.d.ts'
import type { Place } from '../queries.ts'
import { bytesOf } from '../text/sizes.ts'
import { Shown } from './Shown.tsx'
import { When } from './Time.tsx'

/** What a status of an event says, and how it looks. */
export const EVENT_STATUSES: Readonly<Record<WebhookEvent['status'], { tone: string; says: string }>> = {
  accepted: { tone: 'good', says: 'It started a run.' },
  filtered: { tone: 'plain', says: 'The config left it out, by its event_types or its filter.' },
  ignored: { tone: 'odd', says: 'The automation was paused then, or something was missing in its config.' },
}

/** The status of an event. */
export function EventBadge({ status }: { status: WebhookEvent['status'] }) {
  return <span className={`badge ${EVENT_STATUSES[status].tone}`}>{status}</span>
}

/** How much it said, as JSON: the body as it came is a little more or less. */
export function sizeOf({ body }: WebhookEvent): string {
  if (body === null) return 'empty'
  return bytesOf(new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)).length)
}

/** Events, a line each, with a link to all of each. */
export function EventTable({ place, events }: { place: Place; events: readonly WebhookEvent[] }) {
  return (
    <table className="cards">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Type</th>
          <th scope="col">What came of it</th>
          <th scope="col">Size</th>
          <th scope="col">Its sender calls it</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <Row key={event.id} place={place} event={event} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ place, event }: { place: Place; event: WebhookEvent }) {
  return (
    <tr>
      <th scope="row">
        <Link to="/$orgId/automations/$spaceId/$automationId/events/$eventId" params={{ ...place, eventId: event.id }}>
          <When at={event.received_at} />
        </Link>
      </th>
      <td data-label="Type">{event.type === null ? '–' : <Shown text={event.type} />}</td>
      <td data-label="What came of it">
        <EventBadge status={event.status} />
        {event.run_id !== null && (
          <Link to="/$orgId/runs/$spaceId/$automationId/$runId" params={{ ...place, runId: event.run_id }}>
            its run
          </Link>
        )}
      </td>
      <td data-label="Size">{sizeOf(event)}</td>
      <td data-label="Its sender calls it">
        {event.event_key === null ? (
          '–'
        ) : (
          <code>
            <Shown text={event.event_key} />
          </code>
        )}
      </td>
    </tr>
  )
}
