import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { Role, ServiceAccount } from '../api.d.ts'
import { answer, api } from '../client.ts'
import { useMay } from '../organization-queries.ts'
import { Connect } from '../parts/Connect.tsx'
import { Once } from '../parts/Once.tsx'
import { Problem } from '../parts/Problem.tsx'
import { say } from '../parts/Toast.tsx'
import { useTitle } from '../parts/title.ts'
import { rolesQuery, staffQuery } from '../queries.ts'
import { AccountForm, type Given } from './staff/AccountForm.tsx'
import { Row } from './staff/Row.tsx'

const ALL = '/api/v1/organizations/{orgId}/service-accounts'

/** The AI staff of an organization: who it is, what it may do, and what it connects with. */
export function StaffPage() {
  const { orgId } = useParams({ from: '/$orgId/staff' })
  const mayManage = useMay(orgId, 'org.members.manage')
  useTitle('AI staff')
  if (mayManage === undefined) return <p className="loading">Loading …</p>
  return (
    <>
      <h1>AI staff</h1>
      {mayManage ? (
        <Staff orgId={orgId} />
      ) : (
        <p className="notice">
          These accounts are for those who manage members: a role of yours would have to allow org.members.manage.
        </p>
      )}
    </>
  )
}

function Staff({ orgId }: { orgId: string }) {
  const staff = useQuery(staffQuery(orgId))
  const roles = useQuery(rolesQuery(orgId)).data ?? []
  const [token, setToken] = useState<string>()
  if (staff.isError) return <Problem error={staff.error} retry={() => staff.refetch()} />
  if (staff.isPending) return <p className="loading">Loading …</p>
  return (
    <>
      {staff.data.length === 0 ? (
        <p className="quiet">
          There is none yet. Make an account for each AI that shall propose: then you see who proposed what.
        </p>
      ) : (
        <Accounts orgId={orgId} accounts={staff.data} roles={roles} onToken={setToken} />
      )}
      <Make orgId={orgId} roles={roles} onToken={setToken} />
      <Once
        secret={token}
        title="Its token"
        onClose={() => {
          setToken(undefined)
          say('The token holds from now on. How to connect stays under Connect.')
        }}
      >
        <Connect token={token} />
      </Once>
    </>
  )
}

type AccountsProps = MakeProps & { accounts: readonly ServiceAccount[] }

function Accounts({ orgId, accounts, roles, onToken }: AccountsProps) {
  return (
    <table className="cards">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Roles</th>
          <th scope="col">Last seen</th>
          <th scope="col">Token ends</th>
          <th scope="col">
            <span className="hidden">What to do</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {accounts.map((account) => (
          <Row key={account.id} orgId={orgId} account={account} roles={roles} onToken={onToken} />
        ))}
      </tbody>
    </table>
  )
}

type MakeProps = { orgId: string; roles: readonly Role[]; onToken: (token: string) => void }

function Make({ orgId, roles, onToken }: MakeProps) {
  const client = useQueryClient()
  const make = async (body: Given) => {
    const { token } = await answer(api.POST(ALL, { params: { path: { orgId } }, body }))
    onToken(token)
    await Promise.all(['staff', 'members'].map((key) => client.invalidateQueries({ queryKey: [orgId, key] })))
  }
  return (
    <section aria-labelledby="make">
      <h2 id="make">A new account</h2>
      <AccountForm roles={roles} action="Make it" onSubmit={make} />
    </section>
  )
}
