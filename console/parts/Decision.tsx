import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef } from 'react'
import type { Rejection, Review } from '../api.d.ts'
import { answer, api, Refusal } from '../client.ts'
import { useKeys } from '../keys.ts'
import { useMay } from '../organization-queries.ts'
import { ONE, type Place } from '../queries.ts'
import { dropDraft, useDraft } from '../review/drafts.ts'
import { Changes } from './Changes.tsx'
import { useOnce } from './once.ts'
import { Path } from './Path.tsx'
import { Problem } from './Problem.tsx'
import { RejectionFields } from './RejectionFields.tsx'
import { say } from './Toast.tsx'

type DecisionProps = {
  place: Place
  /** What is on the screen. */
  review: Pick<Review, 'name' | 'digest' | 'base_digest'>
  /** Whether all of it has been shown, and is what waits. */
  isReady: boolean
  /** Whether it is not what waits any more. */
  isStale: boolean
  onDecided: () => void
}

/** Decides on the content with a digest, once all of it has been shown. Not everybody who may look at it may do that. */
export function Decision(props: DecisionProps) {
  if (useMay(props.place.orgId, 'files.write') === false)
    return <p className="notice">You may look at it. To decide on it, a role of yours has to allow files.write.</p>
  return <Deciding {...props} />
}

function Deciding({ place, review, isReady, isStale, onDecided }: DecisionProps) {
  const approve = useApproval(place, review, onDecided)
  const reject = useRejection(place, review, onDecided)
  const [approveOnce, rejectOnce] = [useOnce(approve), useOnce(reject)]
  const { digest } = review
  const button = useRef<HTMLButtonElement>(null)
  const reason = useRef<HTMLTextAreaElement>(null)
  useKeys({ a: () => button.current?.focus(), r: () => reason.current?.focus() })
  if (approve.isSuccess) return <Approved place={place} />
  if (reject.isSuccess) return <Done>Rejected. Whoever proposed it is told why.</Done>
  const isBusy = approve.isPending || reject.isPending
  const error = approve.error ?? reject.error
  return (
    <section className="decision" aria-labelledby="decide">
      <h2 id="decide">Decide</h2>
      {error !== null && <Problem error={error} />}
      {error instanceof Refusal && error.code === 'digest_mismatch' && <Differences error={error} />}
      <button
        ref={button}
        type="button"
        className="primary"
        aria-describedby="approved-content"
        disabled={!isReady || isBusy}
        onClick={() => approveOnce()}
      >
        {approve.isPending ? 'Approving …' : 'Approve exactly this'}
      </button>{' '}
      <code id="approved-content" className="quiet" title={digest}>
        {digest.slice(0, 19)}…
      </code>
      <RejectionForm place={place} reason={reason} isBusy={isBusy || isStale} onReject={rejectOnce} />
    </section>
  )
}

function useApproval(place: Place, { name, digest, base_digest }: DecisionProps['review'], onSuccess: () => void) {
  return useMutation({
    mutationFn: () => answer(api.POST(`${ONE}/approve`, { params: { path: place }, body: { digest, base_digest } })),
    ...useAfterwards(place, `“${name}” was not approved`, onSuccess),
  })
}

function useRejection(place: Place, { name, digest }: DecisionProps['review'], onSuccess: () => void) {
  const params = { path: place, header: { 'if-match': JSON.stringify(digest) } }
  return useMutation({
    mutationFn: (body: Rejection) => answer(api.POST(`${ONE}/reject`, { params, body })),
    ...useAfterwards(place, `“${name}” was not rejected`, onSuccess),
  })
}

/** Whatever comes of a decision, what is shown is read anew, and nothing is sent again by itself. Who has gone on hears of a failure, too. */
function useAfterwards(place: Place, failure: string, onSuccess: () => void) {
  const client = useQueryClient()
  return {
    onSuccess: () => {
      dropDraft(place.automationId)
      onSuccess()
    },
    onError: (error: Error) => say(`${failure}: ${error.message}`),
    onSettled: () => void client.invalidateQueries({ queryKey: [place.orgId] }),
  }
}

type RejectionFormProps = {
  place: Place
  reason: React.RefObject<HTMLTextAreaElement | null>
  isBusy: boolean
  onReject: (body: Rejection) => void
}

function RejectionForm({ place: { automationId }, reason: field, isBusy, onReject }: RejectionFormProps) {
  const [draft, change] = useDraft(automationId)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const [reason, code] = [draft.reason.trim(), draft.code.trim()]
    onReject({
      ...(reason && { reason }),
      ...(code && { code }),
      ...(draft.paths.size > 0 && { paths: [...draft.paths] }),
    })
  }
  const unmark = (path: string) => change({ paths: new Set([...draft.paths].filter((each) => each !== path)) })
  return (
    <form className="stack" onSubmit={submit}>
      <RejectionFields draft={draft} field={field} onChange={change} />
      {draft.paths.size > 0 && (
        <ul aria-label="Marked as wrong">
          {[...draft.paths].map((path) => (
            <li key={path}>
              <Path path={path} />{' '}
              <button type="button" className="small" onClick={() => unmark(path)}>
                Unmark
              </button>
            </li>
          ))}
        </ul>
      )}
      <button type="submit" disabled={isBusy}>
        Reject
      </button>
    </form>
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
  return <Changes changes={changes} />
}

function Approved({ place }: { place: Place }) {
  const client = useQueryClient()
  const pause = useMutation({
    mutationFn: () => answer(api.PATCH(ONE, { params: { path: place }, body: { status: 'paused' } })),
    onSettled: () => void client.invalidateQueries({ queryKey: [place.orgId] }),
  })
  return (
    <Done key={String(pause.isSuccess)}>
      {pause.isSuccess ? 'Paused: nothing of it runs.' : 'Approved: it is active.'}{' '}
      {pause.isError && <Problem error={pause.error} />}
      {!pause.isSuccess && (
        <button type="button" disabled={pause.isPending} onClick={() => pause.mutate()}>
          Pause
        </button>
      )}
    </Done>
  )
}

/** What was decided. It takes the focus of the button that is gone. */
function Done({ children }: { children: React.ReactNode }) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => box.current?.focus(), [])
  return (
    <div ref={box} className="notice" role="status" tabIndex={-1}>
      {children}{' '}
      <span className="quiet">
        Go on with <kbd>j</kbd>, or back with <kbd>q</kbd>.
      </span>
    </div>
  )
}
