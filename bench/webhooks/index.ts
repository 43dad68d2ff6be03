import autocannon from 'autocannon'
import type { Database } from '../../db/client.ts'
import * as webhooksTable from '../../db/queries/webhooks.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { type BenchDatabase, withDatabase } from '../support/database.ts'
import { BODY, empty, makeHooks, SECRET, signedEvent } from '../support/hooks.ts'
import { type Program, startProgram } from '../support/programs.ts'
import { figure, medianBy, NONE, table } from '../support/report.ts'
import { measureInRounds } from '../support/rounds.ts'
import type { Effort, Suite } from '../support/suite.ts'
import { makeWorkspace } from '../support/workspace.ts'
import { insertLimit, type Target } from './limits.ts'

const CONNECTIONS = 32
/** Load makes each event cheaper: the more come at the same time, the more share a transaction. */
const MORE_CONNECTIONS = 128
const WARM_UP_SECONDS = 4
const ROWS_AT_ONCE = 32

type Figure = { perSecond: number; p50?: number; p99?: number; cpuMicroseconds?: number | undefined }
type Subject = { name: string; measure: () => Promise<Figure> }
type Server = Program & { ready: { base: string } }

const OWN = 'webhooks'
const ALONE = 'webhooks, a transaction for each'
const BARE = 'limit: bare Fastify, verifying the same'
const WITH_MORE = `, ${MORE_CONNECTIONS} connections`
const ONE = 'limit: one-row inserts alone'
const MANY = `limit: inserts of ${ROWS_AT_ONCE} rows alone`

/** Signed events that are committed with their run and job before they are answered. */
export const webhooks: Suite = {
  about: 'signed events in, beside bare Fastify and the same inserts alone',
  run: (effort) =>
    withDatabase(async (database) => {
      const target = await makeTarget(database.db)
      const start = (subject: string) =>
        startProgram<{ base: string }>('webhooks/server.ts', {
          DATABASE_URL: database.url,
          BENCH_SUBJECT: subject,
          BENCH_SECRET: SECRET,
        })
      const [program, alone, bare] = [await start('program'), await start('alone'), await start('bare')]
      const all: Subject[] = [
        { name: OWN, measure: () => load(program, database, target, effort) },
        { name: ALONE, measure: () => load(alone, database, target, effort) },
        { name: BARE, measure: () => load(bare, database, target, effort) },
        { name: OWN + WITH_MORE, measure: () => load(program, database, target, effort, MORE_CONNECTIONS) },
        { name: BARE + WITH_MORE, measure: () => load(bare, database, target, effort, MORE_CONNECTIONS) },
        { name: ONE, measure: () => insertLimit(database, target, BODY, 1, 10, effort.seconds) },
        { name: MANY, measure: () => insertLimit(database, target, BODY, ROWS_AT_ONCE, 2, effort.seconds) },
      ]
      const show = ({ perSecond }: Figure) => `${figure(perSecond)}/s`
      const figures = await measureInRounds('webhooks', effort.rounds, all, show, () => empty(database.db))
      await Promise.all([program.stop(), alone.stop(), bare.stop()])
      return report(figures, effort)
    }),
}

/** A webhook automation with a secret. */
async function makeTarget(db: Database): Promise<Target> {
  const hookIds = await makeHooks(db, await makeWorkspace(db, 1), 1, { channel: 'general' })
  const [found] = await webhooksTable.list(db, hookIds)
  if (found === undefined) throw new Error('no webhook was made')
  return { hook: webhooksTable.stateOf(found) }
}

/** Sends events, each with an id and a signature of its own. */
async function load(
  server: Server,
  database: BenchDatabase,
  { hook }: Target,
  { seconds }: Effort,
  connections = CONNECTIONS,
): Promise<Figure> {
  const setupRequest = (each: autocannon.Request) => ({ ...each, ...signedEvent(hook.hook_id) })
  const requests = [{ method: 'POST' as const, setupRequest }]
  const settings = { url: server.ready.base, connections, requests }
  await autocannon({ ...settings, duration: Math.min(WARM_UP_SECONDS, seconds) })
  const before = await cpuOf(server, database)
  const result = await autocannon({ ...settings, duration: seconds })
  const failed = result.non2xx + result.errors
  if (failed > 0) throw new Error(`${failed} requests to ${server.ready.base} failed`)
  const spent = (await cpuOf(server, database)) - before
  const { requests: done, latency } = result
  const cpuMicroseconds = Number.isNaN(spent) ? undefined : (spent / done.total) * 1e6
  return { perSecond: done.average, p50: latency.p50, p99: latency.p99, cpuMicroseconds }
}

/** Seconds of processor time that the server and Postgres have used so far. */
async function cpuOf(server: Server, { pid }: BenchDatabase): Promise<number> {
  const [own = Number.NaN, postgres = Number.NaN] = await Promise.all([cpuSecondsOf(server.pid), cpuSecondsOf(pid)])
  return own + postgres
}

function report(figures: Map<string, Figure[]>, { rounds, seconds }: Effort): string {
  const medians = new Map(
    [...figures].map(([name, all]) => [name, medianBy(all, ({ perSecond }) => perSecond)] as const),
  )
  const rows = [...medians].map(([name, { perSecond, p50, p99, cpuMicroseconds }]) => [
    name,
    figure(perSecond),
    p50 ?? NONE,
    p99 ?? NONE,
    cpuMicroseconds === undefined ? NONE : figure(cpuMicroseconds),
  ])
  const ratio = (own: string, other: string) => [
    `${own} / ${other.replace(/^limit: |^webhooks, /, '')}`,
    ((medians.get(own)?.perSecond ?? 0) / (medians.get(other)?.perSecond ?? 0)).toFixed(2),
  ]
  const ratios = [...[ALONE, BARE, ONE, MANY].map((name) => ratio(OWN, name)), ratio(OWN + WITH_MORE, BARE + WITH_MORE)]
  return `${CONNECTIONS} connections where it names no other number, bodies of ${BODY.length} bytes, signed by Standard Webhooks; each accepted event is
committed with its run and its job. The median of ${rounds} rounds of ${seconds} s each. The processor time is that of the server
and of Postgres for each event, without that of the sender.

${table(['what', 'per second', 'p50 ms', 'p99 ms', 'processor µs'], rows)}

${table(['ratio', ''], ratios)}`
}
