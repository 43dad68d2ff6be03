import type { Transaction } from 'kysely'
import type { Policy } from '../../db/queries/automation-policies.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationStatus } from '../../schemas/automations.ts'
import type { Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import type { ConfigProblem } from '../errors.ts'
import { changed } from './changed.ts'
import { type Current, type NewVersion, record, standingOf, writeRevision } from './current.ts'
import { NOT_REJECTED, NOT_REVIEWED, noteDecision, reviewed } from './decision.ts'
import { isUndecided, passGate } from './gate.ts'
import { isLive } from './lifecycle.ts'
import type { Means } from './means.ts'
import { checked } from './problems.ts'

/** A change of content that somebody makes: what the content becomes, and what the audit log says of its secrets. */
export type Edit = Pick<NewVersion, 'content' | 'digest' | 'sendsTo'> & {
  /** Whether it differs from what it was made from. */
  isNew: boolean
  /** What keeps it from running. */
  problems: ConfigProblem[]
  deed: Record<string, unknown>
}

/** Lets a change wait beside what runs. */
export async function stage(
  trx: Transaction<DB>,
  caller: Caller,
  space: Space,
  { automation, pending }: Pick<Current, 'automation' | 'pending'>,
  { isNew, deed, problems: _, ...version }: Edit,
): Promise<void> {
  if (!isNew && pending !== null) return
  const revision = automation.last_revision + 1
  const basedOn = automation.revision
  await Promise.all([
    writeRevision(trx, caller.actor, space, automation.id, { ...version, revision, basedOn }),
    automations.update(trx, space, automation.id, {
      pending_revision: revision,
      last_revision: revision,
      proposal_revision: automation.proposal_revision ?? revision,
      ...NOT_REJECTED,
    }),
    record(trx, caller, space, automation.id, 'proposal.submitted', { revision, digest: version.digest, ...deed }),
  ])
}

type Decision = { status: AutomationStatus; hasSeen: boolean; policy: Policy; means: Pick<Means, 'kinds' | 'rules'> }

/** Puts a change in the place of what is shown, and with it its status. */
export async function apply(
  trx: Transaction<DB>,
  caller: Caller,
  space: Space,
  current: Current,
  { isNew, deed, problems, ...version }: Edit,
  { status, hasSeen, policy, means }: Decision,
): Promise<void> {
  const { actor } = caller
  const { automation } = current
  const { id } = automation
  const { digest, content } = version
  // What waits or was turned down is never let run by having been approved some time before.
  const activates = status === 'active' && isUndecided(automation, digest)
  const entry = { proposal: current.revision, isChanged: isNew, hasSeen, isDecision: false }
  const reviews = activates && (await passGate(trx, policy, actor, { space, current }, entry))
  const revision = isNew ? automation.last_revision + 1 : automation.revision
  const change = {
    status,
    revision,
    ...(isNew ? { last_revision: revision } : {}),
    ...proposalAfter(current, status, revision),
    ...(status === 'active' ? { approved_digest: digest } : {}),
    ...(reviews ? reviewed(actor, automation, revision) : {}),
    ...(actor.type === 'service_account' ? NOT_REVIEWED : {}),
    ...(status === automation.status ? {} : NOT_REJECTED),
    is_turned_down: status === 'paused' && (automation.status === 'rejected' || automation.is_turned_down),
    ...checked(problems, means),
  }
  const after = standingOf(space, current, { status, content, problems })
  const action = reviews ? 'automation.approved' : 'automation.updated'
  const before = { status: automation.status, digest: current.revision.digest }
  const details = { before, after: { status, digest }, revision, ...deed, ...droppedBy(current, status) }
  await Promise.all([
    isNew && writeRevision(trx, actor, space, id, { ...version, revision }),
    changed(trx, means.kinds, standingOf(space, current), after, (plan) =>
      automations.update(trx, space, id, { ...change, ...plan }),
    ),
    reviews && noteDecision(trx, actor, { space, id, revision }, { outcome: 'approved' }),
    record(trx, caller, space, id, action, details),
  ])
}

/** The proposal beside what runs that a new status ends without a decision, for the audit log. */
function droppedBy({ pending }: Current, status: AutomationStatus): object {
  if (pending === null || isLive(status)) return {}
  return { dropped: { revision: pending.revision, digest: pending.digest } }
}

/** A pending revision stays beside what stays active or paused; anything else begins, continues or ends a proposal. */
function proposalAfter(
  { automation }: Current,
  status: AutomationStatus,
  revision: number,
): automations.AutomationChange {
  if (status === 'pending_approval')
    return { pending_revision: null, proposal_revision: automation.proposal_revision ?? revision }
  if (isLive(status) && automation.pending_revision !== null) return {}
  return { pending_revision: null, proposal_revision: null }
}
