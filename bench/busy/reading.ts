import { MESSAGE } from '../runs/support.ts'
import { CONNECTIONS, load } from '../support/load.ts'
import { startProgram } from '../support/programs.ts'
import { measureInRounds } from '../support/rounds.ts'
import type { Effort } from '../support/suite.ts'
import { at, type Made, makeAutomations, pick } from '../support/workspace.ts'
import { type Busy, loadingOf, vacuum, withProgram, withSpaces } from './program.ts'
import { cpuMs, mediansOf, of, type Part, rateOf, ratio, show } from './report.ts'

const LISTED = 10
const CONFIG = { cron: '0 0 1 1 *', ...MESSAGE }

/** What stands in the database. All that is asked for are spaces of ten, by chance or in turn. */
type Shape = { name: string; spaces: number; inTurn?: true; beside: { spaces: number; automations: number } }

const NONE = { spaces: 0, automations: 0 }

const SHAPES: Shape[] = [
  { name: 'of many small spaces', spaces: 1000, beside: NONE },
  { name: 'beside few large spaces', spaces: 100, beside: { spaces: 4, automations: 2286 } },
  // More than a process keeps lists of (db/queries/listed-automations.ts): most are read anew each time.
  { name: 'of more spaces than are kept', spaces: 3000, inTurn: true, beside: NONE },
]

/** list and get in databases of different shapes, because Postgres plans by what it knows of them. */
export async function measureReading(effort: Effort): Promise<Part[]> {
  const parts: Part[] = []
  for (const shape of SHAPES) parts.push(await withProgram((busy) => measure(busy, shape, effort)))
  return parts
}

async function measure(busy: Busy, shape: Shape, effort: Effort): Promise<Part> {
  const idle = await busy.memory()
  const automations = await fill(busy, shape)
  const sample = await sampleOf(busy, pick(automations))
  const bare = await startProgram<{ base: string }>('http/bare.ts', { BENCH_BODY: sample })
  const loading = loadingOf(busy, effort, CONNECTIONS)
  // What differs from space to space is as long in each.
  const isRight = (body: string) => body.length === sample.length
  const asking = (path: () => string, isRight: (body: string) => boolean) => async () =>
    load(busy.server.base, loading, { headers: await busy.headers(), path, isRight })
  const isOne = (body: string) => body.startsWith('{"automation":{')
  const limit = async () => rateOf(await load(bare.ready.base, loading, { path: () => '/', isRight }))
  const list = `list of ${LISTED} ${shape.name}`
  const bareName = `limit: bare Fastify, same bytes as list ${shape.name}`
  // One automation of each space comes after another, ten times.
  let turn = 0
  const next = () => (shape.inTurn ? at(automations, turn++) : pick(automations))
  const all = [
    { name: list, measure: asking(() => listPath(next()), isRight) },
    { name: `get ${shape.name}`, measure: asking(() => getPath(pick(automations)), isOne) },
    { name: bareName, measure: limit },
  ]
  const medians = mediansOf(await measureInRounds('busy', effort.rounds, all, show))
  await bare.stop()
  const aims = shape.inTurn
    ? []
    : [
        { what: `list / bare Fastify, ${shape.name}`, value: ratio(medians, list, bareName), least: 0.15 },
        { what: `ms of processor for a list, ${shape.name}`, value: cpuMs(of(medians, list)), most: 0.5 },
      ]
  return { name: `reading ${shape.name}`, medians, aims, idle, after: await busy.memory() }
}

/** @returns the automations of the spaces that are asked for. */
async function fill(busy: Busy, { spaces, beside }: Shape): Promise<Made[]> {
  const { db } = busy.database
  const listed = await makeAutomations(db, [await withSpaces(busy, spaces)], spaces * LISTED, CONFIG, null)
  if (beside.spaces > 0)
    await makeAutomations(db, [await withSpaces(busy, beside.spaces)], beside.automations, CONFIG, null)
  await vacuum(busy)
  return listed
}

async function sampleOf({ server, headers }: Busy, made: Made): Promise<string> {
  const answer = await fetch(server.base + listPath(made), { headers: await headers() })
  const text = await answer.text()
  const { automations } = JSON.parse(text)
  if (automations?.length !== LISTED) throw new Error(`a list has ${automations?.length}, and not ${LISTED}`)
  return text
}

function listPath({ organizationId, spaceId }: Made): string {
  return `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
}

function getPath(made: Made): string {
  return `${listPath(made)}/${made.id}`
}
