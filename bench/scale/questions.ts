import type { Kysely, Transaction } from 'kysely'
import * as access from '../../db/queries/access.ts'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import * as dueAutomations from '../../db/queries/due-automations.ts'
import * as listedAutomations from '../../db/queries/listed-automations.ts'
import * as reviews from '../../db/queries/reviews.ts'
import * as shownEvents from '../../db/queries/shown-webhook-events.ts'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import * as webhooks from '../../db/queries/webhooks.ts'
import type { DB } from '../../db/types.ts'
import { KINDS } from '../../src/kinds/index.ts'
import { RULES } from '../support/app.ts'
import { at } from '../support/workspace.ts'
import { DUE, DUE_AT, type Filled, OLD, PROPOSALS } from './fill.ts'

/** What is asked of the database, and how many rows are right. What changes something is taken back each time. */
export type Question = { name: string; rows: number } & (
  | { ask: (db: Kysely<DB>, i: number) => Promise<number> }
  | { change: (trx: Transaction<DB>) => Promise<number> }
)

/** Something in the middle of an organization, for questions about one thing. */
export type Sample = {
  webhookId: string
  webhookSpaceId: string
  eventKey: string
  /** Of a row in the middle of the first large space. */
  middle: listedAutomations.Position
}

const URLS = { hooksUrl: 'http://127.0.0.1/api/v1/hooks/', tunnelsUrl: 'http://*.localhost' }
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const KEPT_DAYS = 90
const BATCH = 500
const PAGE = 50

export function questionsOf(organization: Filled, sample: Sample): Question[] {
  return [...lists(organization, sample), ...ofOne(organization, sample), ...ofSchedules(), ...ofUpkeep()]
}

function lists(organization: Filled, { middle }: Sample): Question[] {
  const { organizationId, userId, large, small } = organization
  const space = (id: string | undefined) => ({ organizationId, id: id ?? '' })
  const filter = { spaceId: null, kind: null, authorId: null, automationId: null }
  const review = (seesEverySpace: boolean) => async (db: Kysely<DB>) => {
    const viewer = { userId, seesEverySpace }
    return (await reviews.list(db, organizationId, viewer, filter, { after: null, most: PAGE })).rows.length
  }
  const list = async (db: Kysely<DB>, spaceId: string | undefined, page: listedAutomations.ListPage) =>
    countOf(await listedAutomations.list(db, space(spaceId), listedAutomations.NO_FILTER, page, URLS))
  const page = (after: listedAutomations.Position | null) => (db: Kysely<DB>) =>
    list(db, large[0], { most: PAGE, after })
  const whole = (db: Kysely<DB>, i: number) => list(db, at(small, i), { most: null, after: null })
  return [
    { name: 'list of a space of 10', rows: 10, ask: whole },
    { name: `the first ${PAGE} of a large space`, rows: PAGE, ask: page(null) },
    { name: `${PAGE} in the middle of a large space`, rows: PAGE, ask: page(middle) },
    { name: `${PAGE} of ${PROPOSALS} proposals, who sees every space`, rows: PAGE, ask: review(true) },
    { name: `${PAGE} of ${PROPOSALS} proposals, who does not`, rows: PAGE, ask: review(false) },
    {
      name: `the newest ${PAGE} runs of a large space`,
      rows: PAGE,
      ask: async (db) =>
        (await automationRuns.listOfSpace(db, space(large[0]), { status: null, before: null, most: PAGE })).rows.length,
    },
  ]
}

function ofOne({ organizationId, userId, sessionId, small }: Filled, sample: Sample): Question[] {
  const space = { organizationId, id: sample.webhookSpaceId }
  const id = sample.webhookId
  const page = { status: null, before: null, most: PAGE }
  const key = { organization_id: organizationId, automation_id: id, event_key: sample.eventKey }
  return [
    {
      name: `the newest ${PAGE} runs of an automation`,
      rows: PAGE,
      ask: async (db) => (await automationRuns.list(db, space, id, page)).rows.length,
    },
    {
      name: `the newest ${PAGE} events of an automation`,
      rows: PAGE,
      ask: async (db) => (await shownEvents.list(db, space, id, { ...page, mostBytes: 1e6 })).ids.length,
    },
    {
      name: 'access check',
      rows: 1,
      ask: async (db, i) => {
        const found = await access.find(db, { sessionId, userId }, organizationId, at(small, i))
        return found?.is_member && found.space_exists ? 1 : 0
      },
    },
    { name: 'a hook by its id', rows: 1, ask: async (db) => (await webhooks.list(db, [`wh_${id}`])).length },
    {
      name: 'an event by its key',
      rows: 1,
      ask: async (db) => (await webhookEvents.listByKey(db, [key])).length,
    },
  ]
}

function ofSchedules(): Question[] {
  const before = new Date(DUE_AT.getTime() - MINUTE_MS)
  return [
    {
      name: `${DUE} automations that are due`,
      rows: DUE,
      change: async (trx) => (await dueAutomations.claim(trx, KINDS.names, DUE_AT, 2 * DUE)).length,
    },
    {
      name: 'when the next is due, while some are now',
      rows: 1,
      ask: async (db) => Number((await dueAutomations.nextTime(db, KINDS.names, DUE_AT)).isOverdue),
    },
    {
      name: 'when the next is due, while none is now',
      rows: 1,
      ask: async (db) => {
        const { isOverdue, next } = await dueAutomations.nextTime(db, KINDS.names, before)
        return !isOverdue && next?.getTime() === DUE_AT.getTime() ? 1 : 0
      },
    },
  ]
}

/** What is looked for each minute. */
function ofUpkeep(): Question[] {
  const kept = new Date(Date.now() - KEPT_DAYS * DAY_MS)
  const long = new Date(Date.now() - 3 * KEPT_DAYS * DAY_MS)
  const none = async (found: Promise<unknown>) => ((await found) === undefined ? 0 : 1)
  return [
    { name: `removes ${OLD} old runs`, rows: OLD, change: (trx) => automationRuns.removeFinished(trx, kept, BATCH) },
    { name: 'finds no old runs', rows: 0, change: (trx) => automationRuns.removeFinished(trx, long, BATCH) },
    { name: `removes ${OLD} old events`, rows: OLD, change: (trx) => webhookEvents.removeReceived(trx, kept, BATCH) },
    { name: 'finds no old events', rows: 0, change: (trx) => webhookEvents.removeReceived(trx, long, BATCH) },
    {
      name: 'finds no secrets that have ended',
      rows: 0,
      change: (trx) => automationSecrets.destroyExpired(trx, BATCH),
    },
    { name: 'finds no proposals that have expired', rows: 0, change: (trx) => none(reviews.claimExpired(trx, [])) },
    {
      name: 'finds none to look at again',
      rows: 0,
      change: (trx) => none(automations.claimUnchecked(trx, KINDS.names, RULES, [])),
    },
  ]
}

function countOf(listed: listedAutomations.Listed): number {
  return 'ids' in listed ? listed.ids.length : JSON.parse(`[${listed.json}]`).length
}
