import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Run } from '../api.d.ts'
import type { Place } from '../queries.ts'
import { between, durationOf } from '../text/duration.ts'
import { Shown } from './Shown.tsx'
import { Badge } from './Status.tsx'
import { When } from './Time.tsx'

type RunTableProps = {
  runs: readonly Run[]
  placeOf: (run: Run) => Place
  /** Which automation a run is of, where they are of several. */
  ofOf?: ((run: Run) => ReactNode) | undefined
}

/** Runs, a line each, with a link to all of each. */
export function RunTable({ runs, placeOf, ofOf }: RunTableProps) {
  return (
    <table className="cards">
      <thead>
        <tr>
          <th scope="col">When</th>
          {ofOf && <th scope="col">Of</th>}
          <th scope="col">How it ended</th>
          <th scope="col">Set off by</th>
          <th scope="col">Took</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.id}>
            <th scope="row">
              <Link to="/$orgId/runs/$spaceId/$automationId/$runId" params={{ ...placeOf(run), runId: run.id }}>
                <When at={run.created_at} />
              </Link>
            </th>
            {ofOf && <td data-label="Of">{ofOf(run)}</td>}
            <td data-label="How it ended">
              <Badge status={run.status} /> {run.error_message !== null && <Shown text={run.error_message} />}
            </td>
            <td data-label="Set off by">{run.trigger}</td>
            <td data-label="Took">
              {run.started_at === null || run.finished_at === null
                ? '–'
                : durationOf(between(run.started_at, run.finished_at))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
