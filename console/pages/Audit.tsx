import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Value } from '../parts/Changes.tsx'
import { More } from '../parts/Loaded.tsx'
import { Problem } from '../parts/Problem.tsx'
import { Shown } from '../parts/Shown.tsx'
import { When } from '../parts/Time.tsx'
import { auditQuery } from '../queries.ts'

/** Who did what, newest first. */
export function AuditPage() {
  const { orgId } = useParams({ from: '/$orgId/audit' })
  const filter = useSearch({ from: '/$orgId/audit' })
  const navigate = useNavigate({ from: '/$orgId/audit' })
  const log = useInfiniteQuery(auditQuery(orgId, filter))
  const entries = log.data?.pages.flatMap((page) => page.entries) ?? []
  return (
    <>
      <h1>Audit log</h1>
      <form
        className="filters"
        aria-label="Filters"
        onSubmit={(event) => {
          event.preventDefault()
          const action = String(new FormData(event.currentTarget).get('action')).trim()
          void navigate({ search: (before) => ({ ...before, action: action || undefined }), replace: true })
        }}
      >
        <label>
          Action <input name="action" defaultValue={filter.action} placeholder="automation.approved" />
        </label>
        <button type="submit">Filter</button>
      </form>
      {log.isError && <Problem error={log.error} retry={() => log.refetch()} />}
      {log.isPending && <p className="loading">Loading …</p>}
      {log.isSuccess && entries.length === 0 && <p className="empty">Nobody did anything of the kind.</p>}
      <ol className="audit">
        {entries.map(({ sequence, at, action, actor, target, details }) => (
          <li key={sequence}>
            <details>
              <summary>
                <code>{action}</code> by {actor.type === 'system' ? 'the program' : <Shown text={actor.id ?? ''} />},{' '}
                <When at={at} />
              </summary>
              <p className="quiet">
                Entry {sequence}, {target.type} <code>{target.id}</code>
              </p>
              <Value value={details} />
            </details>
          </li>
        ))}
      </ol>
      <More of={log} />
    </>
  )
}
