import { sql } from 'kysely'
import type { Database } from '../../db/client.ts'
import * as dueAutomations from '../../db/queries/due-automations.ts'
import { startQueue } from '../../src/runs/queue.ts'
import { type BenchDatabase, withDatabase } from '../support/database.ts'
import { startServer } from '../support/programs.ts'
import { figure, medianBy, progress, table } from '../support/report.ts'
import type { Effort } from '../support/suite.ts'
import { makeAutomations, type Workspace } from '../support/workspace.ts'
import { MANY, MESSAGE, makeWorkspaces, now, queueRuns, settle, untilAllSucceeded } from './support.ts'

const DUE = [
  { count: 1000, organizations: MANY, flood: 0 },
  { count: 1000, organizations: 1, flood: 0 },
  { count: 10_000, organizations: MANY, flood: 0 },
  { count: 10_000, organizations: 1, flood: 0 },
  // Beside so many runs of one automation of the same organization, which were queued before.
  { count: 100, organizations: 1, flood: 20_000 },
]
/** Between the last of the preparations and the time that all wait for. */
const AHEAD_MS = 3000
/** A worker that has run nothing yet opens connections, plans statements and compiles: that is its start, and not its lag. */
const WARM_UP = 100

/** Seconds after the time that the runs were due. */
type Lag = { p50: number; p99: number; lastStarted: number; lastFinished: number }

/** Makes many automations due in the same second, and reads from their runs how late each of them started. */
export async function measureLag(effort: Effort): Promise<string> {
  const rows: (string | number)[][] = []
  for (const due of effort.quick ? DUE.slice(-1).map((each) => ({ ...each, flood: 200 })) : DUE) {
    const lags: Lag[] = []
    for (let round = 1; round <= effort.rounds; round++) {
      const lag = await withDatabase((database) => measure(database, due))
      lags.push(lag)
      progress(`runs: ${JSON.stringify(due)}, round ${round}: ${JSON.stringify(lag)}`)
    }
    const { p50, p99, lastStarted, lastFinished } = medianBy(lags, (lag) => lag.p99)
    rows.push([due.count, due.organizations, due.flood, ...[p50, p99, lastStarted, lastFinished].map(figure)])
  }
  return `Due in the same second: seconds from that time, by Postgres' clock; the round with the median p99 of ${effort.rounds}.

${table(['due at once', 'organizations', 'beside runs of one', 'start p50 s', 'start p99 s', 'all started s', 'all finished s'], rows)}`
}

async function measure(
  { db, url }: BenchDatabase,
  { count, organizations, flood }: (typeof DUE)[number],
): Promise<Lag> {
  const workspaces = await makeWorkspaces(db, organizations)
  const busy = await makeAutomations(db, workspaces, 1, { at: '2126-01-01T00:00:00Z', ...MESSAGE }, null)
  const queue = await startQueue(url, { isWorker: false, onError: console.error })
  const worker = await startServer('worker', url)
  try {
    await makeDue(db, workspaces, WARM_UP)
    await untilAllSucceeded(db, WARM_UP)
    const due = await makeDue(db, workspaces, count)
    if (flood > 0) await queueRuns(db, queue, busy, flood)
    await untilAllSucceeded(db, WARM_UP + count + flood)
    return await lagOf(db, due)
  } finally {
    await Promise.all([worker.stop(), queue.stop()])
  }
}

/** Makes automations that are due at the same second, soon. @returns when. */
async function makeDue(db: Database, workspaces: readonly Workspace[], count: number): Promise<Date> {
  const preparation = AHEAD_MS + count
  const due = new Date(Math.ceil(((await now(db)) + preparation) / 1000) * 1000)
  // A real schedule: the worker reads it, and plans the time after this one, as part of what is measured.
  const cron = `${due.getUTCSeconds()} ${due.getUTCMinutes()} ${due.getUTCHours()} * * *`
  await makeAutomations(db, workspaces, count, { cron, ...MESSAGE }, due)
  await settle(db)
  await db.transaction().execute(dueAutomations.wake)
  if ((await now(db)) > due.getTime()) throw new Error('the automations were due before all of them were there')
  return due
}

async function lagOf(db: Database, due: Date): Promise<Lag> {
  const { rows } = await sql<Lag>`
    with late as (
      select extract(epoch from started_at - scheduled_for)::float8 as started,
             extract(epoch from finished_at - scheduled_for)::float8 as finished
        from automation_runs
       where scheduled_for = ${due}
    )
    select percentile_disc(0.5) within group (order by started) as p50,
           percentile_disc(0.99) within group (order by started) as p99,
           max(started) as "lastStarted", max(finished) as "lastFinished"
      from late`.execute(db)
  const [lag] = rows
  if (lag === undefined) throw new Error('there are no runs')
  return lag
}
