import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Kysely, Transaction } from 'kysely'
import * as auditSeals from '../db/queries/audit-seals.ts'
import type { DB } from '../db/types.ts'

const ENTRIES_AT_ONCE = 1000
/** An entry has its seal within a second of its commit. */
const EVERY_MS = 600

/**
 * Gives entries their numbers and hashes, in batches of one transaction each, until none waits. Whichever process does it, one does at a
 * time: where another one is at it, this leaves it to that.
 *
 * @returns how many it sealed.
 */
export async function seal(db: Kysely<DB>, isStopped: () => boolean = () => false): Promise<number> {
  let sealed = 0
  for (let batch = ENTRIES_AT_ONCE; batch === ENTRIES_AT_ONCE && !isStopped(); sealed += batch) {
    if (!(await auditSeals.isAnyWaiting(db))) break
    batch = await db.transaction().execute(async (trx) => {
      if (!(await auditSeals.take(trx))) return 0
      return sealThese(trx, await auditSeals.listWaiting(trx, ENTRIES_AT_ONCE))
    })
  }
  return sealed
}

/** The same for all that have no seal, also what was taken out of the list of those that wait. Waits for who is at it. */
async function sealAll(db: Kysely<DB>): Promise<void> {
  let batch = 0
  do {
    batch = await db.transaction().execute(async (trx) => {
      await auditSeals.waitToTake(trx)
      return sealThese(trx, await auditSeals.listForgotten(trx, ENTRIES_AT_ONCE))
    })
  } while (batch === ENTRIES_AT_ONCE)
}

async function sealThese(trx: Transaction<DB>, entries: readonly auditSeals.Unsealed[]): Promise<number> {
  const ends = new Map<string, { sequence: number; hash: string }>()
  const seals = entries.map(({ organization_id, id, entry, last_sequence, last_hash }): auditSeals.Seal => {
    const end = ends.get(organization_id) ?? { sequence: last_sequence, hash: last_hash }
    const next = { sequence: end.sequence + 1, hash: hashEntry(end.hash, entry) }
    ends.set(organization_id, next)
    return { organization_id, entry_id: id, previous_hash: end.hash, ...next }
  })
  if (seals.length > 0) await auditSeals.insert(trx, seals)
  return seals.length
}

/**
 * Seals what was written, until it is stopped. Every process may: an entry whose own server was killed is sealed by another.
 *
 * @param onError told of what failed; it is tried again.
 * @returns stops it, after the batch that is under way.
 */
export function startSealer(db: Kysely<DB>, onError: (error: unknown) => void): () => Promise<void> {
  const stopping = new AbortController()
  const isStopped = () => stopping.signal.aborted
  const work = async () => {
    while (!isStopped()) {
      await seal(db, isStopped).catch(onError)
      await wait(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {}) // stopped
    }
  }
  const working = work()
  return async () => {
    stopping.abort()
    await working
  }
}

export type Verdict = {
  organizationId: string
  /** How many entries were read. */
  entries: number
  /** How many were written meanwhile, and have no seal yet. */
  unsealed: number
  /** The first place where the chain does not hold, and why; undefined where it holds. */
  broken: { sequence: number; reason: string } | undefined
}

/**
 * Seals what waits, then reads the audit log of every organization and checks each hash against its entry and the one before, the
 * numbering, and the end of the chain.
 */
export async function* verify(db: Kysely<DB>): AsyncGenerator<Verdict> {
  await sealAll(db)
  const heads = await auditSeals.listHeads(db)
  const unsealed = await auditSeals.countUnsealed(db)
  for (const head of heads) {
    const { entries, hash, broken } = await verifyChain(db, head.organization_id, head.sequence)
    yield {
      organizationId: head.organization_id,
      entries,
      unsealed: unsealed.get(head.organization_id) ?? 0,
      broken: broken ?? whyEndBroken(head, entries, hash),
    }
  }
}

/** What was sealed after the head was read is left for the next time. */
async function verifyChain(db: Kysely<DB>, organizationId: string, last: number) {
  let entries = 0
  let hash = ''
  for (;;) {
    const rows = await auditSeals.list(db, organizationId, entries, Math.min(ENTRIES_AT_ONCE, last - entries))
    for (const row of rows) {
      const reason = whyBroken(row, entries + 1, hash)
      if (reason !== undefined) return { entries, hash, broken: { sequence: row.sequence, reason } }
      hash = row.hash
      entries++
    }
    if (rows.length < ENTRIES_AT_ONCE) return { entries, hash, broken: undefined }
  }
}

function whyBroken(row: auditSeals.Sealed, expected: number, previousHash: string): string | undefined {
  if (row.sequence !== expected) return `entry ${expected} is missing`
  if (row.entry === null) return 'it is gone, and its seal is left'
  if (row.previous_hash !== previousHash) return 'it does not follow the entry before it'
  if (row.hash !== hashEntry(previousHash, row.entry)) return 'it was changed'
  return undefined
}

/** Holds the last entry of a chain that is whole so far against the end that was noted beside the log. */
function whyEndBroken(head: auditSeals.Head, entries: number, hash: string): Verdict['broken'] {
  if (entries !== head.sequence)
    return { sequence: entries, reason: `the chain ends here, but ${head.sequence} entries were written` }
  if (hash !== head.hash) return { sequence: entries, reason: 'it is not the entry that was written last' }
  if (head.last_seal > head.sequence)
    return { sequence: head.sequence + 1, reason: 'it was put behind the end of the chain' }
  return undefined
}

function hashEntry(previousHash: string, entry: string): string {
  return createHash('sha256')
    .update(previousHash + entry)
    .digest('hex')
}
