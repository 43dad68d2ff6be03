import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Editor } from '../editor/Editor.tsx'
import { type Kind, kindsQuery } from '../editor/kinds.ts'
import { Prose } from '../editor/Prose.tsx'
import { type Content, configText, type Stored, storedQuery } from '../editor/stored.ts'
import type { View } from '../editor/ViewTabs.tsx'
import { Loaded } from '../parts/Loaded.tsx'
import { Shown } from '../parts/Shown.tsx'
import type { Place } from '../queries.ts'

const NEW = '/$orgId/automations/$spaceId/new'
const EDIT = '/$orgId/automations/$spaceId/$automationId/edit'

/** Begins a new automation: first its kind, then what it is. */
export function NewPage() {
  const { orgId, spaceId } = useParams({ from: NEW })
  const { kind: wanted } = useSearch({ from: NEW })
  const kinds = useQuery(kindsQuery)
  return (
    <article>
      <p>
        <Link to="/$orgId/automations" params={{ orgId }} search={{ space: spaceId }}>
          ← Automations
        </Link>
      </p>
      <h1>New automation</h1>
      <Loaded query={kinds}>
        {(all) => {
          const kind = all.find(({ name }) => name === wanted)
          return kind === undefined ? (
            <KindChoice orgId={orgId} spaceId={spaceId} kinds={all} />
          ) : (
            <Beginning where={{ orgId, spaceId }} kind={kind} />
          )
        }}
      </Loaded>
    </article>
  )
}

/** A new automation of a kind. */
function Beginning({ where, kind }: { where: { orgId: string; spaceId: string }; kind: Kind }) {
  const search = useSearch({ from: NEW })
  const navigate = useNavigate()
  const setView = (tab: View) =>
    navigate({ from: NEW, search: (before) => ({ ...before, tab }), replace: true, resetScroll: false })
  return (
    <>
      <About kind={kind}>
        <Link to={NEW} params={where} search={{ kind: undefined }} activeOptions={{ explicitUndefined: true }}>
          Choose another kind
        </Link>
      </About>
      <Editor
        key={`${kind.name} ${search.from}`}
        where={where}
        kindName={kind.name}
        kind={kind}
        initial={beginning(kind, search)}
        latest={undefined}
        view={search.tab ?? 'form'}
        onView={setView}
      />
    </>
  )
}

/** Edits an automation that is there. */
export function EditPage() {
  const place = useParams({ from: EDIT })
  const stored = useQuery(storedQuery(place))
  const kinds = useQuery(kindsQuery)
  return (
    <article>
      <p>
        <Link to="/$orgId/automations/$spaceId/$automationId" params={place} activeOptions={{ exact: true }}>
          ← Back to it
        </Link>
      </p>
      <Loaded query={stored}>
        {(latest) => (
          <>
            <h1>
              Edit “<Shown text={latest.automation.name} />”
            </h1>
            {latest.automation.pending_revision !== null && <Waiting place={place} />}
            <Loaded query={kinds}>{(all) => <Going place={place} latest={latest} kinds={all} />}</Loaded>
          </>
        )}
      </Loaded>
    </article>
  )
}

function Going({ place, latest, kinds }: { place: Place; latest: Stored; kinds: readonly Kind[] }) {
  const { tab } = useSearch({ from: EDIT })
  const navigate = useNavigate()
  const kind = kinds.find(({ name }) => name === latest.automation.kind)
  const setView = (next: View) =>
    navigate({ from: EDIT, search: (before) => ({ ...before, tab: next }), replace: true, resetScroll: false })
  return (
    <>
      {kind && <About kind={kind} />}
      <Editor
        key={place.automationId}
        where={{ orgId: place.orgId, spaceId: place.spaceId }}
        kindName={latest.automation.kind}
        kind={kind}
        initial={undefined}
        latest={latest}
        view={tab ?? 'form'}
        onView={setView}
      />
    </>
  )
}

function Waiting({ place }: { place: Place }) {
  return (
    <p className="notice">
      A change of it waits for a decision already. What you edit is what runs, not that change.{' '}
      <Link to="/$orgId/review/$spaceId/$automationId" params={place}>
        Review
      </Link>
    </p>
  )
}

function KindChoice({ orgId, spaceId, kinds }: { orgId: string; spaceId: string; kinds: readonly Kind[] }) {
  const params = { orgId, spaceId }
  return (
    <ul className="kinds">
      {kinds.map(({ name, title, description }) => (
        <li key={name} aria-labelledby={`kind-${name}`}>
          <h2 id={`kind-${name}`}>{title}</h2>
          {description !== undefined && (
            <p>
              <Prose text={description} />
            </p>
          )}
          <p className="deeds">
            <Link to={NEW} params={params} search={{ kind: name }} aria-label={`${title}: begin with an example`}>
              Begin with an example
            </Link>
            <Link to={NEW} params={params} search={{ kind: name, from: 'empty' }} aria-label={`${title}: begin empty`}>
              Begin empty
            </Link>
          </p>
        </li>
      ))}
    </ul>
  )
}

function About({ kind: { title, description }, children }: { kind: Kind; children?: ReactNode }) {
  return (
    <p className="quiet">
      <strong>{title}</strong>
      {description !== undefined && (
        <>
          {' – '}
          <Prose text={description} />
        </>
      )}{' '}
      {children}
    </p>
  )
}

/** What a new automation begins with: the example of its kind, or nothing. */
function beginning(
  { example }: Kind,
  { from, name }: { from?: 'empty' | undefined; name?: string | undefined },
): Content {
  const isEmpty = from === 'empty'
  return {
    name: name ?? (isEmpty ? '' : (example.name ?? '')),
    description: '',
    config: configText(isEmpty ? {} : (example.config ?? {})),
  }
}
