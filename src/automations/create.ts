import type { Transaction } from 'kysely'
import { newId } from '../../db/new-id.ts'
import type { KnownPolicy } from '../../db/queries/automation-policies.ts'
import { OAUTH_SLOT, ownerOf } from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationCreate } from '../../schemas/automations.ts'
import type { Actor, Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { changed } from './changed.ts'
import { firstContent } from './content.ts'
import { credentialIn } from './credential.ts'
import { credentialDeed, record, storedVersion } from './current.ts'
import { requireOthersWords } from './gate.ts'
import { initialStatus } from './lifecycle.ts'
import type { Means } from './means.ts'
import { requireRoomForProposal, takePolicy } from './policy.ts'
import { checked, findProblems, requireValid } from './problems.ts'
import { digestOf } from './revisions.ts'
import { refuseCredentialOfStaff } from './staff.ts'
import { storeValues } from './versions.ts'

/**
 * Makes an automation with its first revision. Most often it only writes, so that all of it is sent with the commit (db/later.ts).
 *
 * @param known the policy of the organization, as it was read before.
 * @returns its id.
 * @throws ApiError where AI staff brings a credential, or the policy or a limit says no.
 */
export async function create(
  trx: Transaction<DB>,
  caller: Caller,
  space: Space,
  body: AutomationCreate,
  known: KnownPolicy | undefined,
  means: Means,
): Promise<string> {
  const { actor } = caller
  const { kind } = body
  refuseCredentialOfStaff(actor, body)
  const token = credentialIn(body)
  const policy = await takePolicy(trx, space.organizationId, known)
  await requireRoomForProposal(trx, actor, space, kind, policy)
  await means.quota.requireRoom(trx, space)
  const id = newId()
  const status = initialStatus(actor, body.status)
  const isActive = status === 'active'
  if (isActive) requireOthersWords(policy)
  const content = firstContent(actor, body)
  const { config } = content
  const owner = ownerOf(space, id)
  const problems = await findProblems(trx, means, { ...owner, kind }, content)
  requireValid(problems, { isWhole: isActive && policy.require_whole_config })
  const digest = digestOf(id, kind, content)
  const row = {
    id,
    kind,
    status,
    approved_digest: isActive ? digest : null,
    proposal_revision: status === 'pending_approval' ? 1 : null,
    ...makerOf(actor),
    ...checked(problems, means),
    ...storedVersion({ content, digest, sendsTo: means.kinds.profile(kind, config, means.actions).hosts }),
  }
  const { organizationId } = space
  const details = { kind, name: content.name, status, revision: 1, digest, ...credentialDeed(token) }
  await Promise.all([
    changed(trx, means.kinds, null, { organizationId, id, kind, status, config, problems }, (plan) =>
      automations.insert(trx, space, { ...row, next_run_at: null, next_planned_at: null, ...plan }),
    ),
    record(trx, caller, space, id, 'automation.created', details),
  ])
  if (typeof token === 'string') await storeValues(trx, caller, owner, { [OAUTH_SLOT]: token }, means)
  return id
}

/** Who made it: a person answers for it from the first. */
function makerOf({ type, id }: Actor) {
  const [userId, serviceAccountId] = type === 'user' ? [id, null] : [null, id]
  return { created_by_user_id: userId, created_by_service_account_id: serviceAccountId, owner_user_id: userId }
}
