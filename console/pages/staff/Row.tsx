import { useQueryClient } from '@tanstack/react-query'
import type { Role, ServiceAccount, ServiceAccountUpdate } from '../../api.d.ts'
import { answer, api } from '../../client.ts'
import { Confirm } from '../../parts/Confirm.tsx'
import { Shown } from '../../parts/Shown.tsx'
import { Ago, useMinute, When } from '../../parts/Time.tsx'
import { say } from '../../parts/Toast.tsx'
import { nearnessOf } from '../../text/days.ts'
import { ConnectDialog, EditDialog, RotateDialog } from './dialogs.tsx'

const ONE_ACCOUNT = '/api/v1/organizations/{orgId}/service-accounts/{serviceAccountId}'

type RowProps = { orgId: string; account: ServiceAccount; roles: readonly Role[]; onToken: (token: string) => void }

/** One account: who it is, what it may do, until when, and what to do with it. */
export function Row({ orgId, account, roles, onToken }: RowProps) {
  const names = account.role_ids.map((id) => roles.find((role) => role.id === id)?.name ?? id)
  return (
    <tr>
      <th scope="row">
        <Shown text={account.name} />{' '}
        {account.provider !== null && (
          <span className="quiet">
            <Shown text={account.provider} />
          </span>
        )}
      </th>
      <td data-label="Roles">
        {names.length === 0 ? <span className="odd">none: it may do nothing</span> : <Shown text={names.join(', ')} />}
      </td>
      <td data-label="Last seen">{account.last_used_at === null ? 'never' : <Ago at={account.last_used_at} />}</td>
      <td data-label="Token ends">
        <End at={account.expires_at} />
      </td>
      <td>
        <div className="deeds">
          <Deeds orgId={orgId} account={account} roles={roles} onToken={onToken} />
        </div>
      </td>
    </tr>
  )
}

function End({ at }: { at: string | null }) {
  const now = useMinute()
  if (at === null) return 'never'
  const nearness = nearnessOf(at, now)
  return (
    <>
      <When at={at} /> {nearness === 'over' && <span className="badge bad">over: it can’t log in</span>}
      {nearness === 'soon' && <span className="badge odd">soon</span>}
    </>
  )
}

function Deeds({ orgId, account, roles, onToken }: RowProps) {
  const client = useQueryClient()
  const params = { path: { orgId, serviceAccountId: account.id } }
  const refresh = () =>
    Promise.all(['staff', 'members'].map((key) => client.invalidateQueries({ queryKey: [orgId, key] })))
  const update = async (body: ServiceAccountUpdate) => {
    await answer(api.PATCH(ONE_ACCOUNT, { params, body }))
    await refresh()
  }
  const rotate = async (expires_at: string | null) => {
    // Its new token would end with the old one.
    if (expires_at !== account.expires_at) await answer(api.PATCH(ONE_ACCOUNT, { params, body: { expires_at } }))
    const { token } = await answer(api.POST(`${ONE_ACCOUNT}/rotate`, { params }))
    onToken(token)
    await refresh()
  }
  const remove = async () => {
    await answer(api.DELETE(ONE_ACCOUNT, { params }))
    say(`${account.name} is deleted.`)
    await refresh()
  }
  return (
    <>
      <ConnectDialog account={account} />
      <EditDialog account={account} roles={roles} onUpdate={update} />
      <RotateDialog account={account} onRotate={rotate} />
      <Confirm
        label="Delete"
        of={account.name}
        className="small danger"
        title={`Delete ${account.name}?`}
        action="Delete it"
        onConfirm={remove}
      >
        Its token ends at once. What it proposed stays, and so does what it did in the audit log.
      </Confirm>
    </>
  )
}
