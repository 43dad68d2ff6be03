import { sql } from 'kysely'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import { type RunQueue, startQueue } from '../../src/runs/queue.ts'
import { newRun, startRuns } from '../../src/runs/start.ts'
import { TRIGGERS } from '../../src/runs/triggers.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { type BenchDatabase, withDatabase } from '../support/database.ts'
import { type Program, startServer } from '../support/programs.ts'
import { figure, medianBy, NONE, progress, table } from '../support/report.ts'
import type { Effort } from '../support/suite.ts'
import { type Made, makeAutomations } from '../support/workspace.ts'
import { MANY, MESSAGE, makeWorkspaces, now, settle, untilAllSucceeded, writes } from './support.ts'

const RUNS = 5000
const CONFIG = { cron: '0 0 1 1 *', ...MESSAGE }

type Rate = { perSecond: number; writes: number; workerMs: number | undefined; postgresMs: number | undefined }

/** Queues many runs in one transaction, and takes the time until the last of them has its result. */
export async function measureRate(effort: Effort): Promise<string> {
  const count = effort.quick ? 100 : RUNS
  const rows: (string | number)[][] = []
  for (const organizations of [MANY, 1]) {
    const rates: Rate[] = []
    for (let round = 1; round <= effort.rounds; round++) {
      const rate = await withDatabase((database) => measure(database, organizations, count))
      rates.push(rate)
      progress(`runs: ${count} of ${organizations} organizations, round ${round}: ${figure(rate.perSecond)}/s`)
    }
    const middle = medianBy(rates, ({ perSecond }) => perSecond)
    const each = [middle.writes, middle.workerMs, middle.postgresMs]
    rows.push([
      count,
      organizations,
      figure(middle.perSecond),
      ...each.map((n) => (n === undefined ? NONE : figure(n))),
    ])
  }
  return `Runs queued in one transaction, until the last has its result; the median of ${effort.rounds} rounds.

${table(['runs', 'organizations', 'runs per second', 'writing transactions per run', 'worker CPU ms per run', 'Postgres CPU ms per run'], rows)}`
}

async function measure({ db, url, pid }: BenchDatabase, organizations: number, count: number): Promise<Rate> {
  const workspaces = await makeWorkspaces(db, organizations)
  const automations = await makeAutomations(db, workspaces, count, CONFIG, null)
  const queue = await startQueue(url, { isWorker: false, onError: console.error })
  const worker = await startServer('worker', url)
  try {
    await settle(db)
    const before = await usage(db, worker, pid)
    await queueRuns(db, queue, automations)
    const began = await now(db)
    await untilAllSucceeded(db, count)
    const after = await usage(db, worker, pid)
    const { rows } = await sql<{ last: Date }>`select max(finished_at) as last from automation_runs`.execute(db)
    const seconds = ((rows[0]?.last.getTime() ?? Number.NaN) - began) / 1000
    const perRun = (key: keyof typeof after) => {
      const [from, to] = [before[key], after[key]]
      return from === undefined || to === undefined ? undefined : (to - from) / count
    }
    return {
      perSecond: count / seconds,
      writes: perRun('writes') ?? Number.NaN,
      workerMs: perRun('workerMs'),
      postgresMs: perRun('postgresMs'),
    }
  } finally {
    await Promise.all([worker.stop(), queue.stop()])
  }
}

async function usage(db: Database, worker: Program, postmaster: number) {
  const [written, ours, theirs] = await Promise.all([writes(db), cpuSecondsOf(worker.pid), cpuSecondsOf(postmaster)])
  const ms = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000)
  return { writes: written, workerMs: ms(ours), postgresMs: ms(theirs) }
}

async function queueRuns(db: Database, queue: RunQueue, automations: readonly Made[]): Promise<void> {
  const runs = automations.map(({ organizationId, spaceId, id: automationId, digest }) =>
    newRun({ organizationId, spaceId, automationId, revision: 1, digest }, { id: newId(), trigger: TRIGGERS.person }),
  )
  await db.transaction().execute((trx) => startRuns(trx, queue, runs))
}
