import type { Review } from '../api.d.ts'
import { ProblemList } from './ProblemList.tsx'

/** What keeps a proposal from running, and what a reviewer should know. */
export function Oddities({ review: { problems, warnings } }: { review: Review }) {
  if (problems.length === 0 && warnings.length === 0) return null
  return (
    <section aria-labelledby="odd">
      <h2 id="odd">What is odd</h2>
      <ProblemList problems={problems} warnings={warnings} />
    </section>
  )
}
