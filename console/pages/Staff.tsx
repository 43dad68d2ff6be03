import { Dialog } from '@base-ui/react/dialog'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { type FormEvent, useId, useState } from 'react'
import type { Role, ServiceAccount } from '../api.d.ts'
import { answer, api, BASE } from '../client.ts'
import { Problem } from '../parts/Problem.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Ago } from '../parts/Time.tsx'
import { rolesQuery, staffQuery } from '../queries.ts'

const ALL = '/api/v1/organizations/{orgId}/service-accounts'

/** The AI staff of an organization: who it is, and what it connects with. */
export function StaffPage() {
  const { orgId } = useParams({ from: '/$orgId/staff' })
  const staff = useQuery(staffQuery(orgId))
  const roles = useQuery(rolesQuery(orgId))
  const [token, setToken] = useState<string>()
  if (staff.isError) return <Problem error={staff.error} retry={() => staff.refetch()} />
  if (staff.isPending) return <p className="loading">Loading …</p>
  return (
    <>
      <h1>AI staff</h1>
      {staff.data.length === 0 && (
        <p className="quiet">There is none yet. Make an account for each AI that shall propose.</p>
      )}
      <div className="scroll">
        <table>
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
            {staff.data.map((account) => (
              <Row key={account.id} orgId={orgId} account={account} roles={roles.data ?? []} onToken={setToken} />
            ))}
          </tbody>
        </table>
      </div>
      <Make orgId={orgId} roles={roles.data ?? []} onToken={setToken} />
      <TokenDialog token={token} onClose={() => setToken(undefined)} />
    </>
  )
}

type RowProps = { orgId: string; account: ServiceAccount; roles: readonly Role[]; onToken: (token: string) => void }

function Row({ orgId, account, roles, onToken }: RowProps) {
  const client = useQueryClient()
  const params = { path: { orgId, serviceAccountId: account.id } }
  const onSettled = () => client.invalidateQueries({ queryKey: [orgId, 'staff'] })
  const rotate = useMutation({
    mutationFn: () => answer(api.POST(`${ALL}/{serviceAccountId}/rotate`, { params })),
    onSuccess: ({ token }) => onToken(token),
    onSettled,
  })
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE(`${ALL}/{serviceAccountId}`, { params })),
    onSettled,
  })
  const error = rotate.error ?? remove.error
  const names = account.role_ids.map((id) => roles.find((role) => role.id === id)?.name ?? id)
  return (
    <tr>
      <th scope="row">
        <Shown text={account.name} />
      </th>
      <td>
        <Shown text={names.join(', ')} />
      </td>
      <td>{account.last_used_at === null ? 'never' : <Ago at={account.last_used_at} />}</td>
      <td>{account.expires_at === null ? 'never' : <Ago at={account.expires_at} />}</td>
      <td className="deeds">
        <button
          type="button"
          className="small"
          disabled={rotate.isPending}
          onClick={() => confirm('Make a new token? The old one ends at once.') && rotate.mutate()}
        >
          New token
        </button>
        <button
          type="button"
          className="small danger"
          disabled={remove.isPending}
          onClick={() =>
            confirm('Delete the account? Its token ends at once; what it proposed stays.') && remove.mutate()
          }
        >
          Delete
        </button>
        {error !== null && <Problem error={error} />}
      </td>
    </tr>
  )
}

type MakeProps = { orgId: string; roles: readonly Role[]; onToken: (token: string) => void }

function Make({ orgId, roles, onToken }: MakeProps) {
  const name = useId()
  const client = useQueryClient()
  const make = useMutation({
    mutationFn: (body: { name: string; role_ids: string[] }) =>
      answer(api.POST(ALL, { params: { path: { orgId } }, body })),
    onSuccess: ({ token }) => onToken(token),
    onSettled: () => client.invalidateQueries({ queryKey: [orgId, 'staff'] }),
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    make.mutate({ name: String(form.get('name')), role_ids: form.getAll('role').map(String) })
  }
  return (
    <section aria-labelledby="make">
      <h2 id="make">A new account</h2>
      <form className="stack" onSubmit={submit}>
        <label htmlFor={name}>Name</label>
        <input id={name} name="name" required maxLength={200} />
        <fieldset>
          <legend>Roles: to propose, it needs one with files.read and files.write</legend>
          {roles.map((role) => (
            <label key={role.id} className="check">
              <input type="checkbox" name="role" value={role.id} /> <Shown text={role.name} />
            </label>
          ))}
        </fieldset>
        {make.isError && <Problem error={make.error} />}
        <button type="submit" disabled={make.isPending}>
          {make.isPending ? 'Making it …' : 'Make it'}
        </button>
      </form>
    </section>
  )
}

/** Shows a token this once, and how to connect with it. */
function TokenDialog({ token, onClose }: { token: string | undefined; onClose: () => void }) {
  const address = `${location.origin}${BASE}/mcp`
  return (
    <Dialog.Root open={token !== undefined} onOpenChange={(open) => open || onClose()} disablePointerDismissal>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title>Its token</Dialog.Title>
          <Dialog.Description>It is shown this once: keep it where the AI finds it.</Dialog.Description>
          <p>
            <code>{token}</code>
          </p>
          <button type="button" onClick={() => navigator.clipboard.writeText(token ?? '')}>
            Copy
          </button>
          <h2>Claude Code</h2>
          <pre className="json">{`claude mcp add --transport http hyperspeed ${address} --header "Authorization: Bearer ${token}"`}</pre>
          <Dialog.Close>Done</Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
