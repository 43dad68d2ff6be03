import type { Change } from '../api.d.ts'
import { wordsOf } from '../text/words.ts'
import { Marked, Shown } from './Shown.tsx'

type Marking = {
  /** The paths that are marked as wrong. */
  marked: ReadonlySet<string>
  /** Without it, nothing can be marked. */
  onMark?: ((path: string) => void) | undefined
}

/** What differs, a row for each place: before, and after. Nothing of it is folded, and what is new comes with a row for each of its parts. */
export function Changes({ changes, marked, onMark }: { changes: readonly Change[] } & Marking) {
  if (changes.length === 0) return <p className="quiet">Nothing is different.</p>
  return (
    <table className="changes">
      <thead>
        <tr>
          <th scope="col">Where</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {changes.flatMap(partsOf).map((change) => (
          <Row key={change.path} change={change} marked={marked} onMark={onMark} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ change, marked, onMark }: { change: Change } & Marking) {
  const { path, op, before, after } = change
  const isMarked = marked.has(path)
  const words = typeof before === 'string' && typeof after === 'string' ? wordsOf(before, after) : undefined
  return (
    <tr className={`change ${op}`} data-marked={isMarked || undefined}>
      <th scope="row">
        <code>
          <Shown text={path === '' ? '/' : path} />
        </code>
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
          <Words of={words} side="before" />
        ) : (
          <Value value={before} />
        )}
      </td>
      <td data-label="After" className="after">
        {op === 'remove' ? (
          <span className="quiet">–</span>
        ) : words ? (
          <Words of={words} side="after" />
        ) : (
          <Value value={after} />
        )}
      </td>
    </tr>
  )
}

function Words({ of, side }: { of: NonNullable<ReturnType<typeof wordsOf>>; side: 'before' | 'after' }) {
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
    </span>
  )
}

/** A value of JSON: text as it is, and the rest as it is written. */
export function Value({ value }: { value: unknown }) {
  if (typeof value === 'string' && value !== '') return <Shown text={value} />
  return (
    <code className="json">
      <Shown text={JSON.stringify(value, null, 2) ?? ''} />
    </code>
  )
}

/** An object that came or went, member by member. What is in a list belongs together. */
function partsOf(change: Change): Change[] {
  const { path, op } = change
  const value = op === 'add' ? change.after : change.before
  if (op === 'replace' || typeof value !== 'object' || value === null || Array.isArray(value)) return [change]
  const members = Object.entries(value)
  if (members.length === 0) return [change]
  return members.flatMap(([key, each]) => {
    const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    return partsOf(op === 'add' ? { path: at, op, after: each } : { path: at, op, before: each })
  })
}
