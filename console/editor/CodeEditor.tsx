import { type Diagnostic, setDiagnostics } from '@codemirror/lint'
import { Annotation, Compartment } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { type RefObject, useEffect, useEffectEvent, useRef } from 'react'
import { type Language, setup } from './code/setup.ts'
import type { Range } from './json-text.ts'

type CodeEditorProps = {
  value: string
  onChange: (value: string) => void
  /** What it is called for whoever does not see it. */
  label: string
  description?: string
  language: Language
  problems?: readonly (Range & { message: string })[]
  /** Takes what shows a range of the text, and puts the cursor there. */
  show?: RefObject<((range: Range) => void) | undefined>
}

const NONE: readonly never[] = []

/**
 * An editor for long texts. It lives in a shadow tree, in which its styles are sheets of the browser's: a style element would be
 * refused by the page's content security policy.
 */
export default function CodeEditor({ problems = NONE, show, ...props }: CodeEditorProps) {
  const { value, label, description = '', language } = props
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const attributes = useRef(new Compartment())
  const change = useEffectEvent(props.onChange)
  const begin = useEffectEvent((parent: HTMLElement) => {
    const root = parent.shadowRoot ?? parent.attachShadow({ mode: 'open', delegatesFocus: true })
    const changed = EditorView.updateListener.of(({ docChanged, state, transactions }) => {
      if (docChanged && transactions.some((each) => each.annotation(FROM_OUTSIDE) === undefined))
        change(state.doc.toString())
    })
    const named = attributes.current.of(attributesOf(label, description))
    return new EditorView({ root, parent: root, doc: value, extensions: [setup(language), changed, named] })
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: another language needs another editor
  useEffect(() => {
    if (host.current === null) return
    const made = begin(host.current)
    view.current = made
    return () => made.destroy()
  }, [language])
  useEffect(() => {
    const effects = attributes.current.reconfigure(attributesOf(label, description))
    view.current?.dispatch({ effects })
  }, [label, description])
  useEffect(() => {
    if (view.current !== undefined) replace(view.current, value)
  }, [value])
  useEffect(() => {
    if (view.current !== undefined) mark(view.current, problems)
  }, [problems])
  useEffect(() => {
    if (show) show.current = ({ from, to }) => view.current && reveal(view.current, { from, to })
  }, [show])
  return <div ref={host} className="code" />
}

/** On what was changed by the page, and not by whoever types. */
const FROM_OUTSIDE = Annotation.define<true>()

function attributesOf(label: string, description: string) {
  const about = description === '' ? {} : { 'aria-description': description }
  return EditorView.contentAttributes.of({ 'aria-label': label, ...about })
}

function replace(view: EditorView, value: string): void {
  if (view.state.doc.toString() === value) return
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value }, annotations: FROM_OUTSIDE.of(true) })
}

function mark(view: EditorView, problems: readonly (Range & { message: string })[]): void {
  const { length } = view.state.doc
  const diagnostics = problems.map(({ from, to, message }): Diagnostic => {
    return { from: Math.min(from, length), to: Math.min(to, length), severity: 'error', message }
  })
  view.dispatch(setDiagnostics(view.state, diagnostics))
}

function reveal(view: EditorView, { from, to }: Range): void {
  const { length } = view.state.doc
  const selection = { anchor: Math.min(from, length), head: Math.min(to, length) }
  view.dispatch({ selection, effects: EditorView.scrollIntoView(selection.anchor, { y: 'center' }) })
  view.focus()
}
