import { withDatabase } from '../support/database.ts'
import { CONNECTIONS, clockWithClient, type LoadFigure, type Loading, load } from '../support/load.ts'
import { startProgram } from '../support/programs.ts'
import { figure, medianBy, NONE, progress, table } from '../support/report.ts'
import { measureInRounds } from '../support/rounds.ts'
import type { Effort, Suite } from '../support/suite.ts'
import { type Made, makeAutomations, makeWorkspace, pick, type Workspace } from '../support/workspace.ts'
import { measureFollowers } from './followers.ts'
import { insertLimit, listLimit } from './limits.ts'

const SPACES = 1000
const AUTOMATIONS_PER_SPACE = 10
const CONFIG = { cron: '0 9 * * MON', channel: 'general' }

type Subject = { name: string; measure: () => Promise<LoadFigure> }

/** list, get and create over loopback, beside what the machine can do at most in the same minutes. */
export const http: Suite = {
  about: 'list, get and create over HTTP, beside bare Fastify and the same SQL alone',
  run: (effort) =>
    withDatabase(async ({ db, url, pid }) => {
      const spaces = effort.quick ? 10 : SPACES
      progress(`http: making ${spaces} spaces of ${AUTOMATIONS_PER_SPACE} automations`)
      const workspace = await makeWorkspace(db, spaces)
      const automations = await makeAutomations(db, [workspace], spaces * AUTOMATIONS_PER_SPACE, CONFIG, null)
      const server = await startProgram<Ready>('http/server.ts', { DATABASE_URL: url })
      const bare = await startProgram<{ base: string }>('http/bare.ts', { BENCH_BODY: server.ready.sample })
      const loading = { clock: clockWithClient([server.pid, bare.pid, pid]), seconds: effort.seconds }
      const limits: Subject[] = [
        { name: BARE, measure: () => load(bare.ready.base, loading, { path: () => '/' }) },
        { name: SQL, measure: () => listLimit(db, workspace, CONNECTIONS, loading) },
        { name: INSERTS, measure: () => insertLimit(db, workspace, CONNECTIONS, loading) },
      ]
      const all = [...subjects(server.ready, workspace, automations, loading), ...limits]
      const figures = await measureInRounds('http', effort.rounds, all, ({ perSecond }) => `${figure(perSecond)}/s`)
      await Promise.all([server.stop(), bare.stop()])
      // One of its own: what load has left behind would hide what followers take.
      const followed = await startProgram<Ready>('http/server.ts', { DATABASE_URL: url })
      const followers = await measureFollowers(db, followed, workspace, effort)
      await followed.stop()
      return `${report(figures, effort)}\n\n${followers}`
    }),
}

const BARE = 'limit: bare Fastify, same bytes as list'
const SQL = 'limit: SQL of list alone'
const INSERTS = 'limit: one-row inserts alone'

/** What the server says of itself: where it is, who may ask, and the body of a list. */
type Ready = { base: string; token: string; sample: string }

function subjects({ base, token }: Ready, workspace: Workspace, automations: Made[], loading: Loading): Subject[] {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ name: 'Weekly digest', kind: 'scheduled', config: CONFIG })
  const list = (spaceId = pick(workspace.spaceIds)) =>
    `/api/v1/organizations/${workspace.organizationId}/spaces/${spaceId}/automations`
  const one = ({ spaceId, id } = pick(automations)) => `${list(spaceId)}/${id}`
  return [
    { name: 'list', measure: () => load(base, loading, { headers, path: () => list() }) },
    { name: 'get', measure: () => load(base, loading, { headers, path: () => one() }) },
    { name: 'create', measure: () => load(base, loading, { headers, path: () => list(), method: 'POST', body }) },
  ]
}

function report(figures: Map<string, LoadFigure[]>, { rounds, seconds }: Effort): string {
  const medians = new Map(
    [...figures].map(([name, all]) => [name, medianBy(all, ({ perSecond }) => perSecond)] as const),
  )
  const rows = [...medians].map(([name, { perSecond, cpuMicroseconds, p50, p99 }]) => {
    const cpu = Number.isNaN(cpuMicroseconds) ? NONE : figure(cpuMicroseconds)
    return [name, figure(perSecond), p50 ?? NONE, p99 ?? NONE, cpu]
  })
  const ratio = (a: string, b: string) => {
    const [one, limit] = [medians.get(a), medians.get(b)]
    if (one === undefined || limit === undefined) throw new Error(`nothing was measured of ${a} or ${b}`)
    return [one.perSecond / limit.perSecond, limit.cpuMicroseconds / one.cpuMicroseconds].map(figure)
  }
  return `${CONNECTIONS} connections; the median of ${rounds} rounds of ${seconds} s each. CPU is that of the program, Postgres and the
client together.

${table(['what', 'per second', 'p50 ms', 'p99 ms', 'CPU µs each'], rows)}

${table(
  ['ratio', 'by rate', 'by CPU'],
  [
    ['list / the same SQL alone', ...ratio('list', SQL)],
    ['list / bare Fastify', ...ratio('list', BARE)],
    ['create / one-row inserts alone', ...ratio('create', INSERTS)],
  ],
)}`
}
