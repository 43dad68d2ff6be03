import type { FieldProps } from '@rjsf/utils'
import { lazy, Suspense, useState } from 'react'
import { typedNumber, writeJson, writtenNumber } from '../exact-number.ts'
import { lineAndColumn, readJson } from '../json-text.ts'
import { useField, useForm } from './context.ts'
import { SelectWidget } from './widgets.tsx'

const CodeEditor = lazy(() => import('../CodeEditor.tsx'))

/** A number, as it is typed; what is none stays a text, and the server says what it asks for. */
export function NumberField(props: FieldProps) {
  const { fieldPathId, formData, schema, onChange } = props
  const { describedBy, isWrong } = useField()
  const [typed, setTyped] = useState('')
  // `1.` and `1.0` are on their way to something else: they stay while they say what is there.
  const shown = typedNumber(typed.trim()) === formData && formData !== undefined ? typed : textOf(formData)
  if (schema.enum !== undefined) return <Choice {...props} />
  const change = (text: string) => {
    setTyped(text)
    const trimmed = text.trim()
    onChange(trimmed === '' ? undefined : (typedNumber(trimmed) ?? text), fieldPathId.path)
  }
  return (
    <input
      id={fieldPathId.$id}
      type="text"
      inputMode={schema.type === 'integer' ? 'numeric' : 'decimal'}
      autoComplete="off"
      value={shown}
      aria-describedby={describedBy}
      aria-invalid={isWrong}
      onChange={({ target }) => change(target.value)}
    />
  )
}

function Choice({ schema, fieldPathId, formData, onChange, required, registry, name }: FieldProps) {
  const enumOptions = (schema.enum ?? []).map((value) => ({ value, label: String(value) }))
  const ignore = () => {}
  return (
    <SelectWidget
      id={fieldPathId.$id}
      name={name}
      label={name}
      schema={schema}
      registry={registry}
      required={required ?? false}
      value={formData}
      options={{ enumOptions }}
      onChange={(value: unknown) => onChange(value, fieldPathId.path)}
      onBlur={ignore}
      onFocus={ignore}
    />
  )
}

/** What may be anything: a text, which is mostly a template, or JSON. */
export function AnyField(props: FieldProps) {
  const { fieldPathId, formData, onChange } = props
  const { label, description } = useField()
  const isText = typeof formData === 'string' && writtenNumber(formData) === undefined
  const [wantsText, setWantsText] = useState(isText)
  const id = `${fieldPathId.$id}-as`
  const choose = (choice: string) => {
    setWantsText(choice === 'text')
    if (choice === 'text' && formData !== undefined && !isText) onChange(writeJson(formData), fieldPathId.path)
  }
  const asText = wantsText && (isText || formData === undefined)
  return (
    <>
      <div className="key">
        <label htmlFor={id}>As</label>
        <select id={id} value={asText ? 'text' : 'json'} onChange={({ target }) => choose(target.value)}>
          <option value="json">JSON</option>
          <option value="text">Text</option>
        </select>
      </div>
      {asText ? (
        <Suspense fallback={<p className="quiet">Loading …</p>}>
          <CodeEditor
            value={isText ? formData : ''}
            onChange={(text) => onChange(text === '' ? undefined : text, fieldPathId.path)}
            label={`${label}, as text`}
            description={description}
            language="liquid"
          />
        </Suspense>
      ) : (
        <Json {...props} />
      )}
    </>
  )
}

/** What is no JSON yet is kept as it was typed, and nothing is saved meanwhile. */
function Json({ fieldPathId, formData, onChange }: FieldProps) {
  const { pointer, label, description } = useField()
  const { unread, setUnread } = useForm()
  const [typed, setTyped] = useState<string>()
  const isTyped = typed !== undefined && isSame(typed, formData)
  const text = unread[pointer] ?? (isTyped ? typed : formData === undefined ? '' : writeJson(formData, 2))
  const reading = text.trim() === '' ? undefined : readJson(text)
  const change = (next: string) => {
    setTyped(next)
    const read = next.trim() === '' ? { value: undefined } : readJson(next)
    setUnread(pointer, 'fault' in read ? next : undefined)
    if ('value' in read) onChange(read.value, fieldPathId.path)
  }
  return (
    <>
      <Suspense fallback={<p className="quiet">Loading …</p>}>
        <CodeEditor
          value={text}
          onChange={change}
          label={`${label}, as JSON`}
          description={description}
          language="json"
        />
      </Suspense>
      {reading !== undefined && 'fault' in reading && (
        <p className="bad" role="status">
          <Where text={text} at={reading.fault.at} />: {reading.fault.message}.
        </p>
      )}
    </>
  )
}

function Where({ text, at }: { text: string; at: number }) {
  const { line, column } = lineAndColumn(text, at)
  return `Line ${line}, column ${column}`
}

function isSame(text: string, value: unknown): boolean {
  const read = text.trim() === '' ? { value: undefined } : readJson(text)
  return 'value' in read && writeJson(read.value) === writeJson(value)
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return writtenNumber(value) ?? (typeof value === 'string' ? value : JSON.stringify(value))
}
