import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { WebhookEvent } from '../api.d.ts'
import { type EventsFilter, eventsQuery } from '../automation-queries.ts'
import { EVENT_STATUSES, EventTable } from '../parts/EventTable.tsx'
import { Kept } from '../parts/Kept.tsx'
import { More } from '../parts/Loaded.tsx'
import { Problem } from '../parts/Problem.tsx'
import { Shown } from '../parts/Shown.tsx'
import { useTitle } from '../parts/title.ts'
import { automationQuery, type Place } from '../queries.ts'
import { ReplayRange } from './automation/ReplayRange.tsx'

const HERE = '/$orgId/automations/$spaceId/$automationId/events'
const STATUSES = Object.entries(EVENT_STATUSES) as [WebhookEvent['status'], { says: string }][]

/** What came in at the URL of an automation. */
export function EventsPage() {
  const place = useParams({ from: HERE })
  const filter = useSearch({ from: HERE })
  const automation = useQuery(automationQuery(place))
  useTitle('Events')
  const back = (
    <Link to="/$orgId/automations/$spaceId/$automationId" params={place} activeOptions={{ exact: true }}>
      ← Its automation
    </Link>
  )
  return (
    <Kept query={automation} what="automation" back={back}>
      {({ name }) => (
        <>
          <p>{back}</p>
          <h1>
            Events of <Shown text={name} />
          </h1>
          <Filter filter={filter} />
          <List place={place} filter={filter} />
          <ReplayRange place={place} />
        </>
      )}
    </Kept>
  )
}

function Filter({ filter: { status } }: { filter: EventsFilter }) {
  const navigate = useNavigate({ from: HERE })
  return (
    <form className="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        What came of them{' '}
        <select
          value={status ?? ''}
          onChange={({ target: { value } }) =>
            navigate({ search: value === '' ? {} : { status: value as WebhookEvent['status'] }, replace: true })
          }
        >
          <option value="">all</option>
          {STATUSES.map(([each]) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
      {status !== undefined && <p className="quiet">{EVENT_STATUSES[status].says}</p>}
    </form>
  )
}

function List({ place, filter }: { place: Place; filter: EventsFilter }) {
  const list = useInfiniteQuery(eventsQuery(place, filter))
  const events = list.data?.pages.flatMap((page) => page.events) ?? []
  if (list.isError) return <Problem error={list.error} retry={() => list.refetch()} />
  if (list.isPending) return <p className="loading">Loading …</p>
  if (events.length === 0)
    return (
      <p className="empty">
        {filter.status === undefined
          ? 'None has come in yet. What is not signed with the secret is refused and leaves nothing here.'
          : 'None has this status.'}
      </p>
    )
  return (
    <>
      <EventTable place={place} events={events} />
      <More of={list} />
    </>
  )
}
