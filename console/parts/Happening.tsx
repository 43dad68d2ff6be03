import type { Preview } from '../api.d.ts'
import { Value } from './Changes.tsx'
import { Shown } from './Shown.tsx'
import { Ago } from './Time.tsx'

/** What an automation would do: its next runs, what they do, and what they open. */
export function Happening({ preview: { next_runs: runs, action, tunnel } }: { preview: Preview }) {
  return (
    <>
      {runs.length > 0 && (
        <table className="runs">
          <caption>The next {runs.length} runs</caption>
          <tbody>
            {runs.map(({ at_utc, at_local, note }) => (
              <tr key={at_utc}>
                <td>
                  <code>{at_local}</code>
                </td>
                <td>
                  <Ago at={at_utc} />
                </td>
                <td>{note !== null && <Shown text={note} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {action !== null && <Value value={action} />}
      {tunnel !== null && <Value value={tunnel} />}
      {runs.length === 0 && action === null && tunnel === null && <p className="quiet">Nothing yet.</p>}
    </>
  )
}
