import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { createDb, type Database } from '../db/client.ts'
import { startEmbedded } from '../db/embedded.ts'
import { migrate } from '../db/migrate.ts'
import { insertLimit, listLimit } from './limits.ts'
import { type Dataset, seed } from './seed.ts'

// Measures list, get and create over loopback, beside what the machine can do at most in the same minutes.
// Absolute figures are worth nothing on another machine; the ratios travel.
const CONNECTIONS = 32
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const SECONDS = Number(process.env.BENCH_SECONDS ?? 5)
const WARM_UP_SECONDS = 2

type Figure = { perSecond: number; p50?: number; p99?: number }

const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-bench-'))
const postgres = await startEmbedded(folder)
const db = createDb(postgres.url)
try {
  await migrate(db)
  console.log('Making 1,000 spaces of 10 automations …')
  const dataset = await seed(db)
  const figures = await measure(dataset, db)
  report(figures)
} finally {
  await db.destroy()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}

/** Each figure in turn, several rounds over, so that a machine that slows down slows all of them. */
async function measure(dataset: Dataset, db: Database): Promise<Map<string, Figure[]>> {
  const server = await startProcess('server.ts', { DATABASE_URL: postgres.url })
  const { base, token, sample } = server.ready as { base: string; token: string; sample: string }
  const bare = await startProcess('bare.ts', { BENCH_BODY: sample })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON' } })
  const space = () => `/api/v1/organizations/${dataset.organizationId}/spaces/${pick(dataset.spaceIds)}/automations`
  const one = () => {
    const { spaceId, id } = pick(dataset.automations)
    return `/api/v1/organizations/${dataset.organizationId}/spaces/${spaceId}/automations/${id}`
  }
  const http = (url: string, path: () => string, method: 'GET' | 'POST' = 'GET') => {
    const setupRequest = (request: object) => ({ ...request, path: path() })
    return load(url, { headers, method, setupRequest, ...(method === 'POST' ? { body } : {}) })
  }
  const subjects: [string, () => Promise<Figure>][] = [
    ['list', () => http(base, space)],
    ['get', () => http(base, one)],
    ['create', () => http(base, space, 'POST')],
    ['limit: bare Fastify, same bytes as list', () => http((bare.ready as { base: string }).base, () => '/')],
    ['limit: SQL of list alone', () => listLimit(db, dataset, CONNECTIONS, SECONDS)],
    ['limit: one-row inserts alone', () => insertLimit(db, dataset, CONNECTIONS, SECONDS)],
  ]
  const figures = new Map<string, Figure[]>(subjects.map(([name]) => [name, []]))
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [name, run] of subjects) {
      const figure = await run()
      figures.get(name)?.push(figure)
      console.log(`round ${round}  ${name}: ${Math.round(figure.perSecond)}/s`)
    }
  }
  await Promise.all([server.stop(), bare.stop()])
  return figures
}

async function load(
  url: string,
  options: Omit<autocannon.Options, 'url' | 'requests'> & { setupRequest: autocannon.Request['setupRequest'] },
): Promise<Figure> {
  const { setupRequest, ...rest } = options
  const settings = { ...rest, url, connections: CONNECTIONS, requests: [{ ...(setupRequest ? { setupRequest } : {}) }] }
  await autocannon({ ...settings, duration: WARM_UP_SECONDS })
  const result = await autocannon({ ...settings, duration: SECONDS })
  const failed = result.non2xx + result.errors
  if (failed > 0) throw new Error(`${failed} requests to ${url} failed`)
  return { perSecond: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 }
}

/** Starts a program of this folder and waits for the line of JSON that it prints when it is ready. */
async function startProcess(file: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, file)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(child.stdout, 'data')
  return {
    ready: JSON.parse(String(line)) as unknown,
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

function report(figures: Map<string, Figure[]>): void {
  const { model = 'unknown processor' } = cpus()[0] ?? {}
  console.log(`\n${model}, ${cpus().length} cores, Node ${process.versions.node}, embedded Postgres 18`)
  console.log(
    `${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s after ${WARM_UP_SECONDS} s of warm-up; medians\n`,
  )
  console.log('| what | per second | p50 ms | p99 ms |\n|---|---:|---:|---:|')
  const medians = new Map<string, Figure>()
  for (const [name, rounds] of figures) {
    const middle = medianBy(rounds)
    medians.set(name, middle)
    console.log(`| ${name} | ${Math.round(middle.perSecond)} | ${middle.p50 ?? ''} | ${middle.p99 ?? ''} |`)
  }
  const ratio = (a: string, b: string) =>
    ((medians.get(a)?.perSecond ?? 0) / (medians.get(b)?.perSecond ?? 1)).toFixed(2)
  console.log(`\nlist / SQL of list alone: ${ratio('list', 'limit: SQL of list alone')}`)
  console.log(`list / bare Fastify: ${ratio('list', 'limit: bare Fastify, same bytes as list')}`)
  console.log(`create / one-row inserts alone: ${ratio('create', 'limit: one-row inserts alone')}`)
}

function medianBy(rounds: Figure[]): Figure {
  const sorted = rounds.toSorted((a, b) => a.perSecond - b.perSecond)
  return sorted[Math.floor(sorted.length / 2)] ?? { perSecond: 0 }
}

function pick<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}
