import type { Transaction } from 'kysely'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as heldAutomations from '../../db/queries/held-automations.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationStatus } from '../../schemas/automations.ts'
import type { Actor, Space } from '../access/actor.ts'
import * as audit from '../audit.ts'
import { ApiError } from '../errors.ts'
import type { Standing } from './changed.ts'
import { type Content, contentOf, type Problems } from './content.ts'

/** A revision with its content put together. */
export type Version = automationRevisions.Standing & { content: Content }

/** An automation that this transaction holds locked (or fails), with the content that is shown and the one that waits. */
export type Current = {
  automation: Omit<heldAutomations.Locked, 'status' | 'problems'> & { status: AutomationStatus; problems: Problems }
  revision: Version
  pending: Version | null
  /** The content that was let run last, whatever is shown by now, as it was first written; null where none ever was. */
  approved: Version | null
  /** Who began the open proposal, a person or a service account; null where there is none. */
  proposedById: string | null
  /** The revision that they made a change beside what runs from; null where it is another proposal, or not known. */
  proposedFrom: number | null
}

type WithContent = { content: Content } | null

/** What an automation shows, what waits beside it, and what was let run last, where its secrets have to stay. */
export type Contents = { revision: { content: Content }; pending: WithContent; approved: WithContent }

/** The versions of secrets that what is shown and what waits beside it use. */
export function versionsIn({ revision, pending }: Contents): Content['secretVersions'][] {
  return [revision, pending].flatMap((each) => (each === null ? [] : [each.content.secretVersions]))
}

/**
 * Holds a change to what its caller read.
 *
 * @returns whether the caller named what it read; false where it named nothing.
 * @throws ApiError `precondition_failed` where that is not what is there now.
 */
export type Seen = (current: { version: number; digest: string }) => boolean

/** Locks an automation of a space. @throws ApiError `automation_not_found` */
export async function lock(trx: Transaction<DB>, space: Space, id: string): Promise<Current> {
  // Sent together, and the second sees what the first has waited for.
  const [automation, revisions] = await Promise.all([
    heldAutomations.lock(trx, space, id),
    automationRevisions.listStanding(trx, space, id),
  ])
  if (automation === undefined) throw new ApiError('automation_not_found')
  return currentOf(automation, revisions)
}

/** Puts together what was read of an automation, and of the revisions that it stands on. */
export function currentOf(
  automation: heldAutomations.Locked,
  revisions: readonly automationRevisions.Standing[],
): Current {
  const version = (number: number | null) => toVersion(revisions.find((each) => each.revision === number))
  const revision = version(automation.revision)
  if (revision === null) throw new Error(`automation ${automation.id} has no revision ${automation.revision}`)
  const first = version(automation.proposal_revision)
  return {
    automation: {
      ...automation,
      status: automation.status as AutomationStatus,
      problems: automation.problems ?? [],
    },
    revision,
    pending: version(automation.pending_revision),
    approved: approvedOf(automation, revision, revisions),
    proposedById: first && (first.authored_by_user_id ?? first.authored_by_service_account_id),
    proposedFrom: first?.based_on ?? null,
  }
}

/** The content that was let run last, as it was first written. */
function approvedOf(
  { approved_digest: digest }: heldAutomations.Locked,
  shown: Version,
  revisions: readonly automationRevisions.Standing[],
): Version | null {
  if (digest === null || digest === shown.digest) return digest === null ? null : shown
  return toVersion(revisions.find((each) => each.digest === digest))
}

function toVersion(found: automationRevisions.Standing | undefined): Version | null {
  return found === undefined ? null : { ...found, content: contentOf(found) }
}

/** How an automation stands to its sources, before a change or, with what the change made of it, after. */
export function standingOf(
  { organizationId }: Space,
  { automation: { id, kind, status, problems }, revision }: Current,
  after: { status?: AutomationStatus; content?: Content; problems?: Problems } = {},
): Standing {
  return {
    organizationId,
    id,
    kind,
    status: after.status ?? status,
    config: (after.content ?? revision.content).config,
    problems: after.problems ?? problems,
  }
}

/** What is proposed and not decided: the pending revision beside what runs, or all of it while it waits. */
export function proposalOf({ automation, revision, pending }: Current): Version | null {
  if (pending !== null) return pending
  return automation.status === 'pending_approval' || automation.status === 'rejected' ? revision : null
}

/** A revision that is to be written. */
export type NewVersion = {
  revision: number
  content: Content
  digest: string
  /** The hosts that it sends to, as far as they are plain. */
  sendsTo: string[]
  /** The revision that a change beside what runs was made from. */
  basedOn?: number | null
}

/** What a revision says of its content, as it is stored. */
export function storedVersion({ content, digest, sendsTo }: Pick<NewVersion, 'content' | 'digest' | 'sendsTo'>) {
  return {
    name: content.name,
    config: JSON.stringify(content.config),
    description: content.description,
    secret_versions: JSON.stringify(content.secretVersions),
    sends_to: sendsTo,
    digest,
  }
}

/** Writes a revision of an automation, authored by the actor. */
export async function writeRevision(
  trx: Transaction<DB>,
  actor: Actor,
  space: Space,
  automationId: string,
  { revision, basedOn = null, ...version }: NewVersion,
): Promise<void> {
  await automationRevisions.insert(trx, space, automationId, {
    ...storedVersion(version),
    revision,
    based_on: basedOn,
    authored_by_user_id: actor.type === 'user' ? actor.id : null,
    authored_by_service_account_id: actor.type === 'service_account' ? actor.id : null,
  })
}

/** Writes what was done to an automation into the audit log. */
export async function record(
  trx: Transaction<DB>,
  by: audit.By,
  space: Space,
  automationId: string,
  action: string,
  details: Record<string, unknown>,
): Promise<void> {
  const target = { type: 'automation', id: automationId }
  await audit.record(trx, space.organizationId, by, { action, target, spaceId: space.id, details })
}

/** What became of the credential, for the audit log: never the credential. */
export function credentialDeed(token: string | null | undefined): { credential?: 'set' | 'removed' } {
  return token === undefined ? {} : { credential: token === null ? 'removed' : 'set' }
}
