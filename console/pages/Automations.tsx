import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { Automation, AutomationStatus } from '../api.d.ts'
import { More } from '../parts/Loaded.tsx'
import { Problem } from '../parts/Problem.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Status } from '../parts/Status.tsx'
import { Ago } from '../parts/Time.tsx'
import { type AutomationsFilter, automationsQuery, spacesQuery } from '../queries.ts'

const STATUSES: readonly AutomationStatus[] = ['active', 'pending_approval', 'draft', 'paused', 'rejected']

/** All automations of a space, the latest change first. */
export function AutomationsPage() {
  const { orgId } = useParams({ from: '/$orgId/automations' })
  const search = useSearch({ from: '/$orgId/automations' })
  const navigate = useNavigate({ from: '/$orgId/automations' })
  const spaces = useQuery(spacesQuery(orgId))
  const spaceId = search.space ?? spaces.data?.[0]?.id
  const set = (change: AutomationsFilter) => navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  if (spaces.isError) return <Problem error={spaces.error} retry={() => spaces.refetch()} />
  if (spaces.isPending) return <p className="loading">Loading …</p>
  return (
    <>
      <h1>Automations</h1>
      <form className="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Space{' '}
          <select value={spaceId} onChange={({ target }) => set({ space: target.value })}>
            {spaces.data.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Status{' '}
          <select
            value={search.status ?? ''}
            onChange={({ target }) => set({ status: (target.value || undefined) as AutomationStatus | undefined })}
          >
            <option value="">all</option>
            {STATUSES.map((status) => (
              <option key={status} value={status}>
                {status.replace('_', ' ')}
              </option>
            ))}
          </select>
        </label>
        {spaceId !== undefined && (
          <Link to="/$orgId/automations/$spaceId/new" params={{ orgId, spaceId }}>
            New automation
          </Link>
        )}
      </form>
      {spaceId === undefined ? (
        <p className="empty">You may enter no space yet: somebody who manages the organization can let you in.</p>
      ) : (
        <List orgId={orgId} spaceId={spaceId} status={search.status} />
      )}
    </>
  )
}

type ListProps = { orgId: string; spaceId: string; status: AutomationStatus | undefined }

function List({ orgId, spaceId, status }: ListProps) {
  const list = useInfiniteQuery(automationsQuery({ orgId, spaceId }, status))
  const automations = list.data?.pages.flatMap((page) => page.automations) ?? []
  if (list.isError) return <Problem error={list.error} retry={() => list.refetch()} />
  if (list.isPending) return <p className="loading">Loading …</p>
  if (automations.length === 0)
    return (
      <p className="empty">
        {status === undefined ? 'Nothing is automated in this space yet.' : 'None has this status.'}
      </p>
    )
  return (
    <>
      <table className="automations">
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

function Row({ orgId, automation }: { orgId: string; automation: Automation }) {
  const { id: automationId, space_id: spaceId, last_run_at: last, next_run_at: next } = automation
  return (
    <tr>
      <th scope="row">
        <Link to="/$orgId/automations/$spaceId/$automationId" params={{ orgId, spaceId, automationId }}>
          <Shown text={automation.name} />
        </Link>{' '}
        <span className="quiet">{automation.kind}</span>
      </th>
      <td data-label="Status">
        <Status of={automation} />
      </td>
      <td data-label="Last run">
        {last === null ? <span className="quiet">–</span> : <Ago at={last} />}
        {automation.last_error !== null && <span className="badge bad">failed</span>}
      </td>
      <td data-label="Next run">{next === null ? <span className="quiet">–</span> : <Ago at={next} />}</td>
    </tr>
  )
}
