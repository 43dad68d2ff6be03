import type { ErrorDetail } from '../api.d.ts'
import { Shown } from '../parts/Shown.tsx'

type ProblemListProps = {
  problems: readonly ErrorDetail[]
  warnings: readonly string[]
  /** Brings whoever reads it to a place. */
  onShow: (path: string) => void
}

/** What keeps a config from running, each with a way to its place, and what a reviewer would be told. */
export function ProblemList({ problems, warnings, onShow }: ProblemListProps) {
  if (problems.length === 0 && warnings.length === 0) return <p className="good">Nothing keeps it from running.</p>
  return (
    <ul className="oddities">
      {problems.map(({ path, message }) => (
        <li key={`${path} ${message}`} className="bad">
          <button type="button" className="link" onClick={() => onShow(path)}>
            <Shown text={path} />
          </button>{' '}
          <Shown text={message} />
        </li>
      ))}
      {warnings.map((warning) => (
        <li key={warning} className="odd">
          <Shown text={warning} />
        </li>
      ))}
    </ul>
  )
}
