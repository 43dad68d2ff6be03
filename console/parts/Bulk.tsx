import { Dialog } from '@base-ui/react/dialog'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import type { Rejection, Review } from '../api.d.ts'
import { answer, api } from '../client.ts'
import { ONE } from '../queries.ts'
import { keyOf, useOpened } from '../review/opened.ts'
import { RejectionFields } from './RejectionFields.tsx'
import { Shown } from './Shown.tsx'

/** What came of one of several. */
type Result = { review: Review; error: string | null }

type BulkProps = { orgId: string; selected: readonly Review[]; onDone: () => void }

/** Decides on several: approves those that were opened as they are, and rejects with one reason. Each has its own result. */
export function Bulk({ orgId, selected, onDone }: BulkProps) {
  const opened = useOpened()
  const seen = selected.filter((review) => opened.has(keyOf(review)))
  const approve = useEach(orgId, onDone, (review) => {
    const { digest, base_digest } = review
    return answer(
      api.POST(`${ONE}/approve`, { params: { path: placeOf(orgId, review) }, body: { digest, base_digest } }),
    )
  })
  return (
    <div className="bulk">
      {selected.length > 0 && (
        <fieldset>
          <legend>{selected.length} selected</legend>
          {seen.length > 0 && (
            <>
              <button type="button" disabled={approve.isPending} onClick={() => approve.decide(seen)}>
                Approve {seen.length === selected.length ? 'them' : `the ${seen.length} that you opened`}
              </button>{' '}
            </>
          )}
          <RejectSeveral orgId={orgId} selected={selected} onDone={onDone} />{' '}
          <button type="button" onClick={onDone}>
            Select none
          </button>
          {seen.length < selected.length && (
            <p className="quiet">What you did not open, or was changed since, can’t be approved from here.</p>
          )}
        </fieldset>
      )}
      <Results of={approve.data} done="approved" />
    </div>
  )
}

function RejectSeveral({ orgId, selected, onDone }: BulkProps) {
  const [isOpen, setOpen] = useState(false)
  const [draft, setDraft] = useState({ reason: '', code: '' })
  const reject = useEach(
    orgId,
    () => {},
    (review) => {
      const header = { 'if-match': JSON.stringify(review.digest) }
      const body: Rejection = Object.fromEntries(Object.entries(draft).filter(([, text]) => text.trim() !== ''))
      return answer(api.POST(`${ONE}/reject`, { params: { path: placeOf(orgId, review), header }, body }))
    },
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    reject.decide(selected)
  }
  const close = (open: boolean) => {
    setOpen(open)
    if (!open && reject.isSuccess) onDone()
  }
  return (
    <Dialog.Root open={isOpen} onOpenChange={close}>
      <Dialog.Trigger>Reject …</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title>Reject {selected.length}</Dialog.Title>
          {reject.isSuccess ? (
            <Results of={reject.data} done="rejected" />
          ) : (
            <form className="stack" onSubmit={submit}>
              <RejectionFields draft={draft} onChange={(change) => setDraft({ ...draft, ...change })} />
              <button type="submit" disabled={reject.isPending}>
                {reject.isPending ? 'Rejecting …' : 'Reject all of them'}
              </button>
            </form>
          )}
          <Dialog.Close>{reject.isSuccess ? 'Done' : 'Cancel'}</Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** Does the same to each, one after another, whatever comes of the others. A second press meanwhile does nothing. */
function useEach(orgId: string, onDone: () => void, act: (review: Review) => Promise<unknown>) {
  const client = useQueryClient()
  const isBusy = useRef(false)
  const mutation = useMutation({
    mutationFn: async (reviews: readonly Review[]) => {
      const results: Result[] = []
      for (const review of reviews) {
        const error = await act(review).then(
          () => null,
          (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
        )
        results.push({ review, error })
      }
      return results
    },
    onSuccess: onDone,
    onSettled: () => {
      isBusy.current = false
      void client.invalidateQueries({ queryKey: [orgId] })
    },
  })
  const decide = (reviews: readonly Review[]) => {
    if (isBusy.current) return
    isBusy.current = true
    mutation.mutate(reviews)
  }
  return { ...mutation, decide }
}

function Results({ of: results = [], done }: { of: readonly Result[] | undefined; done: string }) {
  return (
    <div role="status">
      {results.length > 0 && (
        <ul>
          {results.map(({ review, error }) => (
            <li key={review.automation_id} className={error === null ? 'good' : 'bad'}>
              <Shown text={review.name} />: <Shown text={error ?? done} />
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function placeOf(orgId: string, { space_id: spaceId, automation_id: automationId }: Review) {
  return { orgId, spaceId, automationId }
}
