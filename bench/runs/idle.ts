import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../../db/client.ts'
import * as dueAutomations from '../../db/queries/due-automations.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { type BenchDatabase, withDatabase } from '../support/database.ts'
import { startServer } from '../support/programs.ts'
import { figure, NONE, progress, table } from '../support/report.ts'
import type { Effort } from '../support/suite.ts'
import { makeAutomations } from '../support/workspace.ts'
import { MANY, MESSAGE, makeWorkspaces, settle, writes } from './support.ts'

const SCHEDULES = [10, 100_000]
const SECONDS = 60
/** The worker's first looks around, and Postgres' last work on what was just written. */
const CALM_SECONDS = 15
/** Counts every statement, at a price of a few percent that both measurements pay. */
const COUNTING = { shared_preload_libraries: 'pg_stat_statements' }

type Idle = { worker: number | undefined; postgres: number | undefined; statements: number; writes: number }

/** Leaves a worker alone with schedules that are not due, and reads what it cost in a minute. */
export async function measureIdle(effort: Effort): Promise<string> {
  const seconds = effort.quick ? 5 : SECONDS
  const rows: (string | number)[][] = []
  for (const schedules of effort.quick ? [10, 1000] : SCHEDULES) {
    const idle = await withDatabase((database) => measure(database, schedules, seconds), COUNTING)
    const perMinute = Object.values(idle).map((n) => (n === undefined ? NONE : figure((n * 60) / seconds)))
    rows.push([schedules, ...perMinute])
    progress(`runs: idle with ${schedules} schedules: ${perMinute.join(', ')} a minute`)
  }
  return `One idle worker, ${seconds} s, per minute.

${table(['active schedules', 'worker CPU s', 'Postgres CPU s', 'statements', 'writing transactions'], rows)}`
}

async function measure({ db, url, pid }: BenchDatabase, schedules: number, seconds: number): Promise<Idle> {
  await sql`create extension pg_stat_statements`.execute(db)
  const workspaces = await makeWorkspaces(db, MANY)
  const nextYear = new Date(Date.UTC(new Date().getUTCFullYear() + 1, 11, 31))
  await makeAutomations(db, workspaces, schedules, { at: nextYear.toISOString(), ...MESSAGE }, nextYear)
  const worker = await startServer('worker', url)
  try {
    await settle(db)
    await db.transaction().execute(dueAutomations.wake)
    await wait(CALM_SECONDS * 1000)
    const read = async () => [
      await cpuSecondsOf(worker.pid),
      await cpuSecondsOf(pid),
      await statements(db),
      await writes(db),
    ]
    const before = await read()
    await wait(seconds * 1000)
    const after = await read()
    const [ours, theirs, sent, written] = after.map((n, i) => difference(before[i], n))
    return { worker: ours, postgres: theirs, statements: sent ?? 0, writes: written ?? 0 }
  } finally {
    await worker.stop()
  }
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before
}

async function statements(db: Database): Promise<number> {
  const { rows } = await sql<{ calls: string }>`select sum(calls) as calls from pg_stat_statements`.execute(db)
  return Number(rows[0]?.calls)
}
