import type { Review } from '../api.d.ts'
import { Shown } from './Shown.tsx'

/** What keeps a proposal from running, and what a reviewer should know. */
export function Oddities({ review: { problems, warnings } }: { review: Review }) {
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
