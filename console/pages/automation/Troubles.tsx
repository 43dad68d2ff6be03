import type { Automation } from '../../api.d.ts'
import { ProblemList } from '../../parts/ProblemList.tsx'
import { Shown } from '../../parts/Shown.tsx'

/** What keeps an automation from running, and what failed last. */
export function Troubles({
  of: { problems, last_error: error, status, rejection_reason: reason },
}: {
  of: Automation
}) {
  return (
    <>
      {problems.length > 0 && <Problems of={problems} />}
      {status === 'rejected' && (
        <p className="problem">
          Rejected{reason === null ? '.' : ': '}
          {reason !== null && <Shown text={reason} />}
        </p>
      )}
      {error !== null && (
        <p className="problem">
          The latest failure: <Shown text={error} />
        </p>
      )}
    </>
  )
}

function Problems({ of: problems }: { of: Automation['problems'] }) {
  return (
    <div className="problem">
      <p>It does not run until this is there:</p>
      <ProblemList problems={problems} />
    </div>
  )
}
