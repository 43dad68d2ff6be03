import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { WebhookEvent } from './api.d.ts'
import { answer, api } from './client.ts'
import { given, ONE, type Place } from './queries.ts'

// What pages read of one automation beside itself: every key begins with that of the automation, so that live.ts finds them.

const PAGE = 25
/** A tunnel's counters move without events. */
const TUNNEL_MS = 10_000

/** Which events are shown. */
export type EventsFilter = { status?: WebhookEvent['status'] | undefined }

/** What came in at its URL, newest first, page by page. @param limit of a page: events come with their bodies, which may be large */
export function eventsQuery(place: Place, { status }: EventsFilter, limit: number = PAGE) {
  return infiniteQueryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'events', { status, limit }],
    queryFn: ({ signal, pageParam }) => {
      const query = given({ limit, cursor: pageParam, status })
      return answer(api.GET(`${ONE}/events`, { params: { path: place, query }, signal }))
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  })
}

/** One event, whole. */
export function eventQuery(place: Place, eventId: string) {
  return queryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'events', eventId],
    queryFn: async ({ signal }) => {
      const params = { path: { ...place, eventId } }
      return (await answer(api.GET(`${ONE}/events/{eventId}`, { params, signal }))).event
    },
  })
}

/** How its tunnel stands, and who is connected. */
export function tunnelQuery(place: Place) {
  return queryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'tunnel'],
    queryFn: async ({ signal }) => (await answer(api.GET(`${ONE}/tunnel`, { params: { path: place }, signal }))).tunnel,
    refetchInterval: TUNNEL_MS,
  })
}

/** Its named secrets, without their values. */
export function secretsQuery(place: Place) {
  return queryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'secrets'],
    queryFn: async ({ signal }) => {
      return (await answer(api.GET(`${ONE}/secrets`, { params: { path: place }, signal }))).secrets
    },
  })
}

/** What changed from one revision to another. @param against the one before, unless it is given */
export function diffQuery(place: Place, revision: number, against: number | undefined) {
  return queryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'revisions', revision, 'diff', { against }],
    queryFn: async ({ signal }) => {
      const params = { path: { ...place, revision }, query: given({ against }) }
      return (await answer(api.GET(`${ONE}/revisions/{revision}/diff`, { params, signal }))).diff
    },
  })
}

/** One revision. */
export function revisionQuery(place: Place, revision: number) {
  return queryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'revisions', revision],
    queryFn: async ({ signal }) => {
      const params = { path: { ...place, revision } }
      return (await answer(api.GET(`${ONE}/revisions/{revision}`, { params, signal }))).revision
    },
  })
}

/** All revisions, newest first, page by page. */
export function allRevisionsQuery(place: Place) {
  return infiniteQueryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'revisions', 'all'],
    queryFn: ({ signal, pageParam }) => {
      const query = given({ limit: PAGE, cursor: pageParam })
      return answer(api.GET(`${ONE}/revisions`, { params: { path: place, query }, signal }))
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  })
}
