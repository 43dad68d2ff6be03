import type { Kysely, Transaction } from 'kysely'
import * as automationPolicies from '../../db/queries/automation-policies.ts'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { ApiError } from '../errors.ts'
import { stage } from './apply.ts'
import { changed } from './changed.ts'
import { lock, record, type Seen, standingOf, type Version } from './current.ts'
import { editOf, heldContent, settle, waits } from './edit.ts'
import type { Means } from './means.ts'
import { checked, findProblems } from './problems.ts'
import { destroyUnused, storeValues, type Versions } from './versions.ts'

const { nameOf, ownerOf, slotOf } = automationSecrets
const MAX_SECRETS = 50

/** A secret of an automation by its name, and where it stands; never its value. */
export type NamedSecret = {
  name: string
  version: number
  state: 'in_use' | 'proposed' | 'unused'
  set_by_user_id: string | null
  set_at: Date
}

type Target = { space: Space; id: string; name: string; seen: Seen }

/**
 * Sets a named secret. Where the content that is shown uses it, this is a change of that content like any other: it takes its
 * place at once, or waits where the policy wants a second person. A proposal that uses it is proposed anew, with another digest.
 *
 * @throws ApiError `automation_not_found`, `too_many_secrets`, `other_proposal_pending`, `precondition_failed`
 */
export async function setNamedSecret(
  trx: Transaction<DB>,
  caller: Caller,
  target: Target,
  value: string,
  means: Means,
): Promise<void> {
  const { space, id, name } = target
  const { current, owner, slots } = await lockFor(trx, target)
  const slot = slotOf(name)
  if (!slots.has(slot) && slots.size >= MAX_SECRETS) throw new ApiError('too_many_secrets')
  const versions = await storeValues(trx, caller, owner, { [slot]: value }, means)
  const deed = { secret: name, version: versions[slot] ?? null }
  const uses = ({ content }: Version) =>
    means.kinds.profile(current.automation.kind, content.config, means.actions).secrets.includes(name)
  const editOn = (base: Version) =>
    editOf(trx, caller.actor, { space, current }, { base, content: base.content, versions }, means)

  const policy = await automationPolicies.find(trx, space.organizationId)
  if (uses(current.revision)) {
    const waiting = waits(current, caller.actor, current.automation.status, policy) ? current.pending : null
    // What waits is to take the secret away, and there is no second place beside what runs.
    if (waiting !== null && !uses(waiting)) throw new ApiError('other_proposal_pending')
    const isOwn = current.proposedById === caller.actor.id
    const made = await editOn(waiting !== null && isOwn ? waiting : current.revision)
    const decision = { hasSeen: true, policy, means }
    await settle(trx, caller, { space, current }, { ...made, deed }, current.automation.status, decision)
  }
  // As it is by now, because the change may have taken its place or become what waits.
  const after = await lock(trx, space, id)
  const { revision, pending } = after
  const isOld = pending !== null && uses(pending) && pending.content.secretVersions[slot] !== versions[slot]
  const again = isOld ? { ...(await editOn(pending)), isNew: true, deed } : undefined
  if (again !== undefined) await stage(trx, caller, space, after, again)
  const approved = heldContent(after, policy)
  await destroyUnused(trx, owner, { revision, pending: again ?? pending, approved })
  // Also where no revision changes: who read it before has read something else.
  await automations.update(trx, space, id, {})
  const isUsed = revision.content.secretVersions[slot] === versions[slot]
  await record(trx, caller, space, id, 'automation.secret_set', { ...deed, in_use: isUsed })
}

/**
 * Takes a named secret away: every value of it is destroyed, also that of content which nobody changes by it. What uses it stays what
 * it is, and does not run until it is set again. No second person is asked, because nothing can happen by it that was not approved.
 *
 * @throws ApiError `automation_not_found`, `secret_not_found`, `precondition_failed`
 */
export async function removeNamedSecret(
  trx: Transaction<DB>,
  caller: Caller,
  target: Target,
  means: Pick<Means, 'actions' | 'kinds' | 'rules'>,
): Promise<void> {
  const { space, id, name } = target
  const { current, owner, slots, stored } = await lockFor(trx, target)
  const slot = slotOf(name)
  if (!slots.has(slot)) throw new ApiError('secret_not_found')
  await automationSecrets.destroy(
    trx,
    owner,
    stored.filter((each) => each.slot === slot),
  )
  const problems = await findProblems(trx, means, { ...owner, kind: current.automation.kind }, current.revision.content)
  await Promise.all([
    changed(trx, means.kinds, standingOf(space, current), standingOf(space, current, { problems }), (plan) =>
      automations.update(trx, space, id, { ...checked(problems, means), ...plan }),
    ),
    record(trx, caller, space, id, 'automation.secret_removed', { secret: name }),
  ])
}

/** Locks an automation for a change of its secrets. `slots` are those of the named ones that have a value. */
async function lockFor(trx: Transaction<DB>, { space, id, seen }: Target) {
  const current = await lock(trx, space, id)
  seen({ version: current.automation.version, digest: current.revision.digest })
  const owner = ownerOf(space, id)
  const stored = await automationSecrets.listVersions(trx, owner)
  const named = stored.filter((each) => nameOf(each.slot) !== undefined)
  return { current, owner, stored: named, slots: new Set(named.map((each) => each.slot)) }
}

/** The named secrets of an automation, by name and version. */
export async function listNamedSecrets(
  db: Kysely<DB>,
  owner: automationSecrets.Owner,
  { shown, proposed }: { shown: Versions; proposed: Versions | undefined },
): Promise<NamedSecret[]> {
  const versions = await automationSecrets.listVersions(db, owner)
  return versions.flatMap(({ slot, version, set_by_user_id, created_at }) => {
    const name = nameOf(slot)
    if (name === undefined) return []
    const state = shown[slot] === version ? 'in_use' : proposed?.[slot] === version ? 'proposed' : 'unused'
    return [{ name, version, state, set_by_user_id, set_at: created_at }]
  })
}
