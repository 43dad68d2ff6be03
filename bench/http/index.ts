import autocannon from 'autocannon'
import { withDatabase } from '../support/database.ts'
import { startProgram } from '../support/programs.ts'
import { figure, medianBy, NONE, progress, table } from '../support/report.ts'
import type { Effort, Suite } from '../support/suite.ts'
import { type Made, makeAutomations, makeWorkspace, type Workspace } from '../support/workspace.ts'
import { insertLimit, listLimit } from './limits.ts'

const CONNECTIONS = 32
const SPACES = 1000
const AUTOMATIONS_PER_SPACE = 10
const WARM_UP_SECONDS = 2
const CONFIG = { cron: '0 9 * * MON', channel: 'general' }

type Figure = { perSecond: number; p50?: number; p99?: number }
type Subject = { name: string; measure: () => Promise<Figure> }

/** list, get and create over loopback, beside what the machine can do at most in the same minutes. */
export const http: Suite = {
  about: 'list, get and create over HTTP, beside bare Fastify and the same SQL alone',
  run: (effort) =>
    withDatabase(async ({ db, url }) => {
      const spaces = effort.quick ? 10 : SPACES
      progress(`http: making ${spaces} spaces of ${AUTOMATIONS_PER_SPACE} automations`)
      const workspace = await makeWorkspace(db, spaces)
      const automations = await makeAutomations(db, [workspace], spaces * AUTOMATIONS_PER_SPACE, CONFIG, null)
      const server = await startProgram<Ready>('http/server.ts', { DATABASE_URL: url })
      const bare = await startProgram<{ base: string }>('http/bare.ts', { BENCH_BODY: server.ready.sample })
      const limits: Subject[] = [
        { name: BARE, measure: () => load(`${bare.ready.base}`, effort, { path: () => '/' }) },
        { name: SQL, measure: () => listLimit(db, workspace, CONNECTIONS, effort.seconds) },
        { name: INSERTS, measure: () => insertLimit(db, workspace, CONNECTIONS, effort.seconds) },
      ]
      const figures = await measure(effort, [...subjects(server.ready, workspace, automations, effort), ...limits])
      await Promise.all([server.stop(), bare.stop()])
      return report(figures, effort)
    }),
}

const BARE = 'limit: bare Fastify, same bytes as list'
const SQL = 'limit: SQL of list alone'
const INSERTS = 'limit: one-row inserts alone'

/** What the server says of itself: where it is, who may ask, and the body of a list. */
type Ready = { base: string; token: string; sample: string }

function subjects({ base, token }: Ready, workspace: Workspace, automations: Made[], effort: Effort): Subject[] {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ name: 'Weekly digest', kind: 'scheduled', config: CONFIG })
  const list = (spaceId = pick(workspace.spaceIds)) =>
    `/api/v1/organizations/${workspace.organizationId}/spaces/${spaceId}/automations`
  const one = ({ spaceId, id } = pick(automations)) => `${list(spaceId)}/${id}`
  return [
    { name: 'list', measure: () => load(base, effort, { headers, path: () => list() }) },
    { name: 'get', measure: () => load(base, effort, { headers, path: () => one() }) },
    { name: 'create', measure: () => load(base, effort, { headers, path: () => list(), method: 'POST', body }) },
  ]
}

/** Each figure in turn, several rounds over, so that a machine that slows down slows all of them. */
async function measure({ rounds }: Effort, all: readonly Subject[]): Promise<Map<string, Figure[]>> {
  const figures = new Map<string, Figure[]>(all.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const { name, measure } of all) {
      const measured = await measure()
      figures.get(name)?.push(measured)
      progress(`http: round ${round} of ${rounds}: ${name}: ${figure(measured.perSecond)}/s`)
    }
  }
  return figures
}

type Request = { path: () => string; headers?: Record<string, string>; method?: 'GET' | 'POST'; body?: string }

async function load(url: string, { seconds }: Effort, { path, ...rest }: Request): Promise<Figure> {
  const requests = [{ setupRequest: (request: object) => ({ ...request, path: path() }) }]
  const settings = { ...rest, url, connections: CONNECTIONS, requests }
  await autocannon({ ...settings, duration: Math.min(WARM_UP_SECONDS, seconds) })
  const result = await autocannon({ ...settings, duration: seconds })
  const failed = result.non2xx + result.errors
  if (failed > 0) throw new Error(`${failed} requests to ${url} failed`)
  return { perSecond: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 }
}

function report(figures: Map<string, Figure[]>, { rounds, seconds }: Effort): string {
  const medians = new Map(
    [...figures].map(([name, all]) => [name, medianBy(all, ({ perSecond }) => perSecond)] as const),
  )
  const rows = [...medians].map(([name, { perSecond, p50, p99 }]) => [
    name,
    figure(perSecond),
    p50 ?? NONE,
    p99 ?? NONE,
  ])
  const ratio = (a: string, b: string) =>
    ((medians.get(a)?.perSecond ?? 0) / (medians.get(b)?.perSecond ?? 0)).toFixed(2)
  return `${CONNECTIONS} connections; the median of ${rounds} rounds of ${seconds} s each.

${table(['what', 'per second', 'p50 ms', 'p99 ms'], rows)}

${table(
  ['ratio', ''],
  [
    ['list / the same SQL alone', ratio('list', SQL)],
    ['list / bare Fastify', ratio('list', BARE)],
    ['create / one-row inserts alone', ratio('create', INSERTS)],
  ],
)}`
}

function pick<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)]
  if (item === undefined) throw new Error('there is nothing to pick from')
  return item
}
