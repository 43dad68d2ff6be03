import type { Transaction } from 'kysely'
import * as automations from '../../db/queries/automations.ts'
import * as runAttempts from '../../db/queries/run-attempts.ts'
import type { DB } from '../../db/types.ts'
import * as audit from '../audit.ts'
import { changed } from '../automations/changed.ts'
import { lock, record, standingOf } from '../automations/current.ts'
import type { Config } from '../kinds/kind.ts'
import type { Kinds } from '../kinds/registry.ts'
import type { RunQueue } from '../runs/queue.ts'
import { passTurns } from '../runs/turns.ts'
import { readStored } from '../stored.ts'

/** What attempts need besides the database. */
export type Engine = { queue: Pick<RunQueue, 'send'>; kinds: Kinds }

/** A run that has ended, and no attempt follows. */
export type End = {
  organizationId: string
  spaceId: string
  automationId: string
  /** What came of it; undefined where it never began, of which its automation hears nothing. */
  outcome?: {
    /** When its last attempt began. */
    ranAt: Date
    error: string | null
    /** What it ran, where that has been read already. */
    known?: { kind: string; config: Config }
  }
}

/**
 * Notes for automations how runs of theirs have ended, in the order in which they did, pauses those that have failed as often in
 * a row as their config bears, and lets begin what has waited for these runs. The transaction has written the runs, and holds
 * the automations locked.
 *
 * @param before how many runs in a row had failed when the automations were locked, by their ids.
 */
export async function noteEnds(
  trx: Transaction<DB>,
  { queue, kinds }: Engine,
  before: ReadonlyMap<string, number>,
  ends: readonly End[],
): Promise<void> {
  const tallies = tally(before, ends)
  if (tallies.length > 0) await runAttempts.note(trx, tallies.map(toNote))
  for (const each of tallies) await pauseAfter(trx, kinds, each)
  await passTurns(trx, queue, ends)
}

/** What the ends of some runs in a row come to. */
type Tally = Omit<End, 'outcome'> & {
  ranAt: Date
  error: string | null
  failures: number
  /** The number of failures in a row at each of those that failed. */
  counts: number[]
  known: { kind: string; config: Config } | undefined
}

/** Ordered by organization: two transactions that write in several audit logs do so in one order. */
function tally(before: ReadonlyMap<string, number>, ends: readonly End[]): Tally[] {
  const tallies = new Map<string, Tally>()
  for (const { outcome, ...whose } of ends) {
    if (outcome === undefined) continue
    const { ranAt, error, known } = outcome
    const so = tallies.get(whose.automationId)
    const failures = error === null ? 0 : (so?.failures ?? before.get(whose.automationId) ?? 0) + 1
    const counts = so?.counts ?? []
    if (failures > 0) counts.push(failures)
    const latest = so !== undefined && so.ranAt > ranAt ? so.ranAt : ranAt
    tallies.set(whose.automationId, { ...whose, ranAt: latest, error, failures, counts, known })
  }
  return [...tallies.values()].sort((a, b) => (a.organizationId < b.organizationId ? -1 : 1))
}

function toNote({ organizationId, automationId, ranAt, error, failures }: Tally): runAttempts.Note {
  return { organization_id: organizationId, automation_id: automationId, ran_at: ranAt, error, failures }
}

/** Pauses an automation that has failed as often in a row as its config bears. */
async function pauseAfter(trx: Transaction<DB>, kinds: Kinds, { counts, known, ...whose }: Tally): Promise<void> {
  const reached = ({ kind, config }: { kind: string; config: Config }): number | undefined => {
    const read = readStored(() => kinds.find(kind)?.pauseAfterFailures?.(config))
    const most = ('value' in read ? read.value : null) ?? Number.POSITIVE_INFINITY
    return counts.find((count) => count >= most)
  }
  if (counts.length === 0 || (known !== undefined && reached(known) === undefined)) return
  const { automationId } = whose
  const space = { organizationId: whose.organizationId, id: whose.spaceId }
  const standing = standingOf(space, await lock(trx, space, automationId))
  const failures = reached(standing)
  if (standing.status !== 'active' || failures === undefined) return
  await changed(trx, kinds, standing, { ...standing, status: 'paused' }, (plan) =>
    automations.update(trx, space, automationId, { status: 'paused', ...plan }),
  )
  await record(trx, audit.SYSTEM, space, automationId, 'automation.paused_after_failures', { failures })
}
