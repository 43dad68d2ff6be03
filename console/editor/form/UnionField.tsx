import type { FieldProps, RJSFSchema } from '@rjsf/utils'
import { useState } from 'react'
import { Prose } from '../Prose.tsx'
import { useField } from './context.ts'
import { fits } from './validator.ts'

/**
 * One of several schemas: which one, and what that one asks for. Nothing is there until somebody chooses; with another choice, what
 * both have stays, and so does what neither knows.
 */
export function UnionField(props: FieldProps) {
  const { fieldPathId, formData, schema, registry, onChange, required } = props
  const options: readonly RJSFSchema[] = props.options
  const { describedBy, isWrong, label } = useField()
  const [chosen, setChosen] = useState<number>()
  const tag = schema.discriminator?.propertyName
  const index = formData === undefined ? -1 : indexOf(options, formData, tag, chosen)
  const option = options[index]
  const { SchemaField } = registry.fields
  const choose = (next: number) => {
    setChosen(next)
    onChange(valueFor(options[next], option, formData, tag), fieldPathId.path)
  }
  return (
    <>
      <select
        value={option === undefined && formData !== undefined ? '' : index}
        aria-label={`Which ${label.toLowerCase()}`}
        aria-describedby={describedBy}
        aria-invalid={isWrong}
        onChange={({ target }) => target.value !== '' && choose(Number(target.value))}
      >
        {option === undefined && formData !== undefined && <option value="">none of these</option>}
        {!(required && option) && <option value="-1">not set</option>}
        {options.map(({ title }, i) => (
          <option key={title ?? i} value={i}>
            {title ?? `Choice ${i + 1}`}
          </option>
        ))}
      </select>
      {option?.description !== undefined && (
        <p className="about">
          <Prose text={option.description} />
        </p>
      )}
      {option !== undefined && SchemaField && <SchemaField {...props} schema={option} required />}
    </>
  )
}

/** The schema that a value has: by its tag, or else by its form; several may fit, and what was chosen last goes first. */
function indexOf(
  options: readonly RJSFSchema[],
  value: unknown,
  tag: string | undefined,
  chosen: number | undefined,
): number {
  if (tag !== undefined) return options.findIndex((each) => constOf(each, tag) === memberOf(value, tag))
  if (chosen !== undefined && options[chosen] !== undefined) return chosen
  return options.findIndex((each) => fits(each, value))
}

function valueFor(
  next: RJSFSchema | undefined,
  last: RJSFSchema | undefined,
  value: unknown,
  tag: string | undefined,
): unknown {
  if (next === undefined) return undefined
  if (next.properties === undefined) return fits(next, value) ? value : emptyOf(next)
  const known = new Set(Object.keys(last?.properties ?? {}))
  const kept = Object.entries(isObject(value) ? value : {}).filter(
    ([key]) => next.properties?.[key] !== undefined || !known.has(key),
  )
  return { ...(tag !== undefined && { [tag]: undefined }), ...Object.fromEntries(kept), ...tagged(next, tag) }
}

const EMPTY: Readonly<Record<string, unknown>> = {
  string: '',
  array: [],
  object: {},
  boolean: false,
  number: 0,
  integer: 0,
}

/** What a schema begins with, so that there is something to edit. */
function emptyOf({ default: initial, const: only, enum: values, type }: RJSFSchema): unknown {
  return initial ?? only ?? values?.[0] ?? EMPTY[String([type].flat()[0])] ?? null
}

function tagged(schema: RJSFSchema, tag: string | undefined): Record<string, unknown> {
  return tag === undefined ? {} : { [tag]: constOf(schema, tag) }
}

function constOf({ properties }: RJSFSchema, tag: string): unknown {
  const property = properties?.[tag]
  return typeof property === 'object' ? property.const : undefined
}

function memberOf(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
