import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Automation } from '../api.d.ts'
import { Kept } from '../parts/Kept.tsx'
import { Rows } from '../parts/Rows.tsx'
import { Shown } from '../parts/Shown.tsx'
import { Status } from '../parts/Status.tsx'
import { useTitle } from '../parts/title.ts'
import { automationQuery, type Place, previewQuery } from '../queries.ts'
import { Deeds } from './automation/Deeds.tsx'
import { Facts } from './automation/Facts.tsx'
import { Intake } from './automation/Intake.tsx'
import { Revisions } from './automation/Revisions.tsx'
import { Runs } from './automation/Runs.tsx'
import { Secrets } from './automation/Secrets.tsx'
import { Troubles } from './automation/Troubles.tsx'
import { TunnelPanel } from './automation/TunnelPanel.tsx'

/** One automation: what it is, what it did, and what it was before. */
export function AutomationPage() {
  const place = useParams({ from: '/$orgId/automations/$spaceId/$automationId' })
  const found = useQuery(automationQuery(place))
  useTitle(found.data?.name ?? 'Automation')
  const back = (
    <Link to="/$orgId/automations" params={{ orgId: place.orgId }} search={{ space: place.spaceId }}>
      ← Automations
    </Link>
  )
  return (
    <Kept query={found} what="automation" back={back}>
      {(automation) => <Whole place={place} automation={automation} back={back} />}
    </Kept>
  )
}

type WholeProps = { place: Place; automation: Automation; back: ReactNode }

function Whole({ place, automation, back }: WholeProps) {
  return (
    <article>
      <p>{back}</p>
      <h1>
        <Shown text={automation.name} />
      </h1>
      <p>
        <Status of={automation} /> <span className="quiet">{automation.kind.replaceAll('_', ' ')}</span>
      </p>
      {automation.description !== null && (
        <p>
          <Shown text={automation.description} />
        </p>
      )}
      <Troubles of={automation} />
      <Waiting place={place} automation={automation} />
      <Deeds place={place} automation={automation} />
      <Facts of={automation} />
      <Outside place={place} automation={automation} />
      <Runs place={place} />
      <section aria-labelledby="config">
        <h2 id="config">Config</h2>
        <Rows of={automation.config} caption="What its config says" />
      </section>
      <Secrets place={place} sends={isSending(automation)} signs={isSigning(automation)} />
      <Revisions place={place} automation={automation} />
    </article>
  )
}

function Waiting({ place, automation }: { place: Place; automation: Automation }) {
  const { status, pending_revision: pending } = automation
  if (status !== 'pending_approval' && pending === null) return null
  return (
    <p className="notice">
      {pending === null ? 'It waits for a decision. ' : 'A change of it waits for a decision. '}
      <Link to="/$orgId/review/$spaceId/$automationId" params={place}>
        Review
      </Link>
    </p>
  )
}

/** What leads to it from outside, by what the API says of it and not by its kind: visitors where it opens a tunnel, and else events. */
function Outside({ place, automation: { trigger, digest } }: { place: Place; automation: Automation }) {
  const { data } = useQuery(previewQuery(place, digest))
  if (data === undefined) return null
  const { preview } = data
  return (
    <>
      {preview.warnings.length > 0 && (
        <section aria-labelledby="warnings">
          <h2 id="warnings">Worth knowing</h2>
          <ul className="oddities">
            {preview.warnings.map((warning) => (
              <li key={warning} className="odd">
                <Shown text={warning} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {preview.tunnel !== null && <TunnelPanel place={place} access={preview.tunnel.access} />}
      {preview.tunnel === null && trigger !== null && <Intake place={place} url={trigger.url} />}
    </>
  )
}

/** Whether it sends requests, which may use secrets. */
function isSending(automation: Automation): boolean {
  return 'url' in actionOf(automation)
}

/** Whether what it sends is signed. */
function isSigning(automation: Automation): boolean {
  const action = actionOf(automation)
  return 'signing' in action && action.signing !== 'none'
}

/** The action that its config names; empty where it names none. */
function actionOf({ config }: Automation): object {
  const action: unknown = 'action' in config ? config.action : undefined
  return typeof action === 'object' && action !== null ? action : {}
}
