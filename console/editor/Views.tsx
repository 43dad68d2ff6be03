import { lazy, type RefObject, Suspense } from 'react'
import type { ErrorDetail } from '../api.d.ts'
import { Shown } from '../parts/Shown.tsx'
import { nearest } from '../text/json-pointer.ts'
import type { Draft } from './draft.ts'
import { writtenNumbersIn } from './exact-number.ts'
import { lineAndColumn, type Range } from './json-text.ts'
import type { Kind } from './kinds.ts'
import { type View, ViewTabs } from './ViewTabs.tsx'

const CodeEditor = lazy(() => import('./CodeEditor.tsx'))
const ConfigForm = lazy(() => import('./form/ConfigForm.tsx'))

type ViewsProps = {
  draft: Draft
  /** Undefined where the server announces no such kind any more: there is JSON alone. */
  kind: Kind | undefined
  /** With paths into the config. */
  problems: readonly ErrorDetail[]
  view: View
  onView: (view: View) => void
  show: RefObject<((range: Range) => void) | undefined>
}

/** A config as a form, and as JSON. */
export function Views({ draft, kind, problems, view, onView, show }: ViewsProps) {
  return (
    <>
      <ViewTabs view={view} onView={onView}>
        <Suspense fallback={<p className="loading">Loading …</p>}>
          {view === 'form' ? (
            <FormView draft={draft} kind={kind} problems={problems} onView={onView} />
          ) : (
            <JsonView draft={draft} problems={problems} show={show} />
          )}
        </Suspense>
      </ViewTabs>
      <Unchanged draft={draft} />
    </>
  )
}

function FormView({ draft, kind, problems, onView }: Pick<ViewsProps, 'draft' | 'kind' | 'problems' | 'onView'>) {
  const { reading, unread, setUnread, setValue } = draft
  if (kind === undefined) return <p>This server knows no such kind: there is no form for it.</p>
  if ('fault' in reading || !isObject(reading.value))
    return (
      <div className="notice">
        <p>There is a form once the JSON can be read as an object.</p>
        <button type="button" onClick={() => onView('json')}>
          To the JSON
        </button>
      </div>
    )
  const others = Object.keys(reading.value).filter((key) => kind.schema.properties?.[key] === undefined)
  const messages = Map.groupBy(problems, ({ path }) => path)
  const byPointer = new Map([...messages].map(([path, each]) => [path, each.map(({ message }) => message)]))
  return (
    <>
      <ConfigForm
        schema={kind.schema}
        value={reading.value}
        onChange={setValue}
        problems={byPointer}
        unread={unread}
        setUnread={setUnread}
      />
      {others.length > 0 && (
        <p className="notice">
          The form does not know these, and keeps them: <Shown text={others.join(', ')} />. They can be edited as JSON.
        </p>
      )}
    </>
  )
}

function JsonView({ draft, problems, show }: Pick<ViewsProps, 'draft' | 'problems' | 'show'>) {
  const { content, reading, setText } = draft
  const marks =
    'fault' in reading
      ? [{ from: reading.fault.at, to: reading.fault.at + 1, message: reading.fault.message }]
      : problems.flatMap(({ path, message }) => {
          const own = reading.ranges.get(path)
          if (own !== undefined) return [{ ...own, message }]
          // Of what is missing, where what is around it begins.
          const around = nearest(path, (pointer) => reading.ranges.get(pointer))
          return around === undefined ? [] : [{ from: around.from, to: around.from + 1, message }]
        })
  return (
    <>
      {'fault' in reading && <Fault text={content.config} fault={reading.fault} />}
      <CodeEditor
        value={content.config}
        onChange={setText}
        label="Config as JSON"
        description="Press Tab to leave the editor."
        language="json"
        problems={marks}
        show={show}
      />
    </>
  )
}

function Fault({ text, fault: { at, message } }: { text: string; fault: { at: number; message: string } }) {
  const { line, column } = lineAndColumn(text, at)
  return (
    <p className="bad" role="status">
      Line {line}, column {column}: {message}.
    </p>
  )
}

/** Says which numbers a browser would have changed. */
function Unchanged({ draft: { reading } }: { draft: Draft }) {
  const numbers = 'value' in reading ? writtenNumbersIn(reading.value) : []
  if (numbers.length === 0) return null
  return (
    <p className="notice">
      Your browser can’t hold {numbers.length === 1 ? 'this number' : 'these numbers'} exactly:{' '}
      <code>{numbers.join(', ')}</code>. What is saved is what you see here; what would happen may show others.
    </p>
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
