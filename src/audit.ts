import type { Transaction } from 'kysely'
import { newId } from '../db/new-id.ts'
import * as auditLog from '../db/queries/audit-log.ts'
import * as members from '../db/queries/members.ts'
import type { DB } from '../db/types.ts'
import { canonicalJson } from './canonical-json.ts'

/** As much of a caller as an entry keeps. */
export type By = { actor: { type: string; id: string | null }; requestId: string | null }

/** The program itself: by the clock, or in the request of somebody unknown. */
export const SYSTEM: By = { actor: { type: 'system', id: null }, requestId: null }

/** What was done to what. `details` never holds a secret: digests, names, ids and statuses. */
export type Deed = {
  action: string
  target: { type: string; id: string | null }
  spaceId?: string
  details?: Record<string, unknown>
}

/**
 * Writes an entry into an organization's audit log, in the transaction of what it tells of. It waits for no other entry; its number
 * and its hash follow within a second (src/audit-chain.ts).
 */
export async function record(trx: Transaction<DB>, organizationId: string, by: By, deed: Deed): Promise<void> {
  const at = new Date().toISOString()
  const entry = canonicalJson({
    at,
    action: deed.action,
    actor: { type: by.actor.type, id: by.actor.id },
    target: deed.target,
    space_id: deed.spaceId ?? null,
    request_id: by.requestId,
    details: deed.details ?? {},
  })
  await auditLog.insert(trx, {
    organization_id: organizationId,
    id: newId(),
    entry,
    at,
    action: deed.action,
    actor_id: by.actor.id,
    target_id: deed.target.id,
  })
}

/** Writes what was done to an account as a whole, like a login, into the audit log of each organization that it belongs to. */
export async function recordOfUser(trx: Transaction<DB>, userId: string, by: By, deed: Deed): Promise<void> {
  for (const organizationId of await members.listOrganizationIds(trx, userId))
    await record(trx, organizationId, by, deed)
}
