import { sql } from 'kysely'
import type { Database } from '../../db/client.ts'
import { startQueue } from '../../src/runs/queue.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { type BenchDatabase, withDatabase } from '../support/database.ts'
import { type Program, startServer } from '../support/programs.ts'
import { figure, medianBy, NONE, progress, table } from '../support/report.ts'
import type { Effort } from '../support/suite.ts'
import { makeAutomations } from '../support/workspace.ts'
import { MANY, MESSAGE, makeWorkspaces, now, queueRuns, settle, untilAllSucceeded, writes } from './support.ts'

const RUNS = 5000
/** Of whom the runs are: many small customers, one large, the same with a fifth of the automations, and one that is busy. */
const OWNERS = [
  { organizations: MANY, automations: RUNS },
  { organizations: 1, automations: RUNS },
  { organizations: 1, automations: RUNS / 5 },
  { organizations: 1, automations: 1 },
]
const CONFIG = { cron: '0 0 1 1 *', ...MESSAGE }

type Rate = { perSecond: number; writes: number; workerMs: number | undefined; postgresMs: number | undefined }

/** Queues many runs in one transaction, and takes the time until the last of them has its result. */
export async function measureRate(effort: Effort): Promise<string> {
  const count = effort.quick ? 100 : RUNS
  const rows: (string | number)[][] = []
  const rates = new Map(OWNERS.map((owner) => [owner, [] as Rate[]]))
  // Each in turn, several rounds over, so that a machine that slows down slows all of them.
  for (let round = 1; round <= effort.rounds; round++)
    for (const [owner, all] of rates) {
      const rate = await withDatabase((database) => measure(database, owner, count))
      all.push(rate)
      progress(`runs: ${count} of ${JSON.stringify(owner)}, round ${round}: ${figure(rate.perSecond)}/s`)
    }
  const middles = [...rates].map(([owner, all]) => ({ ...owner, ...medianBy(all, ({ perSecond }) => perSecond) }))
  for (const { organizations, automations, perSecond, writes, workerMs, postgresMs } of middles) {
    const each = [writes, workerMs, postgresMs]
    rows.push([
      count,
      organizations,
      Math.min(automations, count),
      figure(perSecond),
      ...each.map((n) => (n === undefined ? NONE : figure(n))),
    ])
  }
  const [busy, spread] = [middles.at(-1), middles.at(-2)]
  return `Runs queued in one transaction, until the last has its result; the median of ${effort.rounds} rounds.

${table(['runs', 'organizations', 'automations', 'runs per second', 'writing transactions per run', 'worker CPU ms per run', 'Postgres CPU ms per run'], rows)}

The last of the rows, one busy automation, is ${figure((busy?.perSecond ?? 0) / (spread?.perSecond ?? 0))} of the one before it.`
}

async function measure({ db, url, pid }: BenchDatabase, owner: (typeof OWNERS)[number], count: number): Promise<Rate> {
  const workspaces = await makeWorkspaces(db, owner.organizations)
  const automations = await makeAutomations(db, workspaces, Math.min(owner.automations, count), CONFIG, null)
  const queue = await startQueue(url, { isWorker: false, onError: console.error })
  const worker = await startServer('worker', url)
  try {
    await settle(db)
    const before = await usage(db, worker, pid)
    await queueRuns(db, queue, automations, count)
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
