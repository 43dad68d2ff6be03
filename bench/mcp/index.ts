import { withDatabase } from '../support/database.ts'
import { clockOf, type LoadFigure, type Loading, load } from '../support/load.ts'
import { startProgram } from '../support/programs.ts'
import { figure, medianBy, NONE, progress, table } from '../support/report.ts'
import type { Effort, Suite } from '../support/suite.ts'
import { at, type Made, makeAutomations, makeWorkspace } from '../support/workspace.ts'

const SPACES = 100
const AUTOMATIONS = 1000
const CONFIG = { cron: '0 9 * * MON', channel: 'general' }
const REVISIONS = { modern: '2026-07-28', before: '2025-11-25' } as const

const GET = 'GET of an automation'
const MODERN = `get_automation, ${REVISIONS.modern}`
const BEFORE = `get_automation, ${REVISIONS.before}`
/** One AI that waits for each answer, and many. */
const CONNECTIONS = [1, 32]

type Figure = LoadFigure & { name: string; connections: number }
type Subject = { name: string; connections: number; measure: () => Promise<LoadFigure> }

/** What a tool costs beside the operation that it calls, both as AI staff. */
export const mcp: Suite = {
  about: 'a tool of AI staff beside the same GET',
  run: (effort) =>
    withDatabase(async ({ db, url, pid }) => {
      const workspace = await makeWorkspace(db, SPACES)
      const automations = await makeAutomations(db, [workspace], AUTOMATIONS, CONFIG, null)
      const server = await startProgram<{ base: string; token: string }>('mcp/server.ts', { DATABASE_URL: url })
      const loading = { clock: clockOf([server.pid, pid]), seconds: effort.seconds }
      const figures = await measure(
        effort,
        CONNECTIONS.flatMap((connections) => subjects(server.ready, automations, { ...loading, connections })),
      )
      await server.stop()
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
  return [
    { name: GET, connections, measure: get },
    { name: MODERN, connections, measure: call(true) },
    { name: BEFORE, connections, measure: call(false) },
  ]
}

/** In turn, several rounds over, so that a machine that slows down slows all of them. The median counts. */
async function measure({ rounds }: Effort, all: readonly Subject[]): Promise<Figure[]> {
  const figures = all.map((): LoadFigure[] => [])
  for (let round = 1; round <= rounds; round++) {
    for (const [at, { name, connections, measure }] of all.entries()) {
      const measured = await measure()
      figures[at]?.push(measured)
      const cpu = figure(measured.cpuMicroseconds)
      progress(`mcp: round ${round} of ${rounds}: ${name}, ${connections} connections: ${cpu} µs each`)
    }
  }
  return all.map(({ name, connections }, at) => ({
    name,
    connections,
    ...medianBy(figures[at] ?? [], ({ cpuMicroseconds }) => cpuMicroseconds),
  }))
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

function pick(automations: readonly Made[]): Made {
  return at(automations, Math.floor(Math.random() * automations.length))
}

function report(figures: readonly Figure[], { rounds, seconds }: Effort): string {
  const rows = figures.map(({ name, connections, perSecond, cpuMicroseconds, p50, p99 }) => {
    const get = figures.find((each) => each.name === GET && each.connections === connections)
    const ratio = cpuMicroseconds / (get?.cpuMicroseconds ?? Number.NaN)
    return [name, connections, figure(perSecond), p50 ?? NONE, p99 ?? NONE, figure(cpuMicroseconds), figure(ratio)]
  })
  return `As AI staff; the median of ${rounds} rounds of ${seconds} s each. CPU is that of the program and Postgres.

${table(['what', 'connections', 'per second', 'p50 ms', 'p99 ms', 'CPU µs each', 'of the GET'], rows)}`
}
