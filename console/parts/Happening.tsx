import type { PlannedRun, Preview } from '../api.d.ts'
import { Value } from './Changes.tsx'
import { Shown } from './Shown.tsx'
import { Ago, LocalTime } from './Time.tsx'

/** What would happen, without it. */
export function Happening({ preview: { next_runs: runs, action, tunnel } }: { preview: Preview }) {
  return (
    <>
      {runs.length > 0 && <Planned runs={runs} />}
      {action !== null && <Value value={action} isWhole />}
      {tunnel !== null && <Value value={tunnel} isWhole />}
      {runs.length === 0 && action === null && tunnel === null && <p className="quiet">Nothing yet.</p>}
    </>
  )
}

function Planned({ runs }: { runs: readonly PlannedRun[] }) {
  return (
    <table className="runs">
      <caption>{runs.length === 1 ? 'Its only run' : `The next ${runs.length} runs`}</caption>
      <thead className="hidden">
        <tr>
          <th scope="col">When</th>
          <th scope="col">From now</th>
          <th scope="col">Note</th>
        </tr>
      </thead>
      <tbody>
        {runs.map(({ at_utc, at_local, note }) => (
          <tr key={at_utc}>
            <td>
              <LocalTime at={at_local} />
            </td>
            <td>
              <Ago at={at_utc} />
            </td>
            <td>{note !== null && <Shown text={note} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
