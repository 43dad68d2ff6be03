import type { Revision } from '../api.d.ts'
import { Shown } from './Shown.tsx'

/** What was decided on a revision, and why. */
export function Outcome({ of: { decision } }: { of: Revision }) {
  if (decision === null) return 'nobody decided on it'
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
