import { type ReactNode, useMemo } from 'react'
import type { Change } from '../api.d.ts'
import { placesOf } from '../text/pointers.ts'
import { wordsOf } from '../text/words.ts'
import { Path } from './Path.tsx'
import { Hosts, Marked, Shown } from './Shown.tsx'

/** So many rows stand in one table. Browsers lay out no table of those that are not in sight, where there are thousands. */
const ROWS_A_TABLE = 200

type Marking = {
  /** The paths that are marked as wrong. */
  marked?: ReadonlySet<string>
  /** Without it, nothing can be marked. */
  onMark?: ((path: string) => void) | undefined
  /** What else is to be said of a change, below what stands there after it. */
  explain?: ((change: Change) => ReactNode) | undefined
}

/** What differs, a row for each place: before, and after. Nothing of it is folded, and what is new comes with a row for each of its parts. */
export function Changes({ changes, ...marking }: { changes: readonly Change[] } & Marking) {
  const rows = useMemo(() => changes.flatMap(partsOf), [changes])
  if (rows.length === 0) return <p className="quiet">Nothing is different.</p>
  const tables = Array.from({ length: Math.ceil(rows.length / ROWS_A_TABLE) }, (_, i) =>
    rows.slice(i * ROWS_A_TABLE, (i + 1) * ROWS_A_TABLE),
  )
  return tables.map((each, i) => <Table key={each[0]?.path} rows={each} isFirst={i === 0} {...marking} />)
}

function Table({ rows, isFirst, ...marking }: { rows: readonly Change[]; isFirst: boolean } & Marking) {
  return (
    <table className="changes">
      <thead className={isFirst ? undefined : 'hidden'}>
        <tr>
          <th scope="col">Where</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((change) => (
          <Row key={change.path} change={change} {...marking} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ change, marked, onMark, explain }: { change: Change } & Marking) {
  const { path, op, before, after } = change
  const isMarked = marked?.has(path) ?? false
  const words = useMemo(
    () => (typeof before === 'string' && typeof after === 'string' ? wordsOf(before, after) : undefined),
    [before, after],
  )
  return (
    <tr className={`change ${op}`} data-marked={isMarked || undefined}>
      <th scope="row">
        <Path path={path} />
        {onMark && (
          <button type="button" className="small" aria-pressed={isMarked} onClick={() => onMark(path)}>
            {isMarked ? 'Marked as wrong' : 'Mark as wrong'}
          </button>
        )}
      </th>
      <td data-label="Before" className="before">
        {op === 'add' ? (
          <span className="quiet">–</span>
        ) : words ? (
          <Words of={words} side="before" whole={String(before)} />
        ) : (
          <Value value={before} isWhole />
        )}
      </td>
      <td data-label="After" className="after">
        {op === 'remove' ? (
          <span className="quiet">–</span>
        ) : words ? (
          <Words of={words} side="after" whole={String(after)} />
        ) : (
          <Value value={after} isWhole />
        )}
        {explain?.(change)}
      </td>
    </tr>
  )
}

type WordsProps = { of: NonNullable<ReturnType<typeof wordsOf>>; side: 'before' | 'after'; whole: string }

function Words({ of, side, whole }: WordsProps) {
  const Changed = side === 'before' ? 'del' : 'ins'
  return (
    <span className="shown">
      {of.map((word) => {
        if (word.in === 'both') return <Marked key={word.at} text={word.text} />
        return word.in === side ? (
          <Changed key={word.at}>
            <Marked text={word.text} />
          </Changed>
        ) : null
      })}
      <Hosts of={whole} />
    </span>
  )
}

type ValueProps = { value: unknown; isWhole?: boolean | undefined }

/** A value of JSON: text as it is, and the rest as it is written. A text that could be taken for the rest has its quotes. */
export function Value({ value, isWhole }: ValueProps) {
  if (typeof value === 'string' && !isMistakable(value)) return <Shown text={value} isWhole={isWhole} />
  return (
    <code className="json">
      <Shown text={JSON.stringify(value, null, 2) ?? ''} isWhole={isWhole} />
    </code>
  )
}

function isMistakable(text: string): boolean {
  return /^\s*$|^\s*(?:-?\d|[[{"]|(?:true|false|null)\s*$)/.test(text) && (text.trim() === '' || isJson(text))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** An object that came or went, member by member. What is in a list belongs together. */
function partsOf(change: Change): Change[] {
  const { path, op } = change
  if (op === 'replace') return [change]
  const places = placesOf(op === 'add' ? change.after : change.before, path)
  return places.map(({ path, value }) => (op === 'add' ? { path, op, after: value } : { path, op, before: value }))
}
