import { useMembers } from '../organization-queries.ts'
import { Shown } from './Shown.tsx'

/** Who somebody is, by name: a person, or AI staff. Whoever is not a member any more stays an id. */
export function Name({ orgId, id }: { orgId: string; id: string }) {
  const member = useMembers(orgId)(id)
  if (member === undefined) return <code title="Nobody who belongs to the organization now">{id}</code>
  return (
    <span title={id}>
      <Shown text={member.display_name} />
      {member.is_service_account && <span className="quiet"> (AI)</span>}
    </span>
  )
}
