import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { RunStatus } from '../api.d.ts'
import { automationNamesQuery, type RunsFilter, spaceRunsQuery } from '../organization-queries.ts'
import { Choice, Filters } from '../parts/Filters.tsx'
import { More } from '../parts/Loaded.tsx'
import { Problem } from '../parts/Problem.tsx'
import { RunTable } from '../parts/RunTable.tsx'
import { Shown } from '../parts/Shown.tsx'
import { useTitle } from '../parts/title.ts'
import { type Place, spacesQuery } from '../queries.ts'

const HERE = '/$orgId/runs'
const STATUSES: readonly RunStatus[] = ['queued', 'running', 'succeeded', 'failed', 'unknown', 'cancelled', 'skipped']

/** What ran in a space, newest first. */
export function RunsPage() {
  const { orgId } = useParams({ from: HERE })
  const search = useSearch({ from: HERE })
  const navigate = useNavigate({ from: HERE })
  const spaces = useQuery(spacesQuery(orgId))
  useTitle('Runs')
  const spaceId = search.space ?? spaces.data?.[0]?.id
  const set = (change: RunsFilter) => navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  if (spaces.isError) return <Problem error={spaces.error} retry={() => spaces.refetch()} />
  if (spaces.isPending) return <p className="loading">Loading …</p>
  return (
    <>
      <h1>Runs</h1>
      {spaceId === undefined ? (
        <p className="empty">You may enter no space yet: somebody who manages the organization can let you in.</p>
      ) : (
        <>
          <Filters>
            <Choice
              label="Space"
              value={spaceId}
              choices={spaces.data.map(({ id, name }) => [id, name] as const)}
              onChoose={(space) => set({ space })}
            />
            <Choice
              label="Status"
              all="all"
              value={search.status}
              choices={STATUSES.map((status) => [status, status] as const)}
              onChoose={(status) => set({ status })}
            />
          </Filters>
          <List orgId={orgId} spaceId={spaceId} status={search.status} />
        </>
      )}
    </>
  )
}

function List({ orgId, spaceId, status }: { orgId: string; spaceId: string; status: RunStatus | undefined }) {
  const list = useInfiniteQuery(spaceRunsQuery(orgId, spaceId, status))
  const runs = list.data?.pages.flatMap((page) => page.runs) ?? []
  if (list.isError) return <Problem error={list.error} retry={() => list.refetch()} />
  if (list.isPending) return <p className="loading">Loading …</p>
  if (runs.length === 0)
    return (
      <p className="empty">
        {status === undefined
          ? 'Nothing has run in this space yet. What is active runs by its clock, by its events, or when somebody runs it.'
          : 'No run of this space has this status.'}
      </p>
    )
  return (
    <>
      <RunTable
        runs={runs}
        placeOf={({ automation_id: automationId }) => ({ orgId, spaceId, automationId })}
        ofOf={({ automation_id: automationId }) => <Of place={{ orgId, spaceId, automationId }} />}
      />
      <More of={list} />
    </>
  )
}

/** The automation of a run, by name where it is among those that changed last. */
function Of({ place }: { place: Place }) {
  const automations = useQuery(automationNamesQuery(place.orgId, place.spaceId)).data
  const name = automations?.find(({ id }) => id === place.automationId)?.name
  return (
    <Link to="/$orgId/automations/$spaceId/$automationId" params={place}>
      {name === undefined ? 'its automation' : <Shown text={name} />}
    </Link>
  )
}
