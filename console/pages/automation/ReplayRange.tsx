import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId } from 'react'
import type { WebhookReplayRange } from '../../api.d.ts'
import { answer, api } from '../../client.ts'
import { useMay } from '../../organization-queries.ts'
import { Problem } from '../../parts/Problem.tsx'
import { say } from '../../parts/Toast.tsx'
import { ONE, type Place } from '../../queries.ts'
import { countOf } from '../../text/sizes.ts'

/** Runs all events of a time again, such as those of an outage. */
export function ReplayRange({ place }: { place: Place }) {
  const id = useId()
  const client = useQueryClient()
  const replay = useMutation({
    mutationFn: (range: WebhookReplayRange) => replayAll(place, range),
    onSuccess: (count) => say(`${countOf(count, 'event runs', 'events run')} again.`),
    onSettled: () => client.invalidateQueries({ queryKey: [place.orgId, 'automation', place.automationId] }),
  })
  if (!useMay(place.orgId, 'files.write')) return null
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    replay.mutate(rangeOf(new FormData(event.currentTarget)))
  }
  return (
    <details>
      <summary>Run the events of a time again</summary>
      <form className="stack" onSubmit={submit}>
        <p className="quiet">
          Each starts a new run with the content that is approved now, oldest first. Effects that they had before happen
          once more.
        </p>
        <label htmlFor={`${id}from`}>From, by your clock</label>
        <input id={`${id}from`} name="from" type="datetime-local" required />
        <label htmlFor={`${id}to`}>Until</label>
        <input id={`${id}to`} name="to" type="datetime-local" required />
        <label htmlFor={`${id}which`}>Which</label>
        <select id={`${id}which`} name="which">
          <option value="ignored">those that were ignored</option>
          <option value="wanted">all but those that the config leaves out</option>
        </select>
        {replay.isError && <Problem error={replay.error} />}
        <button type="submit" disabled={replay.isPending}>
          {replay.isPending ? 'Under way …' : 'Run them again'}
        </button>
      </form>
    </details>
  )
}

function rangeOf(form: FormData): WebhookReplayRange {
  const at = (name: string) => new Date(String(form.get(name))).toISOString()
  const range = { from: at('from'), to: at('to') }
  return form.get('which') === 'ignored' ? { ...range, status: 'ignored' } : range
}

/** @returns how many run again. The API takes some at a time, and says where to go on. */
async function replayAll(place: Place, range: WebhookReplayRange): Promise<number> {
  let count = 0
  let cursor: string | null = null
  do {
    const body: WebhookReplayRange = cursor === null ? range : { ...range, cursor }
    const page = await answer(api.POST(`${ONE}/events/replay`, { params: { path: place }, body }))
    count += page.replayed
    cursor = page.next_cursor
  } while (cursor !== null)
  return count
}
