import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId } from 'react'
import { answer, api, Refusal } from '../client.ts'
import { ONE, type Place } from '../queries.ts'
import { Changes } from './Changes.tsx'
import { Problem } from './Problem.tsx'
import { Shown } from './Shown.tsx'

type DecisionProps = {
  place: Place
  digest: string
  isReady: boolean
  marked: ReadonlySet<string>
  onUnmark: (path: string) => void
}

/** Decides on the content with a digest, once all of it has been shown. */
export function Decision({ place, digest, isReady, marked, onUnmark }: DecisionProps) {
  const client = useQueryClient()
  const [reason, code] = [useId(), useId()]
  const params = { path: place }
  // Whatever came of it, what is shown is read anew; nothing is sent again by itself.
  const onSettled = () => client.invalidateQueries({ queryKey: [place.orgId] })
  const approve = useMutation({
    mutationFn: () => answer(api.POST(`${ONE}/approve`, { params, body: { digest } })),
    onSettled,
  })
  const reject = useMutation({
    mutationFn: (body: { reason?: string; code?: string; paths?: string[] }) =>
      answer(
        api.POST(`${ONE}/reject`, { params: { ...params, header: { 'if-match': JSON.stringify(digest) } }, body }),
      ),
    onSettled,
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name)).trim()
    reject.mutate({
      ...(text('reason') && { reason: text('reason') }),
      ...(text('code') && { code: text('code') }),
      ...(marked.size > 0 && { paths: [...marked] }),
    })
  }
  if (approve.isSuccess) return <Approved place={place} />
  if (reject.isSuccess) return <p className="notice">Rejected. Whoever proposed it is told why.</p>
  const isBusy = approve.isPending || reject.isPending
  const error = approve.error ?? reject.error
  return (
    <section className="decision" aria-labelledby="decide">
      <h2 id="decide">Decide</h2>
      {error !== null && <Problem error={error} />}
      {error instanceof Refusal && error.code === 'digest_mismatch' && <Differences error={error} />}
      <button type="button" className="primary" disabled={!isReady || isBusy} onClick={() => approve.mutate()}>
        {approve.isPending ? 'Approving …' : 'Approve exactly this'}
      </button>{' '}
      <code className="quiet" title={digest}>
        {digest.slice(0, 19)}…
      </code>
      <form className="stack" onSubmit={submit}>
        <label htmlFor={reason}>Why not</label>
        <textarea id={reason} name="reason" rows={3} maxLength={4000} />
        <label htmlFor={code}>A code, for programs</label>
        <input id={code} name="code" pattern="[a-z][a-z0-9_]*" maxLength={64} placeholder="wrong_time" />
        {marked.size > 0 && (
          <ul>
            {[...marked].map((path) => (
              <li key={path}>
                <code>
                  <Shown text={path} />
                </code>{' '}
                <button type="button" className="small" onClick={() => onUnmark(path)}>
                  Unmark
                </button>
              </li>
            ))}
          </ul>
        )}
        <button type="submit" disabled={isBusy}>
          {reject.isPending ? 'Rejecting …' : 'Reject'}
        </button>
      </form>
    </section>
  )
}

/** What was changed since, where the server says so. */
function Differences({ error: { details } }: { error: Refusal }) {
  const changes = details.map(({ path, before, after }) => ({
    path,
    op: before === undefined ? ('add' as const) : after === undefined ? ('remove' as const) : ('replace' as const),
    before,
    after,
  }))
  return <Changes changes={changes} marked={new Set()} />
}

function Approved({ place }: { place: Place }) {
  const client = useQueryClient()
  const pause = useMutation({
    mutationFn: () => answer(api.PATCH(ONE, { params: { path: place }, body: { status: 'paused' } })),
    onSettled: () => client.invalidateQueries({ queryKey: [place.orgId] }),
  })
  return (
    <div className="notice" role="status">
      <p>{pause.isSuccess ? 'Paused: nothing of it runs.' : 'Approved: it is active.'}</p>
      {pause.isError && <Problem error={pause.error} />}
      {!pause.isSuccess && (
        <button type="button" disabled={pause.isPending} onClick={() => pause.mutate()}>
          Pause
        </button>
      )}
    </div>
  )
}
