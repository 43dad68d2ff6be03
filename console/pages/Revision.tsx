import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams, useSearch } from '@tanstack/react-router'
import type { Automation, Revision } from '../api.d.ts'
import { diffQuery, revisionQuery } from '../automation-queries.ts'
import { answer, api } from '../client.ts'
import { useMay } from '../organization-queries.ts'
import { Changes } from '../parts/Changes.tsx'
import { Confirm } from '../parts/Confirm.tsx'
import { Kept } from '../parts/Kept.tsx'
import { Loaded } from '../parts/Loaded.tsx'
import { Name } from '../parts/Name.tsx'
import { Outcome } from '../parts/Outcome.tsx'
import { Rows } from '../parts/Rows.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Moment } from '../parts/Time.tsx'
import { say } from '../parts/Toast.tsx'
import { useTitle } from '../parts/title.ts'
import { automationQuery, ONE, type Place } from '../queries.ts'

const HERE = '/$orgId/automations/$spaceId/$automationId/revisions/$revision'
const NOTHING: ReadonlySet<string> = new Set()

/** One revision of an automation: what it changed, all that it says, and a way back to it. */
export function RevisionPage() {
  const { revision: number, ...place } = useParams({ from: HERE })
  const found = useQuery(revisionQuery(place, Number(number)))
  useTitle(`Revision ${number}`)
  const back = (
    <Link to="/$orgId/automations/$spaceId/$automationId" params={place} activeOptions={{ exact: true }}>
      ← Its automation
    </Link>
  )
  return (
    <Kept query={found} what="revision" back={back}>
      {(revision) => (
        <article>
          <p>{back}</p>
          <h1>
            Revision {revision.revision} of <Shown text={revision.name} />
          </h1>
          <Story place={place} revision={revision} />
          <Restore place={place} revision={revision} />
          <Difference place={place} revision={revision.revision} />
          <section aria-labelledby="config">
            <h2 id="config">Its config</h2>
            <Rows of={revision.config} caption="The config of this revision" />
          </section>
        </article>
      )}
    </Kept>
  )
}

function Story({ place, revision }: { place: Place; revision: Revision }) {
  const author = revision.authored_by_user_id ?? revision.authored_by_service_account_id
  return (
    <>
      <p>
        Written by {author === null ? 'nobody who is known' : <Name orgId={place.orgId} id={author} />},{' '}
        <Moment at={revision.created_at} />. {revision.decision !== null && <Outcome of={revision} />}
      </p>
      <p>
        <code className="quiet">{revision.digest}</code>
      </p>
    </>
  )
}

/** What differs from the one before, or from the one that the address names. */
function Difference({ place, revision }: { place: Place; revision: number }) {
  const { against } = useSearch({ from: HERE })
  const current = useQuery(automationQuery(place)).data?.revision
  const diff = useQuery(diffQuery(place, revision, against))
  const link = (to: number | undefined, label: string) => (
    <Link
      to={HERE}
      params={{ ...place, revision: String(revision) }}
      search={to === undefined ? {} : { against: to }}
      activeOptions={{ exact: true }}
      replace
    >
      {label}
    </Link>
  )
  return (
    <section aria-labelledby="difference">
      <h2 id="difference">What it changed</h2>
      <Loaded query={diff}>
        {({ against: other, changes }) => (
          <>
            <p className="quiet">
              {other === null
                ? 'It is the first: all of it is new.'
                : `Before: revision ${other}. After: revision ${revision}.`}{' '}
              {against !== undefined && link(undefined, 'Compare with the one before it')}{' '}
              {current !== undefined &&
                current !== revision &&
                current !== against &&
                link(current, `Compare with revision ${current}, which is the current one`)}
            </p>
            <Changes changes={changes} marked={NOTHING} />
          </>
        )}
      </Loaded>
    </section>
  )
}

/** Writes its content once more, as a new revision, where it says something else than the current one. */
function Restore({ place, revision }: { place: Place; revision: Revision }) {
  const client = useQueryClient()
  const { data: automation } = useQuery(automationQuery(place))
  const mayWrite = useMay(place.orgId, 'files.write')
  if (automation === undefined || !mayWrite || isSame(automation, revision)) return null
  const restore = async () => {
    const after = (await patch(place, automation, revision)).automation
    say(saidOf(automation, after))
    await client.invalidateQueries({ queryKey: [place.orgId] })
  }
  return (
    <Confirm
      label="Restore this revision"
      title={`Restore revision ${revision.revision}?`}
      action="Restore it"
      onConfirm={restore}
    >
      Its name, config and description become a new revision. The credential and the secrets stay as they are now.
      {automation.status === 'active' && ' The automation is active: what is restored runs from then on.'}
    </Confirm>
  )
}

function patch(place: Place, { digest }: Automation, { name, config, description }: Revision) {
  const header = { 'if-match': JSON.stringify(digest) }
  return answer(api.PATCH(ONE, { params: { path: place, header }, body: { name, config, description } }))
}

/** The digest says nothing of the description, which takes no effect. */
function isSame(one: Automation, other: Revision): boolean {
  return one.digest === other.digest && one.description === other.description
}

/** A change that was not let run at once waits beside what runs, whose number stays. */
function saidOf(before: Automation, { status, revision }: Automation): string {
  const waits = status === 'pending_approval' || revision === before.revision
  return waits ? 'Restored. It waits for a review.' : `Restored, as revision ${revision}.`
}
