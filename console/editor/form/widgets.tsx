import type { WidgetProps } from '@rjsf/utils'
import { lazy, Suspense } from 'react'
import { writtenNumber } from '../exact-number.ts'
import { useField } from './context.ts'
import { isLiquid, isTemplate } from './template.ts'

const CodeEditor = lazy(() => import('../CodeEditor.tsx'))

/** A text: in one line, or in many where there is room for them. */
export function TextWidget({ id, value, schema, onChange }: WidgetProps) {
  const { describedBy, isWrong, label, description } = useField()
  const text = value === undefined || value === null ? '' : (writtenNumber(value) ?? asText(value))
  // An empty text in a list is one; elsewhere it means that there is none.
  const change = (typed: string) => onChange(typed === '' && schema.default === undefined ? undefined : typed)
  if (isTemplate(schema))
    return (
      <Suspense fallback={<p className="quiet">Loading …</p>}>
        <CodeEditor
          value={text}
          onChange={change}
          label={label}
          description={description}
          language={isLiquid(schema.description ?? '') ? 'liquid' : 'text'}
        />
      </Suspense>
    )
  return (
    <input
      id={id}
      type="text"
      value={text}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      aria-describedby={describedBy}
      aria-invalid={isWrong}
      onChange={({ target }) => change(target.value)}
    />
  )
}

/** One of some values, or none. */
export function SelectWidget({ id, value, options: { enumOptions = [] }, onChange, required }: WidgetProps) {
  const { describedBy, isWrong } = useField()
  const index = enumOptions.findIndex((each) => each.value === value)
  const isOther = value !== undefined && index < 0
  const choose = (chosen: string) => onChange(enumOptions[Number(chosen)]?.value)
  return (
    <select
      id={id}
      value={isOther ? 'other' : index < 0 ? '' : String(index)}
      aria-describedby={describedBy}
      aria-invalid={isWrong}
      onChange={({ target }) => target.value !== 'other' && choose(target.value === '' ? '-1' : target.value)}
    >
      {!(required && index >= 0) && <option value="">not set</option>}
      {isOther && <option value="other">{asText(value)}</option>}
      {enumOptions.map(({ label }, i) => (
        <option key={label} value={i}>
          {label}
        </option>
      ))}
    </select>
  )
}

const ANSWERS = [
  { label: 'yes', value: true },
  { label: 'no', value: false },
]

/** Yes, no, or nothing said, which need not be the same as no. */
export function YesNoWidget(props: WidgetProps) {
  return <SelectWidget {...props} options={{ ...props.options, enumOptions: ANSWERS }} />
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
