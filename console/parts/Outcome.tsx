import type { Revision } from '../api.d.ts'
import { Shown } from './Shown.tsx'

/** What was decided on a revision, and why. */
export function Outcome({ of: { decision, authored_by_user_id: person } }: { of: Revision }) {
  if (decision === null) return person === null ? 'nobody decided on it' : 'written by a person, who needs no decision'
  const { outcome, reason, code, paths } = decision
  return (
    <>
      {outcome}
      {reason !== null && (
        <>
          : “<Shown text={reason} />”
        </>
      )}
      {code !== null && (
        <>
          {' '}
          <code>{code}</code>
        </>
      )}
      {paths.map((path) => (
        <code key={path}>
          {' '}
          <Shown text={path} />
        </code>
      ))}
    </>
  )
}
