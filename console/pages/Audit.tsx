import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { type FormEvent, useId } from 'react'
import type { AuditEntry } from '../api.d.ts'
import { membersQuery, useMay } from '../organization-queries.ts'
import { Choice } from '../parts/Filters.tsx'
import { More } from '../parts/Loaded.tsx'
import { Problem } from '../parts/Problem.tsx'
import { useTitle } from '../parts/title.ts'
import { type AuditFilter, auditQuery } from '../queries.ts'
import { Entry } from './audit/Entry.tsx'
import { useNames } from './audit/names.ts'

const HERE = '/$orgId/audit'

/** Who did what, newest first. */
export function AuditPage() {
  const { orgId } = useParams({ from: HERE })
  const filter = useSearch({ from: HERE })
  const mayManage = useMay(orgId, 'org.manage')
  useTitle('Audit log')
  if (mayManage === undefined) return <p className="loading">Loading …</p>
  return (
    <>
      <h1>Audit log</h1>
      {mayManage ? (
        <Log orgId={orgId} filter={filter} />
      ) : (
        <p className="notice">
          The log is for those who manage the organization: a role of yours would have to allow org.manage.
        </p>
      )}
    </>
  )
}

function Log({ orgId, filter }: { orgId: string; filter: AuditFilter }) {
  const log = useInfiniteQuery(auditQuery(orgId, filter))
  const entries = log.data?.pages.flatMap((page) => page.entries) ?? []
  const names = useNames(orgId, entries)
  const isFiltered = Object.values(filter).some((value) => value !== undefined)
  return (
    <>
      {/* A link that filters changes the fields, too. */}
      <FilterForm key={JSON.stringify(filter)} orgId={orgId} filter={filter} entries={entries} />
      {log.isError && <Problem error={log.error} retry={() => log.refetch()} />}
      {log.isPending && <p className="loading">Loading …</p>}
      {log.isSuccess && entries.length === 0 && (
        <p className="empty">
          {isFiltered
            ? 'Nobody did anything of the kind: take a filter away to see more.'
            : 'Nobody has done anything yet.'}
        </p>
      )}
      <ol className="audit">
        {entries.map((entry) => (
          <Entry key={entry.id} orgId={orgId} entry={entry} names={names} />
        ))}
      </ol>
      <More of={log} />
    </>
  )
}

type FilterFormProps = { orgId: string; filter: AuditFilter; entries: readonly AuditEntry[] }

function FilterForm({ orgId, filter, entries }: FilterFormProps) {
  const id = useId()
  const navigate = useNavigate({ from: HERE })
  const members = useQuery(membersQuery(orgId)).data ?? []
  const set = (change: AuditFilter) => navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name)).trim() || undefined
    void set({ action: text('action'), target: text('target') })
  }
  return (
    <form className="filters" aria-label="Filters" onSubmit={submit}>
      <Choice
        label="By"
        all="anybody"
        value={filter.actor}
        choices={members.map((each) => [each.service_account_id ?? each.user_id, each.display_name] as const)}
        onChoose={(actor) => set({ actor })}
      />
      <label>
        Action{' '}
        <input name="action" list={`${id}actions`} defaultValue={filter.action} placeholder="automation.approved" />
      </label>
      <Actions id={`${id}actions`} of={entries} />
      <label>
        To, by its id <input name="target" defaultValue={filter.target} spellCheck={false} />
      </label>
      <button type="submit">Filter</button>
      {Object.values(filter).some((value) => value !== undefined) && (
        <button type="button" onClick={() => navigate({ search: {}, replace: true })}>
          Show all
        </button>
      )}
    </form>
  )
}

/** The actions that have been seen, to choose from. */
function Actions({ id, of: entries }: { id: string; of: readonly AuditEntry[] }) {
  return (
    <datalist id={id}>
      {[...new Set(entries.map(({ action }) => action))].sort().map((action) => (
        <option key={action} value={action} />
      ))}
    </datalist>
  )
}
