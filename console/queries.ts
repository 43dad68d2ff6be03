import { infiniteQueryOptions, MutationCache, QueryCache, QueryClient, queryOptions } from '@tanstack/react-query'
import type { AutomationKind, AutomationStatus, Review } from './api.d.ts'
import { answer, api, Refusal } from './client.ts'

// What pages read, each under a key that begins with its organization: live.ts says which keys an event makes stale.

const PAGE = 50
const RUNS = 100

/** The path of one automation, as the document has it. */
export const ONE = '/api/v1/organizations/{orgId}/spaces/{spaceId}/automations/{automationId}'

/** Reads again what failed for a reason that may pass, and nothing that was refused. @param onError is told of what failed for good */
export function createQueryClient(onError: (error: unknown) => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      // What was asked for without a connection has failed. It is not kept to be sent later, when nobody looks.
      mutations: { networkMode: 'always' },
      queries: {
        networkMode: 'always',
        // It would copy what is kept as it was written, and a copy is none (text/exact.ts).
        structuralSharing: false,
        staleTime: 30_000,
        retry: (count, error) => count < 3 && !(error instanceof Refusal && error.status < 500),
      },
    },
  })
}

/** Who is logged in; null where nobody is. */
export const userQuery = queryOptions({
  queryKey: ['user'],
  queryFn: async ({ signal }) => (await answer(api.GET('/api/v1/console/login', { signal }))).user,
  staleTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: 'always',
})

/** The organizations that they belong to. */
export const organizationsQuery = queryOptions({
  queryKey: ['organizations'],
  queryFn: async ({ signal }) => (await answer(api.GET('/api/v1/organizations', { signal }))).organizations,
  staleTime: Number.POSITIVE_INFINITY,
})

/** The spaces that they may enter. */
export function spacesQuery(orgId: string) {
  return queryOptions({
    queryKey: [orgId, 'spaces'],
    queryFn: async ({ signal }) =>
      (await answer(api.GET('/api/v1/organizations/{orgId}/spaces', { params: { path: { orgId } }, signal }))).spaces,
    staleTime: 300_000,
  })
}

/** Which part of the queue is shown. */
export type QueueFilter = {
  space?: string | undefined
  kind?: Review['kind'] | undefined
  author?: string | undefined
}

/** Proposals that wait, oldest first, page by page. */
export function reviewsQuery(orgId: string, { space, kind, author }: QueueFilter) {
  return infiniteQueryOptions({
    queryKey: [orgId, 'reviews', { space, kind, author }],
    queryFn: ({ signal, pageParam }) =>
      answer(
        api.GET('/api/v1/organizations/{orgId}/reviews', {
          params: {
            path: { orgId },
            query: given({ limit: PAGE, cursor: pageParam, space_id: space, kind, author_id: author }),
          },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  })
}

/** The proposal of one automation that waits; null where none does any more. */
export function reviewQuery(orgId: string, automationId: string) {
  return queryOptions({
    queryKey: [orgId, 'reviews', { automationId }],
    queryFn: async ({ signal }) => {
      const query = { automation_id: automationId, limit: 1 }
      const params = { path: { orgId }, query }
      const { reviews } = await answer(api.GET('/api/v1/organizations/{orgId}/reviews', { params, signal }))
      return reviews[0] ?? null
    },
  })
}

/** Where an automation is. */
export type Place = { orgId: string; spaceId: string; automationId: string }

/** One automation, with the change that waits beside it. */
export function automationQuery(place: Place) {
  return queryOptions({
    queryKey: [place.orgId, 'automation', place.automationId],
    queryFn: async ({ signal }) => {
      return (await answer(api.GET(ONE, { params: { path: place }, signal }))).automation
    },
  })
}

/** What would happen of what waits, or else of what is shown, with the digest of that. @param digest of what it is asked for */
export function previewQuery(place: Place, digest: string) {
  return queryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'preview', digest],
    queryFn: async ({ signal }) => {
      return answer(api.GET(`${ONE}/preview`, { params: { path: place }, signal }))
    },
  })
}

/** What it was before, newest first, with what was decided. */
export function revisionsQuery(place: Place) {
  return queryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'revisions'],
    queryFn: async ({ signal }) => {
      const params = { path: place, query: { limit: 20 } }
      return (await answer(api.GET(`${ONE}/revisions`, { params, signal }))).revisions
    },
  })
}

/** Which automations are shown. */
export type AutomationsFilter = {
  space?: string | undefined
  status?: AutomationStatus | undefined
  kind?: AutomationKind | undefined
}

/** Automations of a space, the latest change first, page by page. */
export function automationsQuery({ orgId, spaceId }: Omit<Place, 'automationId'>, { status, kind }: AutomationsFilter) {
  return infiniteQueryOptions({
    queryKey: [orgId, 'automations', spaceId, { status, kind }],
    queryFn: ({ signal, pageParam }) => {
      const query = given({ limit: PAGE, cursor: pageParam, status, kind })
      const path = '/api/v1/organizations/{orgId}/spaces/{spaceId}/automations'
      return answer(api.GET(path, { params: { path: { orgId, spaceId }, query }, signal }))
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  })
}

/** The last runs of an automation, newest first. */
export function runsQuery(place: Place) {
  return queryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'runs'],
    queryFn: async ({ signal }) => {
      const params = { path: place, query: { limit: RUNS } }
      return (await answer(api.GET(`${ONE}/runs`, { params, signal }))).runs
    },
  })
}

/** One run. */
export function runQuery(place: Place, runId: string) {
  return queryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'runs', runId],
    queryFn: async ({ signal }) => {
      const params = { path: { ...place, runId } }
      return (await answer(api.GET(`${ONE}/runs/{runId}`, { params, signal }))).run
    },
  })
}

/** Which part of the audit log is shown. */
export type AuditFilter = { action?: string | undefined; actor?: string | undefined; target?: string | undefined }

/** Who did what, newest first, page by page. */
export function auditQuery(orgId: string, { action, actor, target }: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: [orgId, 'audit', { action, actor, target }],
    queryFn: ({ signal, pageParam }) => {
      const query = given({ limit: PAGE, cursor: pageParam, action, actor_id: actor, target_id: target })
      return answer(api.GET('/api/v1/organizations/{orgId}/audit-log', { params: { path: { orgId }, query }, signal }))
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  })
}

/** What an organization asks of reviews. */
export function policyQuery(orgId: string) {
  return queryOptions({
    queryKey: [orgId, 'policy'],
    queryFn: async ({ signal }) => {
      const path = '/api/v1/organizations/{orgId}/automation-policy'
      return (await answer(api.GET(path, { params: { path: { orgId } }, signal }))).policy
    },
  })
}

/** AI staff. */
export function staffQuery(orgId: string) {
  return queryOptions({
    queryKey: [orgId, 'staff'],
    queryFn: async ({ signal }) => {
      const path = '/api/v1/organizations/{orgId}/service-accounts'
      return (await answer(api.GET(path, { params: { path: { orgId } }, signal }))).service_accounts
    },
  })
}

/** The roles that there are. */
export function rolesQuery(orgId: string) {
  return queryOptions({
    queryKey: [orgId, 'roles'],
    queryFn: async ({ signal }) =>
      (await answer(api.GET('/api/v1/organizations/{orgId}/roles', { params: { path: { orgId } }, signal }))).roles,
  })
}

/** Without what is not given: a query says nothing of it. */
export function given<T extends object>(all: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as never
}
