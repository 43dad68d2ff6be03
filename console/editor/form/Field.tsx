import { ADDITIONAL_PROPERTY_FLAG, type FieldTemplateProps, type RJSFSchema } from '@rjsf/utils'
import { type ReactNode, use } from 'react'
import { Shown } from '../../parts/Shown.tsx'
import { pointerOf } from '../../text/json-pointer.ts'
import { writeJson } from '../exact-number.ts'
import { Prose } from '../Prose.tsx'
import { FieldContext, type FieldState, useForm } from './context.ts'
import { isTemplate } from './template.ts'

/** One place of the config: what it is called, what it means, what is wrong with it, and what it is edited with. */
export function Field(props: FieldTemplateProps) {
  const { fieldPathId, schema, label, children, hidden } = props
  const outer = use(FieldContext)
  const { problems } = useForm()
  const pointer = pointerOf(fieldPathId.path)
  // A value that tells schemas apart is chosen with the schema.
  if (hidden || schema.const !== undefined) return null
  if (pointer === '') return <Group props={props} pointer={pointer} label="" messages={problems.get('') ?? []} />
  if (outer.isUnion && outer.pointer === pointer)
    return <FieldContext value={{ ...outer, isUnion: false }}>{children}</FieldContext>
  const name = typeof fieldPathId.path.at(-1) === 'number' ? `Item ${Number(fieldPathId.path.at(-1)) + 1}` : label
  const messages = problems.get(pointer) ?? []
  const Kind = isGroup(schema) ? Group : Single
  return <Kind props={props} pointer={pointer} label={name} messages={messages} />
}

type PartProps = { props: FieldTemplateProps; pointer: string; label: string; messages: readonly string[] }

function Single({ props, pointer, label, messages }: PartProps) {
  const { id, schema, required, children } = props
  const field = stateOf(props, pointer, label, messages)
  const Label = isTemplate(schema) || schema.type === undefined ? 'span' : 'label'
  return (
    <div className="field" data-pointer={pointer}>
      <Additional props={props} />
      <Label className="label" {...(Label === 'label' && { htmlFor: id })}>
        {ADDITIONAL_PROPERTY_FLAG in schema ? 'Value' : label}
        {required && <span className="quiet"> (needed)</span>}
      </Label>
      <About id={id} schema={schema} messages={messages} />
      <FieldContext value={field}>{children}</FieldContext>
    </div>
  )
}

function Group({ props, pointer, label, messages }: PartProps) {
  const { id, schema, required, children, fieldPathId, onChange } = props
  const field = stateOf(props, pointer, label, messages)
  const isRoot = pointer === ''
  const content = (
    <>
      <Additional props={props} />
      <About id={id} schema={isRoot ? {} : schema} messages={messages} />
      <FieldContext value={field}>{children}</FieldContext>
      {isRemovable(props) && (
        <button type="button" className="small" onClick={() => onChange(undefined, fieldPathId.path)}>
          Remove {label.toLowerCase()}
        </button>
      )}
    </>
  )
  if (isRoot) return <div data-pointer={pointer}>{content}</div>
  return (
    <fieldset className="field" data-pointer={pointer} aria-describedby={field.describedBy}>
      <legend>
        {label}
        {required && <span className="quiet"> (needed)</span>}
      </legend>
      {content}
    </fieldset>
  )
}

/** The key of a member that somebody named. */
function Additional({ props }: { props: FieldTemplateProps }): ReactNode {
  const { id, schema, label, onKeyRenameBlur, onRemoveProperty } = props
  if (!(ADDITIONAL_PROPERTY_FLAG in schema)) return null
  return (
    <div className="key">
      <label htmlFor={`${id}-key`}>Name</label>
      <input key={label} id={`${id}-key`} type="text" defaultValue={label} onBlur={onKeyRenameBlur} />
      <button type="button" className="small" onClick={onRemoveProperty} aria-label={`Remove ${label}`}>
        Remove
      </button>
    </div>
  )
}

type AboutProps = { id: string; schema: RJSFSchema; messages: readonly string[] }

function About({ id, schema, messages }: AboutProps) {
  const { description, example } = schema
  return (
    <>
      {messages.length > 0 && (
        <ul id={`${id}-problems`} className="bad">
          {messages.map((message) => (
            <li key={message}>
              <Shown text={message} />
            </li>
          ))}
        </ul>
      )}
      {description !== undefined && (
        <p id={`${id}-about`} className="about">
          <Prose text={description} />
          {isPlain(example) && (
            <>
              {' '}
              Example: <code>{typeof example === 'string' ? example : writeJson(example)}</code>
            </>
          )}
        </p>
      )}
    </>
  )
}

function stateOf(props: FieldTemplateProps, pointer: string, label: string, messages: readonly string[]): FieldState {
  const { id, schema } = props
  const ids = [messages.length > 0 && `${id}-problems`, schema.description !== undefined && `${id}-about`]
  return {
    pointer,
    label,
    describedBy: ids.filter(Boolean).join(' ') || undefined,
    description: [...messages, schema.description ?? ''].join(' ').trim(),
    isWrong: messages.length > 0,
    isUnion: isUnion(schema),
  }
}

/** Whether a group is there and need not be. What is chosen is taken away by another choice, and an item by its list. */
function isRemovable({ formData, required, schema, fieldPathId: { path } }: FieldTemplateProps): boolean {
  const isMember = typeof path.at(-1) === 'string' && !(ADDITIONAL_PROPERTY_FLAG in schema)
  return isMember && formData !== undefined && !required && !isUnion(schema)
}

function isUnion({ oneOf, anyOf }: RJSFSchema): boolean {
  return oneOf !== undefined || anyOf !== undefined
}

function isGroup(schema: RJSFSchema): boolean {
  return isUnion(schema) || [schema.type].flat().some((type) => type === 'object' || type === 'array')
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
