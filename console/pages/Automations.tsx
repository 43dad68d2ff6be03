import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { Automation, AutomationStatus, Space } from '../api.d.ts'
import { useKinds, useMay } from '../organization-queries.ts'
import { Choice, Filters, worded } from '../parts/Filters.tsx'
import { More } from '../parts/Loaded.tsx'
import { Problem } from '../parts/Problem.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Status } from '../parts/Status.tsx'
import { Ago } from '../parts/Time.tsx'
import { useTitle } from '../parts/title.ts'
import { type AutomationsFilter, automationsQuery, spacesQuery } from '../queries.ts'

const HERE = '/$orgId/automations'
const STATUSES: readonly AutomationStatus[] = ['active', 'pending_approval', 'draft', 'paused', 'rejected']

/** All automations of a space, the latest change first. */
export function AutomationsPage() {
  const { orgId } = useParams({ from: HERE })
  const search = useSearch({ from: HERE })
  const spaces = useQuery(spacesQuery(orgId))
  const mayWrite = useMay(orgId, 'files.write')
  useTitle('Automations')
  const spaceId = search.space ?? spaces.data?.[0]?.id
  if (spaces.isError) return <Problem error={spaces.error} retry={() => spaces.refetch()} />
  if (spaces.isPending) return <p className="loading">Loading …</p>
  return (
    <>
      <h1>Automations</h1>
      {spaceId === undefined ? (
        <p className="empty">You may enter no space yet: somebody who manages the organization can let you in.</p>
      ) : (
        <>
          <Narrow orgId={orgId} spaceId={spaceId} spaces={spaces.data} filter={search} />
          <p hidden={!mayWrite}>
            <Link to="/$orgId/automations/$spaceId/new" params={{ orgId, spaceId }}>
              New automation
            </Link>
          </p>
          <List orgId={orgId} spaceId={spaceId} filter={search} />
        </>
      )}
    </>
  )
}

type NarrowProps = { orgId: string; spaceId: string; spaces: readonly Space[]; filter: AutomationsFilter }

function Narrow({ orgId, spaceId, spaces, filter }: NarrowProps) {
  const kinds = useKinds()
  const navigate = useNavigate({ from: HERE })
  const set = (change: AutomationsFilter) => navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <Filters>
      <Choice
        label="Space"
        value={spaceId}
        choices={spaces.map(({ id, name }) => [id, name] as const)}
        onChoose={(space) => set({ space })}
      />
      <Choice
        label="Status"
        all="all"
        value={filter.status}
        choices={STATUSES.map((status) => [status, worded(status)] as const)}
        onChoose={(status) => set({ status })}
      />
      <Choice
        label="Kind"
        all="all"
        value={filter.kind}
        choices={kinds.map((kind) => [kind, worded(kind)] as const)}
        onChoose={(kind) => set({ kind })}
      />
      <Link to="/$orgId/runs" params={{ orgId }} search={{ space: spaceId }}>
        Runs of this space
      </Link>
    </Filters>
  )
}

type ListProps = { orgId: string; spaceId: string; filter: AutomationsFilter }

function List({ orgId, spaceId, filter }: ListProps) {
  const list = useInfiniteQuery(automationsQuery({ orgId, spaceId }, filter))
  const automations = list.data?.pages.flatMap((page) => page.automations) ?? []
  if (list.isError) return <Problem error={list.error} retry={() => list.refetch()} />
  if (list.isPending) return <p className="loading">Loading …</p>
  if (automations.length === 0)
    return <None isFiltered={filter.status !== undefined || filter.kind !== undefined} orgId={orgId} />
  return (
    <>
      <table className="cards">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Status</th>
            <th scope="col">Last run</th>
            <th scope="col">Next run</th>
          </tr>
        </thead>
        <tbody>
          {automations.map((each) => (
            <Row key={each.id} orgId={orgId} automation={each} />
          ))}
        </tbody>
      </table>
      <More of={list} />
    </>
  )
}

function None({ isFiltered, orgId }: { isFiltered: boolean; orgId: string }) {
  if (isFiltered)
    return <p className="empty">Nothing in this space is of that kind and status. Choose “all” to see the rest.</p>
  return (
    <div className="empty">
      <p>Nothing is automated in this space yet.</p>
      <p>
        Make an automation yourself, or let{' '}
        <Link to="/$orgId/staff" params={{ orgId }}>
          AI staff
        </Link>{' '}
        propose one: it waits for your approval.
      </p>
    </div>
  )
}

function Row({ orgId, automation }: { orgId: string; automation: Automation }) {
  const { id: automationId, space_id: spaceId, last_run_at: last, next_run_at: next } = automation
  return (
    <tr>
      <th scope="row">
        <Link to="/$orgId/automations/$spaceId/$automationId" params={{ orgId, spaceId, automationId }}>
          <Shown text={automation.name} />
        </Link>{' '}
        <span className="quiet">{worded(automation.kind)}</span>
      </th>
      <td data-label="Status">
        <Status of={automation} />
      </td>
      <td data-label="Last run">
        {last === null ? <span className="quiet">–</span> : <Ago at={last} />}{' '}
        {automation.last_error !== null && <span className="badge bad">failed</span>}
      </td>
      <td data-label="Next run">{next === null ? <span className="quiet">–</span> : <Ago at={next} />}</td>
    </tr>
  )
}
