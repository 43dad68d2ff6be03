import { useQueries, useQuery } from '@tanstack/react-query'
import type { AuditEntry } from '../../api.d.ts'
import { automationNamesQuery, useMembers } from '../../organization-queries.ts'
import { rolesQuery, spacesQuery } from '../../queries.ts'
import { hasMembers } from '../../text/exact.ts'

/** What is known of the things that a log tells of, by their ids. */
export type Names = {
  /** undefined where nobody knows it any more. */
  of(id: string): string | undefined
  /** Whether the log says that it was deleted. */
  isDeleted(id: string): boolean
}

/** Names of members, roles, spaces and automations, and of what the entries that are loaded name themselves. */
export function useNames(orgId: string, entries: readonly AuditEntry[]): Names {
  const automations = useAutomationNames(orgId, entries)
  const memberOf = useMembers(orgId)
  const roles = useQuery(rolesQuery(orgId)).data ?? []
  const spaces = useQuery(spacesQuery(orgId)).data ?? []
  const named = new Map<string, string>()
  // Newest first: the latest name wins.
  for (const { target, details } of entries.toReversed())
    if (target.id !== null && typeof details.name === 'string') named.set(target.id, details.name)
  for (const { id, name } of [...roles, ...spaces, ...automations]) named.set(id, name)
  const deleted = new Set(entries.filter(({ action }) => action.endsWith('.deleted')).map(({ target }) => target.id))
  return {
    of: (id) => memberOf(id)?.display_name ?? named.get(id),
    isDeleted: (id) => deleted.has(id),
  }
}

/** The automations of the spaces that entries are of, as far as the reader may enter them. */
function useAutomationNames(orgId: string, entries: readonly AuditEntry[]) {
  const spaces = useQuery(spacesQuery(orgId)).data ?? []
  const told = new Set(entries.map(({ space_id: spaceId }) => spaceId))
  const open = spaces.filter(({ id }) => told.has(id))
  return useQueries({ queries: open.map(({ id }) => automationNamesQuery(orgId, id)) }).flatMap(
    ({ data }) => data ?? [],
  )
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

/** The same document, with names beside the ids that are known. */
export function withNames(value: unknown, names: Names): unknown {
  if (typeof value === 'string') {
    const name = UUID.test(value) ? names.of(value) : undefined
    return name === undefined ? value : `${name} (${value})`
  }
  if (Array.isArray(value)) return value.map((each) => withNames(each, names))
  if (!hasMembers(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withNames(each, names)]))
}
