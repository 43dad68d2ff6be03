import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { Review } from '../api.d.ts'
import { More } from '../parts/Loaded.tsx'
import { Problem } from '../parts/Problem.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Ago } from '../parts/Time.tsx'
import { type QueueFilter, reviewsQuery, spacesQuery } from '../queries.ts'

/** What waits for a person, oldest first. */
export function QueuePage() {
  const { orgId } = useParams({ from: '/$orgId/queue' })
  const filter = useSearch({ from: '/$orgId/queue' })
  const queue = useInfiniteQuery(reviewsQuery(orgId, filter))
  const reviews = queue.data?.pages.flatMap((page) => page.reviews) ?? []
  return (
    <>
      <h1>Waiting for a decision</h1>
      <Filters orgId={orgId} filter={filter} reviews={reviews} />
      {queue.isError && <Problem error={queue.error} retry={() => queue.refetch()} />}
      {queue.isPending && <p className="loading">Loading …</p>}
      {queue.isSuccess && reviews.length === 0 && <Nothing isFiltered={Object.values(filter).some(Boolean)} />}
      <ol className="queue">
        {reviews.map((review) => (
          <Row key={review.automation_id} orgId={orgId} review={review} />
        ))}
      </ol>
      <More of={queue} />
    </>
  )
}

function Row({ orgId, review }: { orgId: string; review: Review }) {
  const { automation_id: automationId, space_id: spaceId, problems, warnings } = review
  return (
    <li>
      <Link to="/$orgId/review/$spaceId/$automationId" params={{ orgId, spaceId, automationId }}>
        <span className="name">
          <Shown text={review.name} />
        </span>
        <span className="quiet">
          {review.kind} in <Shown text={review.space_name} />,{' '}
          {review.status === 'pending_approval' ? 'new' : 'a change of what runs'}
        </span>
        <span className="quiet">
          by <Shown text={review.proposed_by_name} />
          {review.proposed_by_service_account_id !== null && ' (AI staff)'}, <Ago at={review.proposed_at} />, ends{' '}
          <Ago at={review.expires_at} />
        </span>
        <span className="counts">
          {problems.length > 0 && <span className="badge bad">{counted(problems.length, 'problem')}</span>}
          {warnings.length > 0 && <span className="badge odd">{counted(warnings.length, 'warning')}</span>}
        </span>
      </Link>
    </li>
  )
}

function Filters({ orgId, filter, reviews }: { orgId: string; filter: QueueFilter; reviews: readonly Review[] }) {
  const { data: spaces = [] } = useQuery(spacesQuery(orgId))
  const navigate = useNavigate({ from: '/$orgId/queue' })
  const kinds = [...new Set([...reviews.map(({ kind }) => kind), ...(filter.kind ? [filter.kind] : [])])].sort()
  const authors = new Map(
    reviews.map((each) => [
      each.proposed_by_service_account_id ?? each.proposed_by_user_id ?? '',
      each.proposed_by_name,
    ]),
  )
  if (filter.author && !authors.has(filter.author)) authors.set(filter.author, filter.author)
  const set = (change: QueueFilter) => navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <form className="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        Space{' '}
        <select value={filter.space ?? ''} onChange={({ target }) => set({ space: target.value || undefined })}>
          <option value="">all</option>
          {spaces.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Kind{' '}
        <select
          value={filter.kind ?? ''}
          onChange={({ target }) => set({ kind: (target.value || undefined) as Review['kind'] | undefined })}
        >
          <option value="">all</option>
          {kinds.map((kind) => (
            <option key={kind}>{kind}</option>
          ))}
        </select>
      </label>
      <label>
        By{' '}
        <select value={filter.author ?? ''} onChange={({ target }) => set({ author: target.value || undefined })}>
          <option value="">all</option>
          {[...authors].map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </form>
  )
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return (
    <div className="empty">
      <h2>Nothing waits{isFiltered ? ' here' : ''}</h2>
      <p>
        {isFiltered
          ? 'Other filters may show more.'
          : 'What AI staff and people propose comes up here by itself. AI staff connects with its token: see “Connecting” in docs/mcp.md.'}
      </p>
    </div>
  )
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
