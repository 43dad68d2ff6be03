import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { Review } from '../api.d.ts'
import { Changes } from '../parts/Changes.tsx'
import { Decision } from '../parts/Decision.tsx'
import { Happening } from '../parts/Happening.tsx'
import { Outcome } from '../parts/Outcome.tsx'
import { Problem } from '../parts/Problem.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Ago, When } from '../parts/Time.tsx'
import { type Place, previewQuery, reviewQuery, revisionsQuery } from '../queries.ts'

/** One proposal: who wants what and why, what is odd, what changes, what would happen, and a decision on exactly that. */
export function ReviewPage() {
  const place = useParams({ from: '/$orgId/review/$spaceId/$automationId' })
  const latest = useQuery(reviewQuery(place.orgId, place.automationId))
  // What somebody is reading does not change under their eyes: they are told, and go on when they have seen it.
  const [seen, setSeen] = useState<Review>()
  const shown = seen ?? latest.data ?? undefined
  if (seen === undefined && latest.data) setSeen(latest.data)
  if (shown === undefined) {
    if (latest.isError) return <Problem error={latest.error} retry={() => latest.refetch()} />
    return latest.isPending ? <p className="loading">Loading …</p> : <Decided place={place} />
  }
  const changed = latest.data && latest.data.digest !== shown.digest ? latest.data : undefined
  return (
    <article className="review">
      <p>
        <Link to="/$orgId/queue" params={{ orgId: place.orgId }}>
          ← Queue
        </Link>
      </p>
      <h1>
        <Shown text={shown.name} />
      </h1>
      {changed && (
        <div className="notice" role="alert">
          <p>It was changed while you looked.</p>
          <button type="button" onClick={() => setSeen(changed)}>
            Show what it is now
          </button>
        </div>
      )}
      {latest.data === null && (
        <div className="notice" role="alert">
          It does not wait any more.
        </div>
      )}
      <Proposal
        key={shown.digest}
        place={place}
        review={shown}
        isStale={changed !== undefined || latest.data === null}
      />
    </article>
  )
}

function Proposal({ place, review, isStale }: { place: Place; review: Review; isStale: boolean }) {
  const preview = useQuery(previewQuery(place, review.digest))
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set())
  const mark = (path: string) => setMarked((before) => toggled(before, path))
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
      <Oddities review={review} />
      <section aria-labelledby="what">
        <h2 id="what">What changes</h2>
        <Changes changes={review.changes} marked={marked} onMark={mark} />
      </section>
      <section aria-labelledby="then">
        <h2 id="then">What would happen</h2>
        {preview.isPending && <p className="loading">Loading …</p>}
        {preview.isError && <Problem error={preview.error} retry={() => preview.refetch()} />}
        {preview.data && <Happening preview={preview.data} />}
      </section>
      <Earlier place={place} current={review.revision} />
      <Decision
        place={place}
        digest={review.digest}
        isReady={preview.isSuccess && !isStale}
        marked={marked}
        onUnmark={mark}
      />
    </>
  )
}

function Oddities({ review: { problems, warnings } }: { review: Review }) {
  if (problems.length === 0 && warnings.length === 0) return null
  return (
    <section aria-labelledby="odd">
      <h2 id="odd">What is odd</h2>
      <ul className="oddities">
        {problems.map(({ path, message }) => (
          <li key={`${path} ${message}`} className="bad">
            <code>
              <Shown text={path} />
            </code>{' '}
            <Shown text={message} />
          </li>
        ))}
        {warnings.map((warning) => (
          <li key={warning} className="odd">
            <Shown text={warning} />
          </li>
        ))}
      </ul>
    </section>
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
    <div className="empty">
      <h1>It does not wait any more</h1>
      {last && (
        <p>
          Revision {last.revision}: <Outcome of={last} />
        </p>
      )}
      <p>
        <Link to="/$orgId/queue" params={{ orgId: place.orgId }}>
          To the queue
        </Link>
      </p>
    </div>
  )
}

function toggled(before: ReadonlySet<string>, path: string): ReadonlySet<string> {
  const after = new Set(before)
  if (!after.delete(path)) after.add(path)
  return after
}
