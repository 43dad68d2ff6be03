import type { ErrorDetail } from '../api.d.ts'
import { Path } from './Path.tsx'
import { Shown } from './Shown.tsx'

type ProblemListProps = {
  problems: readonly ErrorDetail[]
  warnings?: readonly string[] | undefined
  /** Brings whoever reads it to a place; left out where there is none to go to. */
  onShow?: (path: string) => void
}

/** What keeps something from running, each with its place, and what a reviewer should know. */
export function ProblemList({ problems, warnings = [], onShow }: ProblemListProps) {
  if (problems.length + warnings.length === 0) return null
  return (
    <ul className="oddities">
      {problems.map(({ path, message }) => (
        <li key={`${path} ${message}`} className="bad">
          {onShow ? (
            <button type="button" className="link" onClick={() => onShow(path)}>
              <Shown text={path} />
            </button>
          ) : (
            <Path path={path} />
          )}{' '}
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
