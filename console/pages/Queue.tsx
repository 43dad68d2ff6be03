import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { Review } from '../api.d.ts'
import { useKeys } from '../keys.ts'
import { Bulk } from '../parts/Bulk.tsx'
import { Choice, Filters, worded } from '../parts/Filters.tsx'
import { Loaded, More } from '../parts/Loaded.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Ago } from '../parts/Time.tsx'
import { useTitle } from '../parts/title.ts'
import { type QueueFilter, reviewsQuery, spacesQuery } from '../queries.ts'
import { lastOpened } from '../review/opened.ts'
import { countOf } from '../text/sizes.ts'

/** What waits for a person, oldest first. */
export function QueuePage() {
  const { orgId } = useParams({ from: '/$orgId/queue' })
  const filter = useSearch({ from: '/$orgId/queue' })
  const queue = useInfiniteQuery(reviewsQuery(orgId, filter))
  useTitle('Queue')
  const reviews = queue.data?.pages.flatMap((page) => page.reviews) ?? []
  return (
    <>
      <h1>Waiting for a decision</h1>
      <Narrow orgId={orgId} filter={filter} reviews={reviews} />
      <Loaded query={queue}>
        {() => <List key={JSON.stringify(filter)} orgId={orgId} filter={filter} reviews={reviews} />}
      </Loaded>
      <More of={queue} />
    </>
  )
}

type ListProps = { orgId: string; filter: QueueFilter; reviews: readonly Review[] }

function List({ orgId, filter, reviews }: ListProps) {
  const list = useRef<HTMLOListElement>(null)
  // As they were when they were selected: what is changed since is decided on by nobody.
  const [selected, setSelected] = useState<ReadonlyMap<string, Review>>(new Map())
  const toggle = (review: Review) =>
    setSelected((before) => {
      const after = new Map(before)
      if (!after.delete(review.automation_id)) after.set(review.automation_id, review)
      return after
    })
  // Where somebody left the queue, they go on; where that was decided, at its beginning.
  useEffect(() => {
    const { automationId } = lastOpened
    if (automationId) list.current?.querySelector<HTMLAnchorElement>(`a[href*="${automationId}"]`)?.focus()
  }, [])
  const move = (step: number) => {
    const links = [...(list.current?.querySelectorAll('a') ?? [])]
    const at = links.findIndex((link) => link.closest('li')?.contains(document.activeElement))
    links[at < 0 ? 0 : at + step]?.focus()
  }
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    x: () => document.activeElement?.closest('li')?.querySelector<HTMLInputElement>('input[type=checkbox]')?.click(),
  })
  return (
    <>
      {reviews.length === 0 && <Nothing orgId={orgId} isFiltered={Object.values(filter).some(Boolean)} />}
      <ol className="queue" ref={list}>
        {reviews.map((review) => (
          <Row
            key={review.automation_id}
            orgId={orgId}
            filter={filter}
            review={review}
            isSelected={selected.has(review.automation_id)}
            onToggle={() => toggle(review)}
          />
        ))}
      </ol>
      <Bulk orgId={orgId} selected={[...selected.values()]} onDone={() => setSelected(new Map())} />
    </>
  )
}

type RowProps = { orgId: string; filter: QueueFilter; review: Review; isSelected: boolean; onToggle: () => void }

function Row({ orgId, filter, review, isSelected, onToggle }: RowProps) {
  const { automation_id: automationId, space_id: spaceId, problems, warnings } = review
  return (
    <li>
      <input type="checkbox" aria-label={`Select ${review.name}`} checked={isSelected} onChange={onToggle} />
      <Link to="/$orgId/review/$spaceId/$automationId" params={{ orgId, spaceId, automationId }} search={filter}>
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
          {problems.length > 0 && <span className="badge bad">{countOf(problems.length, 'problem')}</span>}
          {warnings.length > 0 && <span className="badge odd">{countOf(warnings.length, 'warning')}</span>}
        </span>
      </Link>
    </li>
  )
}

type NarrowProps = { orgId: string; filter: QueueFilter; reviews: readonly Review[] }

function Narrow({ orgId, filter, reviews }: NarrowProps) {
  const { data: spaces = [] } = useQuery(spacesQuery(orgId))
  const navigate = useNavigate({ from: '/$orgId/queue' })
  const kinds = [...new Set(reviews.map(({ kind }) => kind))].sort()
  const authors = new Map(
    reviews.map((each) => [
      each.proposed_by_service_account_id ?? each.proposed_by_user_id ?? '',
      each.proposed_by_name,
    ]),
  )
  const set = (change: QueueFilter) => navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <Filters>
      <Choice
        label="Space"
        all="all"
        value={filter.space}
        choices={spaces.map(({ id, name }) => [id, name] as const)}
        onChoose={(space) => set({ space })}
      />
      <Choice
        label="Kind"
        all="all"
        value={filter.kind}
        choices={kinds.map((kind) => [kind, worded(kind)] as const)}
        onChoose={(kind) => set({ kind })}
      />
      <Choice
        label="By"
        all="all"
        value={filter.author}
        choices={[...authors]}
        onChoose={(author) => set({ author })}
      />
    </Filters>
  )
}

function Nothing({ orgId, isFiltered }: { orgId: string; isFiltered: boolean }) {
  return (
    <div className="empty">
      <h2>Nothing waits{isFiltered ? ' here' : ''}</h2>
      {isFiltered ? (
        <p>Other filters may show more.</p>
      ) : (
        <p>
          What AI staff and people propose comes up here by itself.{' '}
          <Link to="/$orgId/staff" params={{ orgId }}>
            Connect AI staff
          </Link>
        </p>
      )}
    </div>
  )
}
