import { infiniteQueryOptions, queryOptions, useQuery } from '@tanstack/react-query'
import type { AutomationKind, Member, Permission, RunStatus } from './api.d.ts'
import { answer, api } from './client.ts'
import { componentsQuery, type DocumentSchema } from './document.ts'
import { given } from './queries.ts'

// What pages read of a whole organization, and of the server.

const PAGE = 50

/** People and AI staff, by whose names pages call them. */
export function membersQuery(orgId: string) {
  return queryOptions({
    queryKey: [orgId, 'members'],
    queryFn: async ({ signal }) => {
      const path = '/api/v1/organizations/{orgId}/members'
      return (await answer(api.GET(path, { params: { path: { orgId } }, signal }))).members
    },
    staleTime: 300_000,
  })
}

/** The name of a member, by the id of their user or of their service account. */
export type NameOf = (id: string) => Member | undefined

/** Finds members by their ids. It finds nobody while they are not loaded, and nobody who has left. */
export function useMembers(orgId: string): NameOf {
  const { data } = useQuery(membersQuery(orgId))
  return (id) => data?.find(({ user_id: user, service_account_id: account }) => user === id || account === id)
}

/** What the caller may do in an organization. */
export function permissionsQuery(orgId: string) {
  return queryOptions({
    queryKey: [orgId, 'permissions'],
    queryFn: async ({ signal }) => {
      const path = '/api/v1/organizations/{orgId}/me/permissions'
      return (await answer(api.GET(path, { params: { path: { orgId } }, signal }))).permissions
    },
  })
}

/** Whether the caller may do something; undefined while that is not known. The server decides in any case. */
export function useMay(orgId: string, permission: Permission): boolean | undefined {
  return useQuery(permissionsQuery(orgId)).data?.includes(permission)
}

/** Which runs of an organization are shown. */
export type RunsFilter = { space?: string | undefined; status?: RunStatus | undefined }

/** Runs of all automations of a space, newest first, page by page. */
export function spaceRunsQuery(orgId: string, spaceId: string, status: RunStatus | undefined) {
  return infiniteQueryOptions({
    queryKey: [orgId, 'runs', spaceId, { status }],
    queryFn: ({ signal, pageParam }) => {
      const query = given({ limit: PAGE, cursor: pageParam, status })
      const path = '/api/v1/organizations/{orgId}/spaces/{spaceId}/runs'
      return answer(api.GET(path, { params: { path: { orgId, spaceId }, query }, signal }))
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  })
}

/** So many automations of a space are known by name where only their ids are told. */
const NAMED = 200

/** The automations of a space by name, those that changed last. */
export function automationNamesQuery(orgId: string, spaceId: string) {
  return queryOptions({
    queryKey: [orgId, 'automations', spaceId, 'names'],
    queryFn: async ({ signal }) => {
      const path = '/api/v1/organizations/{orgId}/spaces/{spaceId}/automations'
      const params = { path: { orgId, spaceId }, query: { limit: NAMED } }
      const { automations } = await answer(api.GET(path, { params, signal }))
      return automations.map(({ id, name }) => ({ id, name }))
    },
  })
}

/** The kinds that this server has; empty while that is not known. */
export function useKinds(): readonly AutomationKind[] {
  return (useQuery(componentsQuery).data?.AutomationKind?.enum ?? []) as AutomationKind[]
}

/** What a run can be given, in the words of the API. */
export function useRunInput(): DocumentSchema | undefined {
  return useQuery(componentsQuery).data?.RunInput
}
