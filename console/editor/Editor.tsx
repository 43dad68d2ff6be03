import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useId, useRef, useState } from 'react'
import type { Automation } from '../api.d.ts'
import { Happening } from '../parts/Happening.tsx'
import { Problem } from '../parts/Problem.tsx'
import { ProblemList } from '../parts/ProblemList.tsx'
import { nearest } from '../text/json-pointer.ts'
import { Conflict } from './Conflict.tsx'
import { type Draft, isSameContent, useDraft } from './draft.ts'
import type { Range } from './json-text.ts'
import type { Kind } from './kinds.ts'
import { Leaving } from './Leaving.tsx'
import { type Opinion, useOpinion } from './preview.ts'
import { Saving } from './Saving.tsx'
import type { Content, Stored } from './stored.ts'
import { Views } from './Views.tsx'
import type { View } from './ViewTabs.tsx'

const CONFIG = '/config'
const NOTHING: Content = { name: '', description: '', config: '{}' }

type EditorProps = {
  where: { orgId: string; spaceId: string }
  kindName: string
  kind: Kind | undefined
  /** What a new one begins with; undefined for one that is stored. */
  initial: Content | undefined
  /** What is stored now, which may change while somebody edits. */
  latest: Stored | undefined
  view: View
  onView: (view: View) => void
}

/** Edits an automation: what is typed stays until it is saved or given up. */
export function Editor({ where, kindName, kind, initial, latest, view, onView }: EditorProps) {
  const area = useRef<HTMLDivElement>(null)
  // The buttons go with the choice: the focus stays with what was chosen.
  const { draft, stored, theirs, isChanged, take } = useEditing(initial, latest, () => area.current?.focus())
  const [token, setToken] = useState('')
  const [isSaving, setSaving] = useState(false)
  const { isSaved, goOn } = useGoingOn(where)
  const opinion = useOpinion({ ...where, kind: kindName }, 'fault' in draft.reading ? undefined : draft.content.config)
  const show = useRef<(range: Range) => void>(undefined)
  return (
    <div className="editor" ref={area} tabIndex={-1}>
      <Leaving isNeeded={() => !isSaved.current && (isChanged || token !== '')} />
      {stored && theirs && !isSaved.current && (
        <Conflict before={stored.content} theirs={theirs.content} ours={draft.content} onTake={take} />
      )}
      <div className="editing">
        {/* What was typed while it is saved would be lost. */}
        <div className="editing" inert={isSaving}>
          <Naming draft={draft} />
          <Views draft={draft} kind={kind} problems={inConfig(opinion)} view={view} onView={onView} show={show} />
        </div>
        <Saving
          where={where}
          kind={kindName}
          content={draft.content}
          stored={stored}
          isChanged={isChanged}
          problemCount={opinion.problems.length}
          obstacle={obstacleOf(draft, theirs !== undefined)}
          onToken={setToken}
          onSaving={setSaving}
          onSaved={goOn}
        />
      </div>
      <Consequences
        opinion={opinion}
        isJson={'value' in draft.reading}
        onShow={(path) => goTo(path, { draft, area, show: show.current })}
      />
    </div>
  )
}

/** What is typed, beside what is stored. It does not change under anybody's hands: they are told of changes, and choose. */
function useEditing(initial: Content | undefined, latest: Stored | undefined, onTaken: () => void) {
  const [stored, setStored] = useState(latest)
  const start = stored?.content ?? initial ?? NOTHING
  const draft = useDraft(start)
  const theirs = stored && latest && latest.automation.digest !== stored.automation.digest ? latest : undefined
  const take = (side: 'theirs' | 'ours') => {
    if (theirs === undefined) return
    setStored(theirs)
    if (side === 'theirs') draft.replace(theirs.content)
    onTaken()
  }
  return { draft, stored, theirs, take, isChanged: !isSameContent(start, draft.content) }
}

/** Goes on to what was saved, and asks nobody whether they want to leave. */
function useGoingOn(where: EditorProps['where']) {
  const navigate = useNavigate()
  const client = useQueryClient()
  const isSaved = useRef(false)
  const goOn = ({ id }: Automation) => {
    isSaved.current = true
    void client.invalidateQueries({ queryKey: [where.orgId] })
    return navigate({ to: '/$orgId/automations/$spaceId/$automationId', params: { ...where, automationId: id } })
  }
  return { isSaved, goOn }
}

function Naming({ draft: { content, setName, setDescription } }: { draft: Draft }) {
  const id = useId()
  return (
    <div className="stack">
      <div data-pointer="name" className="stack">
        <label htmlFor={`${id}name`}>Name</label>
        <input
          id={`${id}name`}
          value={content.name}
          maxLength={200}
          required
          autoComplete="off"
          onChange={({ target }) => setName(target.value)}
        />
      </div>
      <label htmlFor={`${id}about`}>What it is meant to do, for people</label>
      <textarea
        id={`${id}about`}
        rows={2}
        maxLength={4000}
        value={content.description}
        onChange={({ target }) => setDescription(target.value)}
      />
    </div>
  )
}

type ConsequencesProps = { opinion: Opinion; isJson: boolean; onShow: (path: string) => void }

/** What the server says of what is typed: of the last that it was asked, until it has answered anew. */
function Consequences({ opinion: { preview, problems, isStale, error }, isJson, onShow }: ConsequencesProps) {
  const waitsFor = isJson ? 'what you type is being looked at …' : 'the JSON can’t be read now.'
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by itself, also by the keyboard
    <aside aria-labelledby="consequences" aria-busy={isStale} tabIndex={0}>
      <h2 id="consequences">What would happen</h2>
      <p className="quiet" role="status">
        {isStale ? `Of what you typed before: ${waitsFor}` : 'Of what you have typed.'}
      </p>
      {error !== null && <Problem error={error} />}
      <div data-stale={isStale || undefined}>
        <ProblemList problems={problems} warnings={preview?.warnings} onShow={onShow} />
        {preview !== undefined && problems.length === 0 && preview.warnings.length === 0 && (
          <p className="good">Nothing keeps it from running.</p>
        )}
        {preview !== undefined && problems.length === 0 && <Happening preview={preview} />}
      </div>
    </aside>
  )
}

function obstacleOf({ content, reading, unread }: Draft, isConflict: boolean): string | undefined {
  if (isConflict) return 'First choose between theirs and yours, above.'
  if ('fault' in reading) return 'The JSON can’t be read yet.'
  const [pointer] = Object.keys(unread)
  if (pointer !== undefined) return `What stands in the form at ${pointer} is no JSON yet.`
  return content.name.trim() === '' ? 'It needs a name.' : undefined
}

function inConfig({ problems }: Opinion) {
  return problems
    .filter(({ path }) => path === CONFIG || path.startsWith(`${CONFIG}/`))
    .map(({ path, message }) => ({ path: path.slice(CONFIG.length), message }))
}

const FOCUSABLE = 'input, select, textarea, .code, button'

type GoTo = {
  draft: Draft
  area: { current: HTMLElement | null }
  show: ((range: Range) => void) | undefined
}

/** Brings the focus to a place, or to what is around it: a member that is missing has no place of its own. */
function goTo(path: string, { draft: { reading }, area, show }: GoTo): void {
  const pointer = path.startsWith(CONFIG) ? path.slice(CONFIG.length) : path
  const isJson = area.current?.querySelector('[data-pointer=""]') === null
  if (isJson && 'ranges' in reading) {
    const range = nearest(pointer, (each) => reading.ranges.get(each))
    if (range !== undefined) show?.(range)
    return
  }
  const find = (each: string) => area.current?.querySelector(`[data-pointer="${CSS.escape(each)}"]`)
  const field = nearest(pointer, find)
  field?.querySelector<HTMLElement>(FOCUSABLE)?.focus()
  field?.scrollIntoView({ block: 'nearest' })
}
