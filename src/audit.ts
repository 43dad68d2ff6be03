import { createHash } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
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
 * Writes an entry into an organization's audit log, in the transaction of what it tells of. Call it last: entries of one
 * organization wait for one another until their transactions end.
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
  const columns = { at, action: deed.action, actorId: by.actor.id, targetId: deed.target.id }
  await auditLog.insert(trx, organizationId, { entry, ...columns })
}

/**
 * Writes what was done to an account as a whole, like a login, into the audit log of each organization that it belongs
 * to. Call it last, like {@link record}. The order is that of the ids, so that two such transactions never wait for each
 * other.
 */
export async function recordOfUser(trx: Transaction<DB>, userId: string, by: By, deed: Deed): Promise<void> {
  for (const organizationId of await members.listOrganizationIds(trx, userId))
    await record(trx, organizationId, by, deed)
}

export type Verdict = {
  organizationId: string
  /** How many entries were read. */
  entries: number
  /** The first place where the chain does not hold, and why; undefined where it holds. */
  broken: { sequence: number; reason: string } | undefined
}

const ENTRIES_AT_ONCE = 1000

/**
 * Reads the audit log of every organization and checks each hash against its entry and the one before, the numbering,
 * and the end of the chain.
 */
export async function* verify(db: Kysely<DB>): AsyncGenerator<Verdict> {
  for (const head of await auditLog.listHeads(db)) {
    const { entries, hash, broken } = await verifyChain(db, head.organization_id, head.sequence)
    yield { organizationId: head.organization_id, entries, broken: broken ?? whyEndBroken(head, entries, hash) }
  }
}

/** What was appended after the head was read is left for the next time. */
async function verifyChain(db: Kysely<DB>, organizationId: string, last: number) {
  let entries = 0
  let hash = ''
  for (;;) {
    const rows = await auditLog.listChain(db, organizationId, entries, Math.min(ENTRIES_AT_ONCE, last - entries))
    for (const row of rows) {
      const reason = whyBroken(row, entries + 1, hash)
      if (reason !== undefined) return { entries, hash, broken: { sequence: row.sequence, reason } }
      hash = row.hash
      entries++
    }
    if (rows.length < ENTRIES_AT_ONCE) return { entries, hash, broken: undefined }
  }
}

function whyBroken(row: auditLog.Row, expected: number, previousHash: string): string | undefined {
  if (row.sequence !== expected) return `entry ${expected} is missing`
  if (row.previous_hash !== previousHash) return 'it does not follow the entry before it'
  if (row.hash !== hashEntry(previousHash, row.entry)) return 'it was changed'
  return undefined
}

/** Holds the last entry of a chain that is whole so far against the end that was noted beside the log. */
function whyEndBroken(head: auditLog.Head, entries: number, hash: string): Verdict['broken'] {
  if (entries !== head.sequence)
    return { sequence: entries, reason: `the chain ends here, but ${head.sequence} entries were written` }
  if (hash !== head.hash) return { sequence: entries, reason: 'it is not the entry that was written last' }
  if (head.last_entry > head.sequence)
    return { sequence: head.sequence + 1, reason: 'it was put behind the end of the chain' }
  return undefined
}

function hashEntry(previousHash: string, entry: string): string {
  return createHash('sha256')
    .update(previousHash + entry)
    .digest('hex')
}
