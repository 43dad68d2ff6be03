import { sql, type Transaction } from 'kysely'
import { createDb, type Database } from '../../db/client.ts'
import type { DB } from '../../db/types.ts'
import { withDatabase } from '../support/database.ts'
import { figure, medianBy, progress, table } from '../support/report.ts'
import type { Effort, Suite } from '../support/suite.ts'
import { at } from '../support/workspace.ts'
import { automationsOf, type Filled, fill, type Shape } from './fill.ts'
import { type Plan, planOf } from './plans.ts'
import { type Question, questionsOf, type Sample } from './questions.ts'

const SHAPES: [Shape, Shape] = [
  { units: 1, large: 10_000 },
  { units: 91, large: 10_000 },
]
const QUICK: [Shape, Shape] = [
  { units: 1, large: 200 },
  { units: 3, large: 200 },
]
const MOST_GROWTH = 1.3
/** Until Postgres has decided whether one plan is as good as one for each values, and what is asked for is in memory. */
const WARM_UP = 20
const REPEATS = 301
/** Time for a question: what is too slow for so many repeats is seen with fewer. */
const MOST_MS = 20_000
const LEAST_REPEATS = 5
/** Not of durability: it only spares writing pages twice while it is filled. */
const SETTINGS = { max_wal_size: '4GB' }

type Size = { automations: number; runs: number; events: number; gigabytes: number; seconds: number }
/** A database that is full, and what is asked of it, by one session for statements and one for transactions: what each is planned like is known. */
type Side = { size: Size; db: Database; questions: Question[] }
/** Milliseconds with few and with many, and the plan with many. */
type Measured = { name: string; before: number; ms: number; plan: Plan }

/** The statements that the program waits for, in a database with little in it, and with much. */
export const scale: Suite = {
  about: 'statements over 1,000,000 automations, 10,000,000 runs and events, beside a hundredth of that',
  run: async (effort) => {
    const [few, many] = effort.quick ? QUICK : SHAPES
    return withSide(few, (small) =>
      withSide(many, async (large) => {
        const measured: Measured[] = []
        for (const [i, question] of large.questions.entries())
          measured.push(
            await measure([askOf(small, at(small.questions, i)), askOf(large, question)], question.name, effort),
          )
        return report([small.size, large.size], measured)
      }),
    )
  },
}

async function withSide<T>(shape: Shape, work: (side: Side) => Promise<T>): Promise<T> {
  return withDatabase(async ({ db: filling, url }) => {
    const began = performance.now()
    progress(`scale: making ${automationsOf(shape)} automations`)
    const organizations = await fill(filling, shape)
    const size = await sizeOf(filling, (performance.now() - began) / 1000)
    progress(`scale: ${JSON.stringify(size)}`)
    const db = createDb(url, { pipelines: 1, poolSize: 1, statementTimeout: 120_000 })
    try {
      return await work({ size, db, questions: await questions(filling, organizations, shape) })
    } finally {
      await db.destroy()
    }
  }, SETTINGS)
}

async function questions(db: Database, organizations: readonly Filled[], { large }: Shape): Promise<Question[]> {
  const { rows } = await sql<Sample & { organizationId: string }>`
    select a.organization_id as "organizationId", a.id as "webhookId", a.space_id as "webhookSpaceId", e.event_key as "eventKey"
      from (select automation_id from automation_runs where trigger = 'webhook' group by 1 order by count(*) desc limit 1) most
      join automations a on a.id = most.automation_id
      join webhook_events e on e.organization_id = a.organization_id and e.automation_id = a.id
     limit 1`.execute(db)
  const [sample] = rows
  const organization = organizations.find(({ organizationId }) => organizationId === sample?.organizationId)
  if (sample === undefined || organization === undefined) throw new Error('there is nothing to ask about')
  const middle = await db
    .selectFrom('automations')
    .select(['id', sql<string>`to_json(updated_at)#>>'{}'`.as('updatedAt')])
    .where('organization_id', '=', organization.organizationId)
    .where('space_id', '=', organization.large[0] ?? '')
    .orderBy('updated_at', 'desc')
    .orderBy('id', 'desc')
    .offset(large / 2)
    .limit(1)
    .executeTakeFirstOrThrow()
  return questionsOf(organization, { ...sample, middle })
}

type Ask = (i: number) => Promise<number>

function askOf({ db }: Side, question: Question): Ask {
  return (i) => once(db, question, i)
}

/** Asks both by turns: a machine that is slower for a while is slower for both. */
async function measure([small, large]: [Ask, Ask], name: string, { quick }: Effort): Promise<Measured> {
  const sides = [small, large].map((ask) => ({ ask, times: [] as number[] }))
  const [warmUp, repeats] = quick ? [5, 5] : [WARM_UP, REPEATS]
  const began = performance.now()
  for (let i = 0; i < warmUp + repeats; i++) {
    for (const { ask, times } of i % 2 ? sides : sides.toReversed()) {
      const ms = await ask(i)
      if (i >= warmUp || ms > MOST_MS / REPEATS) times.push(ms)
    }
    const isEnough = sides.every(({ times }) => times.length >= LEAST_REPEATS)
    if (isEnough && performance.now() - began > MOST_MS) break
  }
  const [before = Number.NaN, ms = Number.NaN] = sides.map(({ times }) => medianBy(times, (each) => each))
  const plan = await planOf(() => large(0))
  progress(`scale: ${name}: ${figure(before)} and ${figure(ms)} ms, ${plan.short}`)
  return { name, before, ms, plan }
}

/** @returns milliseconds. @throws where the answer is not right: then its speed is worth nothing. */
async function once(db: Database, question: Question, i: number): Promise<number> {
  const timed = async (ask: () => Promise<number>) => {
    const began = performance.now()
    const rows = await ask()
    const ms = performance.now() - began
    if (rows !== question.rows) throw new Error(`${question.name}: ${rows} rows, and not ${question.rows}`)
    return ms
  }
  if ('ask' in question) return timed(() => question.ask(db, i))
  return takenBack(db, (trx) => timed(() => question.change(trx)))
}

class TakenBack extends Error {}

async function takenBack<T>(db: Database, work: (trx: Transaction<DB>) => Promise<T>): Promise<T> {
  let result: { of: T } | undefined
  try {
    await db.transaction().execute(async (trx) => {
      result = { of: await work(trx) }
      throw new TakenBack()
    })
  } catch (error) {
    if (!(error instanceof TakenBack) || result === undefined) throw error
  }
  if (result === undefined) throw new Error('nothing was done')
  return result.of
}

async function sizeOf(db: Database, seconds: number): Promise<Size> {
  const { rows } = await sql<Omit<Size, 'seconds'>>`
    select (select count(*)::integer from automations) as automations, (select count(*)::integer from automation_runs) as runs,
           (select count(*)::integer from webhook_events) as events,
           pg_database_size(current_database())::float8 / 1e9 as gigabytes`.execute(db)
  const [size] = rows
  if (size === undefined) throw new Error('there is no database')
  return { ...size, seconds }
}

function report(both: Size[], measured: Measured[]): string {
  const sizes = both.map((size) => Object.values(size).map(figure))
  const pairs = measured.map((each) => ({ ...each, growth: each.ms / each.before }))
  const rows = pairs.map(({ name, before, ms, growth, plan }) => {
    return [name, figure(before), figure(ms), figure(growth), growth <= MOST_GROWTH ? 'reached' : 'missed', plan.short]
  })
  const bad = pairs.filter(({ growth, plan }) => plan.isBad || growth > MOST_GROWTH)
  const plans = bad.map(({ name, plan }) => `${name}:\n\n\`\`\`\n${plan.text}\n\`\`\``)
  return `Milliseconds until the answer is here, of the one database and the other by turns, the median of up to ${REPEATS}. What changes something is taken back.
The aim is growth within ${MOST_GROWTH}.

${table(['automations', 'runs', 'events', 'GB', 'seconds to fill it'], sizes)}

${table(['what', 'ms with few', 'ms with many', 'growth', '', 'scans with many'], rows)}

${[`Plans of what grows, or reads a large table from end to end: ${bad.length === 0 ? 'none.' : ''}`, ...plans].join('\n\n')}`
}
