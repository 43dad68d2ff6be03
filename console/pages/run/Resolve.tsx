import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId } from 'react'
import type { Run, RunResolution } from '../../api.d.ts'
import { answer, api } from '../../client.ts'
import { Problem } from '../../parts/Problem.tsx'
import { say } from '../../parts/Toast.tsx'
import { ONE, type Place } from '../../queries.ts'

/** Says what became of a run that nobody knows the end of. Until then it can't be run again. */
export function Resolve({ place, run }: { place: Place; run: Run }) {
  const id = useId()
  const client = useQueryClient()
  const resolve = useMutation({
    mutationFn: (body: RunResolution) =>
      answer(api.POST(`${ONE}/runs/{runId}/resolve`, { params: { path: { ...place, runId: run.id } }, body })),
    onSuccess: ({ run: { status } }) => say(`Noted: it ${status}.`),
    onSettled: () => client.invalidateQueries({ queryKey: [place.orgId, 'automation', place.automationId] }),
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    resolve.mutate(resolutionOf(new FormData(event.currentTarget)))
  }
  return (
    <section className="notice" aria-labelledby={id}>
      <h2 id={id}>Did it happen?</h2>
      <p>
        What it sent may have arrived, and the answer was lost. It is not sent again by itself: look at the receiver,
        and say what became of it.
      </p>
      <form className="stack" onSubmit={submit}>
        <Outcomes />
        <label htmlFor={`${id}ref`}>What the receiver calls it, if it happened (optional)</label>
        <input id={`${id}ref`} name="ref" maxLength={1000} autoComplete="off" />
        {resolve.isError && <Problem error={resolve.error} />}
        <button type="submit" className="primary" disabled={resolve.isPending}>
          {resolve.isPending ? 'Noting it …' : 'Note it'}
        </button>
      </form>
    </section>
  )
}

function Outcomes() {
  return (
    <fieldset>
      <legend>Its effect</legend>
      <label className="check">
        <input type="radio" name="outcome" value="happened" required /> happened: the run counts as succeeded
      </label>
      <label className="check">
        <input type="radio" name="outcome" value="did_not" /> did not happen: the run counts as failed, and can be run
        again
      </label>
    </fieldset>
  )
}

function resolutionOf(form: FormData): RunResolution {
  const ref = String(form.get('ref')).trim()
  if (form.get('outcome') === 'did_not') return { outcome: 'did_not' }
  return { outcome: 'happened', ...(ref !== '' && { external_ref: ref }) }
}
