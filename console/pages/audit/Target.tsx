import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { AuditEntry } from '../../api.d.ts'
import { Shown } from '../../parts/Shown.tsx'
import type { Names } from './names.ts'

type TargetProps = { orgId: string; entry: AuditEntry; names: Names }

/** What something was done to: with a link to it where there is a page of it, and one to all that was done to it. */
export function Target({ orgId, entry, names }: TargetProps) {
  const { type, id } = entry.target
  if (id === null) return type
  const name = names.of(id)
  const label = (
    <>
      {type.replaceAll('_', ' ')} {name === undefined ? <code>{id}</code> : <Shown text={name} />}
    </>
  )
  return (
    <>
      {names.isDeleted(id) ? <>{label} (deleted since)</> : <Page orgId={orgId} entry={entry} label={label} />}
      <RunOf orgId={orgId} entry={entry} names={names} />{' '}
      <Link to="/$orgId/audit" params={{ orgId }} search={(before) => ({ ...before, target: id })} className="aside">
        only this
      </Link>
    </>
  )
}

/** Links to the page of a target, where it has one. */
function Page({
  orgId,
  entry: { target, space_id: spaceId },
  label,
}: {
  orgId: string
  entry: AuditEntry
  label: ReactNode
}) {
  const { type, id } = target
  if (type === 'automation' && spaceId !== null && id !== null)
    return (
      <Link to="/$orgId/automations/$spaceId/$automationId" params={{ orgId, spaceId, automationId: id }}>
        {label}
      </Link>
    )
  if (type === 'space' && id !== null)
    return (
      <Link to="/$orgId/automations" params={{ orgId }} search={{ space: id }}>
        {label}
      </Link>
    )
  if (type === 'service_account')
    return (
      <Link to="/$orgId/staff" params={{ orgId }}>
        {label}
      </Link>
    )
  return label
}

/** The run that an entry names, if it names one. */
function RunOf({ orgId, entry, names }: TargetProps) {
  const { target, space_id: spaceId, details } = entry
  const runId = details.run_id ?? details.first_run_id
  if (typeof runId !== 'string' || spaceId === null || target.id === null || names.isDeleted(target.id)) return null
  return (
    <>
      ,{' '}
      <Link to="/$orgId/runs/$spaceId/$automationId/$runId" params={{ orgId, spaceId, automationId: target.id, runId }}>
        its run
      </Link>
    </>
  )
}
