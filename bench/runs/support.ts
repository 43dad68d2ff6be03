import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import type { RunQueue } from '../../src/runs/queue.ts'
import { newRun, startRuns } from '../../src/runs/start.ts'
import { TRIGGERS } from '../../src/runs/triggers.ts'
import { at, type Made, makeWorkspace, type Workspace } from '../support/workspace.ts'

/** What every run does: a template with a value in it, as a message into a room. */
export const MESSAGE = { channel: 'general', message: 'Report of {{ run.scheduled_for }} by {{ automation.name }}' }

/** How many organizations share the runs: many small customers, or one large. */
export const MANY = 20

const SPACES = 10
const MAX_MS = 10 * 60_000
const LOOK_MS = 250

export async function makeWorkspaces(db: Database, count: number): Promise<Workspace[]> {
  const workspaces: Workspace[] = []
  while (workspaces.length < count) workspaces.push(await makeWorkspace(db, SPACES))
  return workspaces
}

/** Postgres' clock: every time of a run is by it. */
export async function now(db: Database): Promise<number> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db)
  return rows[0]?.now.getTime() ?? Number.NaN
}

/** How many transactions have written something so far: each of them has its commit brought to the disk. */
export async function writes(db: Database): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select pg_snapshot_xmax(pg_current_snapshot())::text as count`.execute(db)
  return Number(rows[0]?.count)
}

/**
 * Waits until so many runs have their result.
 *
 * @throws where one of them did not succeed, or its message is not in the room: then its speed is worth nothing.
 */
export async function untilAllSucceeded(db: Database, count: number): Promise<void> {
  const deadline = Date.now() + MAX_MS
  while ((await isOpen(db)) || (await finished(db)) < count) {
    if (Date.now() > deadline) throw new Error(`${count} runs did not finish in ${MAX_MS / 1000} s`)
    await wait(LOOK_MS)
  }
  const { rows } = await sql<{ succeeded: number; messages: number }>`
    select (select count(*)::integer from automation_runs where status = 'succeeded') as succeeded,
           (select count(*)::integer from chat_messages) as messages`.execute(db)
  const [all] = rows
  if (all?.succeeded !== count || all.messages !== count)
    throw new Error(`of ${count} runs ${all?.succeeded} succeeded and ${all?.messages} left a message`)
}

/** Whether a run waits or is under way. To count those that have finished costs more, the more there are. */
async function isOpen(db: Database): Promise<boolean> {
  const { rows } = await sql<{ is_open: boolean }>`
    select exists (select from automation_runs where status in ('queued', 'running')) as is_open`.execute(db)
  return rows[0]?.is_open ?? false
}

async function finished(db: Database): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from automation_runs where finished_at is not null`.execute(db)
  return rows[0]?.count ?? 0
}

/**
 * Brings Postgres to where it comes by itself a while after automations were made. What is still empty is left alone, as
 * autovacuum would: a table that was seen empty is planned for as if it stayed so.
 */
export async function settle(db: Database): Promise<void> {
  await sql`vacuum analyze automations, automation_revisions`.execute(db)
  await sql`checkpoint`.execute(db)
}

/** Queues so many runs in one transaction, spread evenly over the automations. */
export async function queueRuns(
  db: Database,
  queue: RunQueue,
  automations: readonly Made[],
  count: number,
): Promise<void> {
  const runs = Array.from({ length: count }, (_, i) => {
    const { id: automationId, ...made } = at(automations, i)
    return newRun({ ...made, automationId, revision: 1 }, { id: newId(), trigger: TRIGGERS.person })
  })
  await db.transaction().execute((trx) => startRuns(trx, queue, runs))
}
