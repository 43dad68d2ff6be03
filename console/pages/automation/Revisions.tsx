import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Automation, Revision } from '../../api.d.ts'
import { allRevisionsQuery } from '../../automation-queries.ts'
import { More } from '../../parts/Loaded.tsx'
import { Name } from '../../parts/Name.tsx'
import { Outcome } from '../../parts/Outcome.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { Shown } from '../../parts/Shown.tsx'
import { Moment } from '../../parts/Time.tsx'
import type { Place } from '../../queries.ts'

/** What an automation was, newest first: who wrote it, what they said of it, and what was decided. */
export function Revisions({ place, automation }: { place: Place; automation: Automation }) {
  const list = useInfiniteQuery(allRevisionsQuery(place))
  const revisions = list.data?.pages.flatMap((page) => page.revisions) ?? []
  return (
    <section aria-labelledby="revisions">
      <h2 id="revisions">Revisions</h2>
      {list.isError && <Problem error={list.error} retry={() => list.refetch()} />}
      <ol className="list" reversed>
        {revisions.map((revision) => (
          <Line key={revision.revision} place={place} automation={automation} revision={revision} />
        ))}
      </ol>
      <More of={list} />
    </section>
  )
}

function Line({ place, automation, revision }: { place: Place; automation: Automation; revision: Revision }) {
  const author = revision.authored_by_user_id ?? revision.authored_by_service_account_id
  const note = revision.config.proposal_note
  return (
    <li>
      <p>
        <Link to={REVISION} params={{ ...place, revision: String(revision.revision) }}>
          Revision {revision.revision}
        </Link>{' '}
        {revision.revision === automation.revision && <span className="badge plain">shown</span>}
        {revision.digest === automation.approved_digest && revision.revision === automation.revision && (
          <span className="badge good">let run</span>
        )}
        {revision.revision === automation.pending_revision?.revision && <span className="badge odd">waits</span>}
        by {author === null ? 'nobody who is known' : <Name orgId={place.orgId} id={author} />},{' '}
        <Moment at={revision.created_at} />
      </p>
      {typeof note === 'string' && (
        <blockquote>
          <Shown text={note} />
        </blockquote>
      )}
      {revision.decision !== null && (
        <p>
          <Outcome of={revision} />
          {revision.decision.by !== null && (
            <>
              {' '}
              by <Name orgId={place.orgId} id={revision.decision.by} />
            </>
          )}
          , <Moment at={revision.decision.at} />
        </p>
      )}
    </li>
  )
}

const REVISION = '/$orgId/automations/$spaceId/$automationId/revisions/$revision'
