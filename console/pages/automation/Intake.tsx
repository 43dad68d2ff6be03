import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { eventsQuery } from '../../automation-queries.ts'
import { Copyable } from '../../parts/Copy.tsx'
import { EventTable } from '../../parts/EventTable.tsx'
import { Problem } from '../../parts/Problem.tsx'
import type { Place } from '../../queries.ts'
import { SharedSecret } from './SharedSecret.tsx'

const FEW = 5

/** Where events come in, the secret that their sender signs with, and the latest of them. */
export function Intake({ place, url }: { place: Place; url: string }) {
  const list = useInfiniteQuery(eventsQuery(place, {}, FEW))
  const events = list.data?.pages.flatMap((page) => page.events) ?? []
  return (
    <section aria-labelledby="intake">
      <h2 id="intake">Events</h2>
      <p>
        Events are sent here. Unless the config says otherwise, whoever sends them signs them with a secret that both
        sides know.
      </p>
      <Copyable text={url} what="the address" />
      <p className="deeds">
        <SharedSecret place={place} which="webhook/secret" title="Set or make the secret">
          Their sender signs with it. Nobody can read it again: it is only ever replaced.
        </SharedSecret>
      </p>
      {list.isError && <Problem error={list.error} retry={() => list.refetch()} />}
      {list.isSuccess && events.length === 0 && (
        <p className="quiet">
          None has come in yet. What is not signed with the secret is refused and leaves nothing here: where a sender
          gets 401, set the secret on both sides.
        </p>
      )}
      {events.length > 0 && (
        <>
          <EventTable place={place} events={events} />
          <p>
            <Link to="/$orgId/automations/$spaceId/$automationId/events" params={place}>
              All events
            </Link>
          </p>
        </>
      )}
    </section>
  )
}
