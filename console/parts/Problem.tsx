import { Away, Refusal } from '../client.ts'
import { ProblemList } from './ProblemList.tsx'
import { Shown } from './Shown.tsx'

/** Why something did not work, and what to do about it. */
export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <div className="problem" role="alert">
      <p>{error instanceof Error ? <Shown text={sentence(error.message)} /> : 'Something went wrong.'}</p>
      {error instanceof Refusal && error.details.length > 0 && <ProblemList problems={error.details} />}
      {error instanceof Refusal && error.requestId !== undefined && (
        <p className="quiet">
          {error.code}, request <code>{error.requestId}</code>
        </p>
      )}
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
      {error instanceof Away && <p className="quiet">What you typed is still here.</p>}
    </div>
  )
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}
