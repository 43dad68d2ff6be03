import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { Change, Review } from '../api.d.ts'
import { useKeys } from '../keys.ts'
import { Changes } from '../parts/Changes.tsx'
import { CronWords } from '../parts/Cron.tsx'
import { Decision } from '../parts/Decision.tsx'
import { Happening } from '../parts/Happening.tsx'
import { Loaded } from '../parts/Loaded.tsx'
import { Oddities } from '../parts/Oddities.tsx'
import { Outcome } from '../parts/Outcome.tsx'
import { Problem } from '../parts/Problem.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Ago, When } from '../parts/Time.tsx'
import { useTitle } from '../parts/title.ts'
import { Whole } from '../parts/Whole.tsx'
import { type Place, previewQuery, reviewQuery, revisionsQuery } from '../queries.ts'
import { useDraft } from '../review/drafts.ts'
import { useNeighbours } from '../review/neighbours.ts'
import { noteOpened } from '../review/opened.ts'

const FROM = '/$orgId/review/$spaceId/$automationId'

/** One proposal: who wants what and why, what is odd, what changes, what would happen, and a decision on exactly that. */
export function ReviewPage() {
  const place = useParams({ from: FROM })
  return (
    <article className="review">
      <Around place={place} />
      <Reading key={place.automationId} place={place} />
    </article>
  )
}

/** The way to the queue, and to what waits before and after. */
function Around({ place }: { place: Place }) {
  const { orgId, automationId } = place
  const search = useSearch({ from: FROM })
  const navigate = useNavigate()
  const { previous, next } = useNeighbours(orgId, search, automationId)
  const go = (to: Review | undefined) => {
    if (to === undefined) return
    const params = { orgId, spaceId: to.space_id, automationId: to.automation_id }
    void navigate({ to: FROM, params, search })
  }
  useKeys({
    j: () => go(next),
    k: () => go(previous),
    q: () => void navigate({ to: '/$orgId/queue', params: { orgId }, search }),
  })
  const step = (to: Review | undefined, name: string) =>
    to && (
      <Link
        id={name}
        to={FROM}
        params={{ orgId, spaceId: to.space_id, automationId: to.automation_id }}
        search={search}
      >
        {name === 'next' ? 'Next →' : '← Previous'}
      </Link>
    )
  return (
    <nav className="around" aria-label="Proposals">
      <Link to="/$orgId/queue" params={{ orgId }} search={search}>
        Queue
      </Link>
      {step(previous, 'previous')}
      {step(next, 'next')}
    </nav>
  )
}

function Reading({ place }: { place: Place }) {
  const latest = useQuery(reviewQuery(place.orgId, place.automationId))
  // What somebody is reading does not change under their eyes: they are told, and go on when they have seen it.
  const [seen, setSeen] = useState<Review>()
  const [isDecided, setDecided] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  const shown = seen ?? latest.data ?? undefined
  useTitle(shown === undefined ? 'Review' : `${shown.name} · Review`)
  if (seen === undefined && latest.data) setSeen(latest.data)
  if (shown === undefined)
    return (
      <>
        <h1>Review</h1>
        <Loaded query={latest}>{() => <Decided place={place} />}</Loaded>
      </>
    )
  const changed = latest.data && seenOf(latest.data) !== seenOf(shown) ? latest.data : undefined
  const isGone = latest.data === null && !isDecided
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        <Shown text={shown.name} />
      </h1>
      {latest.isError && <Problem error={latest.error} retry={() => latest.refetch()} />}
      {changed && (
        <div className="notice" role="alert">
          <p>{isDecided ? 'It was proposed again.' : 'It was changed while you looked.'}</p>
          <button
            type="button"
            onClick={() => {
              setSeen(changed)
              setDecided(false)
              heading.current?.focus()
            }}
          >
            Show what it is now
          </button>
        </div>
      )}
      {isGone && <Decided place={place} />}
      <Proposal
        key={seenOf(shown)}
        place={place}
        review={shown}
        isStale={changed !== undefined || isGone || latest.isError}
        onDecided={() => setDecided(true)}
      />
    </>
  )
}

type ProposalProps = { place: Place; review: Review; isStale: boolean; onDecided: () => void }

function Proposal({ place, review, isStale, onDecided }: ProposalProps) {
  const preview = useQuery(previewQuery(place, review.digest))
  const [{ paths }, change] = useDraft(place.automationId)
  const mark = (path: string) => change({ paths: toggled(paths, path) })
  const times = preview.data?.preview.next_runs.length ?? 0
  // Read at another moment, it may be of another content.
  const isOther = preview.data !== undefined && preview.data.digest !== review.digest
  const isWhole = preview.data !== undefined && !isOther
  useEffect(() => {
    if (isWhole) noteOpened(review)
  }, [isWhole, review])
  return (
    <>
      <Heading review={review} />
      <Oddities review={review} />
      <section aria-labelledby="what">
        <h2 id="what">What changes</h2>
        <Changes
          changes={review.changes}
          marked={paths}
          onMark={mark}
          explain={(each) => times > 0 && isCron(each) && <CronWords expression={String(each.after)} />}
        />
        <Whole place={place} digest={review.digest} />
      </section>
      <section aria-labelledby="then">
        <h2 id="then">What would happen</h2>
        {isOther && <p className="notice">It was changed meanwhile: this is not known of what stands here.</p>}
        {!isOther && <Loaded query={preview}>{(found) => <Happening preview={found.preview} />}</Loaded>}
      </section>
      <Earlier place={place} current={review.revision} />
      <Decision place={place} review={review} isReady={isWhole && !isStale} isStale={isStale} onDecided={onDecided} />
    </>
  )
}

function Heading({ review }: { review: Review }) {
  return (
    <>
      <p className="quiet">
        {review.kind} in <Shown text={review.space_name} />, revision {review.revision}, by{' '}
        <Shown text={review.proposed_by_name} />
        {review.proposed_by_service_account_id !== null && ' (AI staff)'}, <Ago at={review.proposed_at} />; ends{' '}
        <Ago at={review.expires_at} />
      </p>
      <section aria-labelledby="why">
        <h2 id="why">Why</h2>
        {review.note === null ? (
          <p className="quiet">They say nothing of it.</p>
        ) : (
          <blockquote>
            <Shown text={review.note} />
          </blockquote>
        )}
      </section>
    </>
  )
}

function Earlier({ place, current }: { place: Place; current: number }) {
  const revisions = useQuery(revisionsQuery(place))
  const earlier = (revisions.data ?? []).filter(({ revision }) => revision !== current)
  if (earlier.length === 0) return null
  return (
    <section aria-labelledby="earlier">
      <h2 id="earlier">Before this</h2>
      <ul>
        {earlier.map((revision) => (
          <li key={revision.revision}>
            Revision {revision.revision}, <When at={revision.created_at} />: <Outcome of={revision} />
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What became of something that does not wait, for whoever comes late. */
function Decided({ place }: { place: Place }) {
  const revisions = useQuery(revisionsQuery(place))
  const [last] = revisions.data ?? []
  return (
    <div className="notice" role="alert">
      <p>It does not wait any more.</p>
      {revisions.isError && <Problem error={revisions.error} />}
      {last && (
        <p>
          Revision {last.revision}: <Outcome of={last} />
        </p>
      )}
      <Link to="/$orgId/automations/$spaceId/$automationId" params={place}>
        The automation
      </Link>
    </div>
  )
}

/** What somebody sees of a proposal. The content may be that of before, and what it is the difference to another. */
function seenOf({ digest, base_digest, problems, warnings }: Review): string {
  return JSON.stringify([digest, base_digest, problems, warnings])
}

function isCron({ path, after }: Change): boolean {
  return path === '/config/cron' && typeof after === 'string'
}

function toggled(before: ReadonlySet<string>, path: string): ReadonlySet<string> {
  const after = new Set(before)
  if (!after.delete(path)) after.add(path)
  return after
}
