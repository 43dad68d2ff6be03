import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { Run } from '../api.d.ts'
import { Kept } from '../parts/Kept.tsx'
import { Rows } from '../parts/Rows.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Badge } from '../parts/Status.tsx'
import { When } from '../parts/Time.tsx'
import { useTitle } from '../parts/title.ts'
import { automationQuery, type Place, runQuery } from '../queries.ts'
import { Deeds } from './run/Deeds.tsx'
import { Timeline } from './run/Timeline.tsx'

/** One run: what happened when, what it was given, and what came of it. */
export function RunPage() {
  const { runId, ...place } = useParams({ from: '/$orgId/runs/$spaceId/$automationId/$runId' })
  const found = useQuery(runQuery(place, runId))
  const automation = useQuery(automationQuery(place))
  useTitle('Run')
  const back = (
    <Link to="/$orgId/automations/$spaceId/$automationId" params={place}>
      ← {automation.data === undefined ? 'Its automation' : <Shown text={automation.data.name} />}
    </Link>
  )
  return (
    <Kept query={found} what="run" back={back}>
      {(run) => (
        <article>
          <p>{back}</p>
          <Whole place={place} run={run} />
        </article>
      )}
    </Kept>
  )
}

function Whole({ place, run }: { place: Place; run: Run }) {
  return (
    <>
      <h1>
        Run of <When at={run.created_at} />
      </h1>
      <p role="status">
        <Badge status={run.status} /> {run.error_message !== null && <Shown text={run.error_message} />}
      </p>
      <Deeds place={place} run={run} />
      <Timeline place={place} run={run} />
      <Facts place={place} run={run} />
      {run.input !== null && (
        <section aria-labelledby="input">
          <h2 id="input">What it was given</h2>
          <Rows of={run.input} caption="The input of the run" />
        </section>
      )}
      {run.output !== null && (
        <section aria-labelledby="output">
          <h2 id="output">What came of it</h2>
          <Rows of={run.output} caption="The output of the run" />
        </section>
      )}
    </>
  )
}

function Facts({ place, run }: { place: Place; run: Run }) {
  return (
    <dl className="facts">
      <div>
        <dt>Set off by</dt>
        <dd>{run.trigger}</dd>
      </div>
      <div>
        <dt>Revision</dt>
        <dd>
          <Link
            to="/$orgId/automations/$spaceId/$automationId/revisions/$revision"
            params={{ ...place, revision: String(run.revision) }}
          >
            {run.revision}
          </Link>{' '}
          <code className="quiet">{run.digest}</code>
        </dd>
      </div>
      {run.note !== null && (
        <div>
          <dt>Note</dt>
          <dd>
            <Shown text={run.note} />
          </dd>
        </div>
      )}
      {run.external_ref !== null && (
        <div>
          <dt>Outside, its effect is called</dt>
          <dd>
            <Shown text={run.external_ref} />
          </dd>
        </div>
      )}
    </dl>
  )
}
