import { Dialog } from '@base-ui/react/dialog'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import type { RunInput } from '../../api.d.ts'
import { answer, api } from '../../client.ts'
import { useRunInput } from '../../organization-queries.ts'
import { Coded } from '../../parts/Coded.tsx'
import { DialogButtons } from '../../parts/DialogButtons.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { say } from '../../parts/Toast.tsx'
import { ONE, type Place } from '../../queries.ts'

const EXAMPLE = '{\n  "event": {\n    "type": "example",\n    "body": {}\n  }\n}'

/** Starts a run with an input, such as a made-up event. What an input may be is said by the API, and checked by it. */
export function RunWithInput({ place }: { place: Place }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <Dialog.Root open={isOpen} onOpenChange={setOpen}>
      <Dialog.Trigger>Run with input …</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog wide">
          <Dialog.Title>Run with input</Dialog.Title>
          <Dialog.Description>
            It is a real run: what it sends is sent. The input is kept with the run, so keep secrets out of it.
          </Dialog.Description>
          <InputForm place={place} onDone={() => setOpen(false)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function InputForm({ place, onDone }: { place: Place; onDone: () => void }) {
  const id = useId()
  const client = useQueryClient()
  const [text, setText] = useState(EXAMPLE)
  const run = useMutation({
    mutationFn: () => answer(api.POST(`${ONE}/run`, { params: { path: place }, body: inputOf(text) })),
    onSuccess: () => {
      say('A run was started with your input.')
      onDone()
    },
    onSettled: () => client.invalidateQueries({ queryKey: [place.orgId, 'automation', place.automationId] }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    run.mutate()
  }
  return (
    <form className="stack" onSubmit={submit}>
      <label htmlFor={id}>Input, as JSON</label>
      <textarea
        id={id}
        className="json"
        rows={8}
        spellCheck={false}
        value={text}
        onChange={({ target }) => setText(target.value)}
        aria-describedby={`${id}help`}
      />
      <Help id={`${id}help`} />
      {run.isError && <Problem error={run.error} />}
      <DialogButtons action="Run" underWay="Starting …" isPending={run.isPending} />
    </form>
  )
}

/** What an input may be, in the words of the API. */
function Help({ id }: { id: string }) {
  const schema = useRunInput()
  return (
    <div id={id} className="quiet">
      <p>
        <Coded text={schema?.description ?? ''} />
      </p>
      <ul>
        {Object.entries(schema?.properties ?? {}).map(([name, { description }]) => (
          <li key={name}>
            <code>{name}</code>: <Coded text={description ?? ''} />
          </li>
        ))}
      </ul>
    </div>
  )
}

/** @throws Error where it is no object of JSON. */
function inputOf(text: string): RunInput {
  try {
    const input: unknown = JSON.parse(text)
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input
  } catch {
    throw new Error('This is not JSON yet.')
  }
  throw new Error('The input has to be an object: { … }.')
}
