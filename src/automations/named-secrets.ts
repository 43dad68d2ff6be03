import type { Kysely, Transaction } from 'kysely'
import * as automationPolicies from '../../db/queries/automation-policies.ts'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import type { DB } from '../../db/types.ts'
import type { Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { ApiError } from '../errors.ts'
import { stage } from './apply.ts'
import { lock, record, type Seen, type Version } from './current.ts'
import { editOf, settle } from './edit.ts'
import type { Means } from './means.ts'
import { destroyUnused, slotOf, storeValues, type Versions } from './versions.ts'

const MAX_SECRETS = 50
const { NAMED_SLOTS } = automationSecrets

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
 * Sets a named secret, or takes it away. Where the content that is shown uses it, this is a change of that content like any
 * other: it takes its place at once, or waits where the policy wants a second person. A proposal that uses it is proposed anew,
 * with another digest.
 *
 * @param value null takes it away.
 * @throws ApiError `automation_not_found`, `secret_not_found`, `too_many_secrets`, `other_proposal_pending`, `precondition_failed`
 */
export async function setNamedSecret(
  trx: Transaction<DB>,
  caller: Caller,
  { space, id, name, seen }: Target,
  value: string | null,
  means: Means,
): Promise<void> {
  const current = await lock(trx, space, id)
  seen({ version: current.automation.version, digest: current.revision.digest })
  const owner = { organizationId: space.organizationId, automationId: id }
  const slot = slotOf(name)
  await requireRoom(trx, owner, slot, value)
  const change = await storeValues(trx, caller, owner, { [slot]: value }, means)
  const deed = { secret: name, version: change[slot] ?? null }
  const uses = ({ content }: Version) =>
    means.kinds.profile(current.automation.kind, content.config, means.actions).secrets.includes(name)
  const editOn = (base: Version) =>
    editOf(trx, caller.actor, { space, current }, { base, content: base.content, versions: change }, means)

  if (uses(current.revision)) {
    const policy = await automationPolicies.find(trx, space.organizationId)
    const isOwn = policy.approver_must_differ_from_editor && current.pending?.authored_by_user_id === caller.actor.id
    const made = await editOn((isOwn ? current.pending : null) ?? current.revision)
    const decision = { hasSeen: true, policy, means }
    await settle(trx, caller, { space, current }, { ...made, deed }, current.automation.status, decision)
  }
  // As it is by now, because the change may have taken its place or become what waits.
  const after = await lock(trx, space, id)
  const { pending } = after
  if (pending !== null && uses(pending) && pending.content.secretVersions[slot] !== (change[slot] ?? undefined))
    await stage(trx, caller, space, after, { ...(await editOn(pending)), isNew: true, deed })
  await tidy(trx, space, id, slot, value === null)
  await record(trx, caller, space, id, value === null ? 'automation.secret_removed' : 'automation.secret_set', deed)
}

async function requireRoom(
  trx: Transaction<DB>,
  owner: automationSecrets.Owner,
  slot: string,
  value: string | null,
): Promise<void> {
  const stored = await automationSecrets.listVersions(trx, owner)
  const slots = new Set(stored.map((each) => each.slot).filter((each) => each.startsWith(NAMED_SLOTS)))
  if (slots.has(slot)) return
  if (value === null) throw new ApiError('secret_not_found')
  if (slots.size >= MAX_SECRETS) throw new ApiError('too_many_secrets')
}

async function tidy(trx: Transaction<DB>, space: Space, id: string, slot: string, isRemoved: boolean): Promise<void> {
  const { revision, pending } = await lock(trx, space, id)
  const used = [revision, ...(pending === null ? [] : [pending])].map(({ content }) => content.secretVersions)
  const owner = { organizationId: space.organizationId, automationId: id }
  await destroyUnused(trx, owner, used, isRemoved ? slot : undefined)
}

/** The named secrets of an automation, by name and version. */
export async function listNamedSecrets(
  db: Kysely<DB>,
  owner: automationSecrets.Owner,
  { shown, proposed }: { shown: Versions; proposed: Versions | undefined },
): Promise<NamedSecret[]> {
  const versions = await automationSecrets.listVersions(db, owner)
  return versions
    .filter(({ slot }) => slot.startsWith(NAMED_SLOTS))
    .map(({ slot, version, set_by_user_id, created_at }) => ({
      name: slot.slice(NAMED_SLOTS.length),
      version,
      state: shown[slot] === version ? 'in_use' : proposed?.[slot] === version ? 'proposed' : 'unused',
      set_by_user_id,
      set_at: created_at,
    }))
}
