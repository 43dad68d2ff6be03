import { Link } from '@tanstack/react-router'
import type { AuditEntry } from '../../api.d.ts'
import { Changes } from '../../parts/Changes.tsx'
import { Rows } from '../../parts/Rows.tsx'
import { Shown } from '../../parts/Shown.tsx'
import { Moment } from '../../parts/Time.tsx'
import { changesBetween } from '../../text/changes.ts'
import { type Names, withNames } from './names.ts'
import { Target } from './Target.tsx'

const NOTHING: ReadonlySet<string> = new Set()

type EntryProps = { orgId: string; entry: AuditEntry; names: Names }

/** One thing that was done: what, by whom and to what; and on demand what changed, and what proves it. */
export function Entry({ orgId, entry, names }: EntryProps) {
  return (
    <li>
      <p>
        <code>
          <Shown text={entry.action} />
        </code>{' '}
        by <Actor orgId={orgId} actor={entry.actor} names={names} />:{' '}
        <Target orgId={orgId} entry={entry} names={names} />
      </p>
      <p>
        <Moment at={entry.at} />
      </p>
      <details>
        <summary>
          Details<span className="hidden"> of {entry.action}</span>
        </summary>
        <Told entry={entry} names={names} />
        <Proof entry={entry} />
      </details>
    </li>
  )
}

function Actor({ orgId, actor: { type, id }, names }: { orgId: string; actor: AuditEntry['actor']; names: Names }) {
  if (id === null) return type === 'system' ? 'the program' : 'nobody who is known'
  const name = names.of(id)
  return (
    <Link
      to="/$orgId/audit"
      params={{ orgId }}
      search={(before) => ({ ...before, actor: id })}
      title="Only what they did"
    >
      {name === undefined ? <code>{id}</code> : <Shown text={name} />}
      {type === 'service_account' && ' (AI)'}
    </Link>
  )
}

/** What the entry says: what was before and after, and the rest. */
function Told({ entry: { details }, names }: { entry: AuditEntry; names: Names }) {
  const { before, after, ...rest } = withNames(details, names) as Record<string, unknown>
  const hasBoth = before !== undefined && after !== undefined
  const others = hasBoth ? rest : (withNames(details, names) as Record<string, unknown>)
  return (
    <>
      {hasBoth && <Changes changes={changesBetween(before, after)} marked={NOTHING} />}
      {Object.keys(others).length > 0 && <Rows of={others} caption="What the entry says" />}
    </>
  )
}

const UNSEALED = 'not sealed yet: it is within a second'

/** What `hyperspeed audit verify` checks, and what the entry is found by elsewhere. */
function Proof({ entry }: { entry: AuditEntry }) {
  const facts = [
    ['Entry', entry.sequence === null ? UNSEALED : String(entry.sequence)],
    ['Hash', entry.hash ?? UNSEALED],
    [
      'Hash of the entry before',
      entry.previous_hash === '' ? 'none: it is the first' : (entry.previous_hash ?? UNSEALED),
    ],
    ['Request', entry.request_id ?? 'none: the program did it by itself'],
    ['Target', `${entry.target.type} ${entry.target.id ?? ''}`],
  ] as const
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <code>
              <Shown text={value} />
            </code>
          </dd>
        </div>
      ))}
    </dl>
  )
}
