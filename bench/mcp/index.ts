import { withDatabase } from '../support/database.ts'
import { clockOf, type LoadFigure, type Loading, load } from '../support/load.ts'
import { startProgram } from '../support/programs.ts'
import { figure, medianBy, NONE, table } from '../support/report.ts'
import { measureInRounds } from '../support/rounds.ts'
import type { Effort, Suite } from '../support/suite.ts'
import { type Made, makeAutomations, makeWorkspace, pick } from '../support/workspace.ts'

const SPACES = 100
const AUTOMATIONS = 1000
const CONFIG = { cron: '0 9 * * MON', channel: 'general' }
const REVISIONS = { modern: '2026-07-28', before: '2025-11-25' } as const

const GET = 'GET of an automation'
const MODERN = `get_automation, ${REVISIONS.modern}`
const BEFORE = `get_automation, ${REVISIONS.before}`
/** One AI that waits for each answer, and many. */
const CONNECTIONS = [1, 32]

type Figure = LoadFigure & { what: string; connections: number }
type Subject = { name: string; what: string; connections: number; measure: () => Promise<LoadFigure> }

/** What a tool costs beside the operation that it calls, both as AI staff. */
export const mcp: Suite = {
  about: 'a tool of AI staff beside the same GET',
  run: (effort) =>
    withDatabase(async ({ db, url, pid }) => {
      const workspace = await makeWorkspace(db, SPACES)
      const automations = await makeAutomations(db, [workspace], AUTOMATIONS, CONFIG, null)
      const server = await startProgram<{ base: string; token: string }>('mcp/server.ts', { DATABASE_URL: url })
      const loading = { clock: clockOf([server.pid, pid]), seconds: effort.seconds }
      const all = CONNECTIONS.flatMap((connections) => subjects(server.ready, automations, { ...loading, connections }))
      const show = ({ cpuMicroseconds }: LoadFigure) => `${figure(cpuMicroseconds)} µs each`
      const measured = await measureInRounds('mcp', effort.rounds, all, show)
      await server.stop()
      const figures = all.map(({ name, what, connections }) => {
        return { what, connections, ...medianBy(measured.get(name) ?? [], ({ cpuMicroseconds }) => cpuMicroseconds) }
      })
      return report(figures, effort)
    }),
}

function subjects(
  { base, token }: { base: string; token: string },
  automations: readonly Made[],
  loading: Loading & { connections: number },
): Subject[] {
  const authorization = `Bearer ${token}`
  const isRight = (body: string) => body.includes('Weekly digest') && !body.includes('"isError"')
  const get = () => load(base, loading, { path: () => pathOf(pick(automations)), headers: { authorization }, isRight })
  const call = (isModern: boolean) => () =>
    load(base, loading, {
      method: 'POST',
      path: () => '/mcp',
      headers: { authorization, ...headersOf(isModern) },
      body: () => bodyOf(pick(automations), isModern),
      isRight,
    })
  const { connections } = loading
  const subject = (what: string, measure: Subject['measure']): Subject => {
    return { name: `${what}, ${connections} connections`, what, connections, measure }
  }
  return [subject(GET, get), subject(MODERN, call(true)), subject(BEFORE, call(false))]
}

function pathOf({ organizationId, spaceId, id }: Made): string {
  return `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations/${id}`
}

function headersOf(isModern: boolean): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': isModern ? REVISIONS.modern : REVISIONS.before,
    ...(isModern ? { 'mcp-method': 'tools/call', 'mcp-name': 'get_automation' } : {}),
  }
}

function bodyOf({ spaceId, id }: Made, isModern: boolean): string {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': REVISIONS.modern,
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const call = { name: 'get_automation', arguments: { space_id: spaceId, automation_id: id } }
  return JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { ...call, ...(isModern ? { _meta } : {}) },
  })
}

function report(figures: readonly Figure[], { rounds, seconds }: Effort): string {
  const rows = figures.map(({ what, connections, perSecond, cpuMicroseconds, p50, p99 }) => {
    const get = figures.find((each) => each.what === GET && each.connections === connections)
    const ratio = cpuMicroseconds / (get?.cpuMicroseconds ?? Number.NaN)
    return [what, connections, figure(perSecond), p50 ?? NONE, p99 ?? NONE, figure(cpuMicroseconds), figure(ratio)]
  })
  return `As AI staff; the median of ${rounds} rounds of ${seconds} s each. CPU is that of the program and Postgres.

${table(['what', 'connections', 'per second', 'p50 ms', 'p99 ms', 'CPU µs each', 'of the GET'], rows)}`
}
