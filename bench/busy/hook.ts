import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../../db/client.ts'
import { now, untilAllSucceeded } from '../runs/support.ts'
import { empty, makeHooks, SECRET, signedEvent } from '../support/hooks.ts'
import { CONNECTIONS, type LoadFigure, type Loading, load } from '../support/load.ts'
import { startProgram } from '../support/programs.ts'
import { figure, progress, table } from '../support/report.ts'
import { measureInRounds } from '../support/rounds.ts'
import type { Effort } from '../support/suite.ts'
import { at } from '../support/workspace.ts'
import { type Busy, compare, loadingOf, vacuum, withProgram, withSpaces } from './program.ts'
import { mediansOf, of, type Part, rateOf, ratio, show } from './report.ts'

const SPREAD = 1000
const BURST = 5000
const LARGE = 20_000
const LONG = 200_000
/** Until what was under way when load ended is stored, or its connection was seen to be gone. */
const IN_FLIGHT_MS = 500
const CONFIG = { channel: 'general', message: '{{ automation.name }}: {{ event.body.type }}' }

/** `tail` is for how many seconds runs ended after the last event had come. */
type HookFigure = LoadFigure & { tail?: number }

const ACCEPT = 'webhook, accepted while runs end beside'
const BARE = 'limit: bare Fastify, verifying the same'

/** One webhook automation that leaves a message for each event: how fast they come in, and how fast their runs end. */
export async function measureHook(effort: Effort): Promise<Part & { tail: number }> {
  return withProgram(async (busy) => {
    const idle = await busy.memory()
    const { db } = busy.database
    const one = await makeHooks(db, await withSpaces(busy, 1), 1, CONFIG)
    const spread = await makeHooks(db, await withSpaces(busy, 10), SPREAD, CONFIG)
    const bare = await startProgram<{ base: string }>('webhooks/server.ts', bareSettings())
    const [small, large] = effort.quick ? [200, 400] : [BURST, LARGE]
    const names = {
      busy: `${small} events of one, until all runs have ended`,
      spread: `${small} events of ${SPREAD}, until all runs have ended`,
      large: `${large} events of one, until all runs have ended`,
    }
    const loading = loadingOf(busy, effort, CONNECTIONS)
    const all = [
      { name: ACCEPT, measure: () => accept(busy, one, loading) },
      { name: BARE, measure: async () => rateOf(await send(bare.ready.base, one, loading)) },
      { name: names.busy, measure: () => burst(busy, one, { ...loading, requests: small }) },
      { name: names.spread, measure: () => burst(busy, spread, { ...loading, requests: small }) },
      { name: names.large, measure: () => burst(busy, one, { ...loading, requests: large }) },
    ]
    await vacuum(busy)
    const medians = mediansOf<HookFigure>(
      await measureInRounds<HookFigure>('busy', effort.rounds, all, showTail, () => emptied(busy)),
    )
    await bare.stop()
    const aims = aimsOfHook(medians, names)
    const tail = of(medians, ACCEPT).tail ?? Number.NaN
    return { name: 'webhooks', medians, aims, idle, after: await busy.memory(), tail }
  })
}

async function emptied(busy: Busy): Promise<void> {
  await empty(busy.database.db)
  await vacuum(busy)
}

function aimsOfHook(medians: Map<string, HookFigure>, names: { busy: string; spread: string; large: string }) {
  return [
    { what: 'webhook / bare Fastify, verifying the same', value: ratio(medians, ACCEPT, BARE), least: 0.25 },
    { what: `${names.busy}, a second`, value: of(medians, names.busy).perSecond, least: 1000 },
    { what: `${names.large}, a second`, value: of(medians, names.large).perSecond, least: 1000 },
    { what: `events of one / of ${SPREAD}`, value: ratio(medians, names.busy, names.spread), least: 0.4 },
  ]
}

function showTail(measured: HookFigure): string {
  return measured.tail === undefined
    ? show(measured)
    : `${show(measured)}, the last run ${figure(measured.tail)} s after`
}

function bareSettings(): Record<string, string> {
  return { BENCH_SUBJECT: 'bare', BENCH_SECRET: SECRET }
}

function send(base: string, hookIds: readonly string[], loading: Loading): Promise<LoadFigure> {
  let i = 0
  return load(base, loading, { method: 'POST', next: () => signedEvent(at(hookIds, i++)) })
}

/** Events for some seconds. The processor time is that of accepting, and of what runs meanwhile. */
async function accept({ server, database: { db } }: Busy, hookIds: readonly string[], loading: Loading) {
  const figure = await send(server.base, hookIds, loading)
  const ended = await now(db)
  await wait(IN_FLIGHT_MS)
  const events = await countEvents(db)
  compare('webhook', figure, events, CONNECTIONS)
  await untilAllSucceeded(db, events)
  return { ...figure, tail: ((await lastEnd(db)) - ended) / 1000 }
}

/** So many events at once. The figure is of events with their runs, from the first request until the last run has ended. */
async function burst(busy: Busy, hookIds: readonly string[], loading: Loading & { requests: number }) {
  const { db } = busy.database
  const { clock, postgres = clock, requests } = loading
  const before = [await clock(), await postgres()] as const
  const began = await now(db)
  const { p50, p99 } = await send(busy.server.base, hookIds, loading)
  const events = await countEvents(db)
  if (events !== requests) throw new Error(`${events} events are stored, and not ${requests}`)
  await untilAllSucceeded(db, events)
  return {
    perSecond: (requests / ((await lastEnd(db)) - began)) * 1000,
    cpuMicroseconds: (((await clock()) - before[0]) / requests) * 1e6,
    postgresMicroseconds: (((await postgres()) - before[1]) / requests) * 1e6,
    ...(p50 === undefined ? {} : { p50 }),
    ...(p99 === undefined ? {} : { p99 }),
  }
}

async function countEvents(db: Database): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::integer as n from webhook_events`.execute(db)
  return rows[0]?.n ?? 0
}

/** When the last run ended, by Postgres' clock. */
async function lastEnd(db: Database): Promise<number> {
  const { rows } = await sql<{ last: Date }>`select max(finished_at) as last from automation_runs`.execute(db)
  return rows[0]?.last.getTime() ?? Number.NaN
}

/** Whether the server's memory stays where it is, however many events one automation has had. */
export async function measureMemory(
  effort: Effort,
): Promise<{ table: string; idle: number; after: number; most: number }> {
  return withProgram(async (busy) => {
    const [idle, { db }] = [await busy.memory(), busy.database]
    const hookIds = await makeHooks(db, await withSpaces(busy, 1), 1, CONFIG)
    const all = effort.quick ? 2000 : LONG
    const requests = all / 10
    const samples: [events: number, mib: number][] = [[0, idle]]
    for (let sent = requests; sent <= all; sent += requests) {
      await send(busy.server.base, hookIds, { ...loadingOf(busy, effort, CONNECTIONS), requests })
      await untilAllSucceeded(db, sent)
      const mib = await busy.memory()
      samples.push([sent, mib])
      progress(`memory: ${sent} events: ${figure(mib)} MiB`)
    }
    const rows = samples.map((sample) => sample.map(figure))
    const [after = Number.NaN] = samples.at(-1)?.slice(1) ?? []
    return { table: table(['events', 'MiB'], rows), idle, after, most: Math.max(...samples.map(([, mib]) => mib)) }
  })
}
