import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId } from 'react'
import type { NamedSecret } from '../../api.d.ts'
import { secretsQuery } from '../../automation-queries.ts'
import { answer, api } from '../../client.ts'
import { useMay } from '../../organization-queries.ts'
import { Confirm } from '../../parts/Confirm.tsx'
import { Name } from '../../parts/Name.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { Shown } from '../../parts/Shown.tsx'
import { Moment } from '../../parts/Time.tsx'
import { say } from '../../parts/Toast.tsx'
import { ONE, type Place } from '../../queries.ts'
import { SharedSecret } from './SharedSecret.tsx'

const STATES = { in_use: 'in use', proposed: 'in a change that waits', unused: 'not used yet' } as const

/** The secrets that an automation sends, by name and never by value, and the one that it signs with. */
export function Secrets({ place, sends, signs }: { place: Place; sends: boolean; signs: boolean }) {
  const secrets = useQuery(secretsQuery(place))
  const mayWrite = useMay(place.orgId, 'files.write') === true
  const all = secrets.data ?? []
  if (all.length === 0 && !(mayWrite && sends)) return null
  return (
    <section aria-labelledby="secrets">
      <h2 id="secrets">Secrets</h2>
      {secrets.isError && <Problem error={secrets.error} retry={() => secrets.refetch()} />}
      {all.length > 0 && (
        <ul className="list">
          {all.map((secret) => (
            <Line key={`${secret.name} ${secret.version}`} place={place} secret={secret} mayWrite={mayWrite} />
          ))}
        </ul>
      )}
      {signs && (
        <p className="deeds">
          <span>What it sends is signed.</span>
          <SharedSecret place={place} which="signing-secret" title="Set or make the signing secret">
            Whoever gets its requests checks them with it. While the one before is valid, both signatures are sent.
          </SharedSecret>
        </p>
      )}
      {mayWrite && <SetSecret place={place} />}
    </section>
  )
}

function Line({ place, secret, mayWrite }: { place: Place; secret: NamedSecret; mayWrite: boolean }) {
  const client = useQueryClient()
  const { name, version, state, set_by_user_id: setBy, set_at: setAt } = secret
  const remove = async () => {
    await answer(api.DELETE(`${ONE}/secrets/{name}`, { params: { path: { ...place, name } } }))
    say('The secret was taken away.')
    await client.invalidateQueries({ queryKey: [place.orgId, 'automation', place.automationId] })
  }
  return (
    <li className="deeds">
      <span>
        <code>
          <Shown text={name} />
        </code>
        , version {version}, {STATES[state]}, set{' '}
        {setBy !== null && (
          <>
            by <Name orgId={place.orgId} id={setBy} />
          </>
        )}{' '}
        <Moment at={setAt} />
      </span>
      {mayWrite && (
        <Confirm
          label="Take away"
          of={name}
          className="small danger"
          title={`Take ${name} away?`}
          action="Take it away"
          onConfirm={remove}
        >
          What uses it goes on, and its runs fail until it is set again.
        </Confirm>
      )}
    </li>
  )
}

function SetSecret({ place }: { place: Place }) {
  const id = useId()
  const client = useQueryClient()
  const set = useMutation({
    mutationFn: ({ name, value }: { name: string; value: string }) =>
      answer(api.PUT(`${ONE}/secrets/{name}`, { params: { path: { ...place, name } }, body: { value } })),
    onSuccess: ({ secret: { name, version } }) => say(`${name} is set: version ${version}.`),
    onSettled: () => client.invalidateQueries({ queryKey: [place.orgId] }),
  })
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    await set.mutateAsync({ name: String(data.get('name')), value: String(data.get('value')) })
    form.reset()
  }
  return (
    <details>
      <summary>Set a secret</summary>
      <form className="stack" onSubmit={(event) => submit(event).catch(() => {})}>
        <p className="quiet">
          A request uses it as <code>{'{{ secrets.name }}'}</code>. Nobody can read it again. A new value of one that is
          in use makes a new revision.
        </p>
        <label htmlFor={`${id}name`}>Name</label>
        <input id={`${id}name`} name="name" required pattern="[a-z][a-z0-9_]{0,63}" maxLength={64} autoComplete="off" />
        <label htmlFor={`${id}value`}>Value</label>
        <input id={`${id}value`} name="value" type="password" required autoComplete="new-password" />
        {set.isError && <Problem error={set.error} />}
        <button type="submit" disabled={set.isPending}>
          {set.isPending ? 'Setting it …' : 'Set it'}
        </button>
      </form>
    </details>
  )
}
