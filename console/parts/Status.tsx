import type { Automation, RunStatus } from '../api.d.ts'

const TONES: Readonly<Record<string, string>> = {
  active: 'good',
  pending_approval: 'odd',
  rejected: 'bad',
  succeeded: 'good',
  failed: 'bad',
  unknown: 'odd',
}

/** Where an automation stands, and what stands in its way. */
export function Status({ of: { status, problems, pending_revision: pending } }: { of: Automation }) {
  return (
    <>
      <Badge status={status} />
      {problems.length > 0 && <span className="badge bad">does not run yet</span>}
      {pending !== null && <span className="badge odd">a change waits</span>}
    </>
  )
}

/** A status, by its name and its colour. */
export function Badge({ status }: { status: Automation['status'] | RunStatus }) {
  return <span className={`badge ${TONES[status] ?? 'plain'}`}>{status.replace('_', ' ')}</span>
}
