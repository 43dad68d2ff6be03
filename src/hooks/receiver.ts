import type { Database } from '../../db/client.ts'
import { foreignKeyViolation, isUnavailable, uniqueViolation } from '../../db/failures.ts'
import { gather } from '../../db/gather.ts'
import { carry, LARGE_BYTES } from '../../db/large.ts'
import { newId } from '../../db/new-id.ts'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import type { Actions } from '../actions/index.ts'
import { ApiError, tryAgain } from '../errors.ts'
import type { Delivery, ReceivedEvent } from '../kinds/kind.ts'
import type { Kinds } from '../kinds/registry.ts'
import type { RunQueue } from '../runs/queue.ts'
import type { Cipher } from '../secrets/cipher.ts'
import { type Arrival, type EventBatches, MAX_BYTES_AT_ONCE, type Receipt } from './arrival.ts'
import { createLookup, type Hook } from './lookup.ts'
import { createReader, type Reader } from './reading.ts'
import { createSay } from './say.ts'

/** A receipt, and for how long the sender wants to wait for the end of the run; or the answer to a question. */
export type { Hook }
export type Answer = { receipt: Receipt; hook: Hook; waitSeconds: number | null } | { challenge: string }

export type ReceiverOptions = {
  db: Database
  queue: Pick<RunQueue, 'sendWithin'>
  cipher: Cipher
  actions: Pick<Actions, 'problems' | 'say'>
  kinds: Kinds
  batches?: EventBatches | undefined
  /** Whether this process runs automations: then runs that only say something begin and end with their event. */
  isWorker?: boolean | undefined
  /** How long such an event waits for somebody who holds its automation, before its run is queued. */
  mostWaitMs?: number
}

/** While one batch is written the next one gathers: the more come, the more share a statement. */
const BATCHES: EventBatches = { most: 500, concurrency: 1 }
const MAX_WAIT_MS = 250

/** How often a hook may change while one event is on its way. */
const MAX_TRIES = 3

/**
 * Makes a function that takes what comes in at a hook: verifies it, reads it, and stores the event with its run and job. It
 * resolves once all of that is committed. Events that come at the same time share a transaction.
 *
 * An event is verified by what was last read of its hook, and the statement that stores it takes it only while the hook is
 * still the same; so a change holds from the next request on, and most events cost no reading (docs/adr/0003).
 *
 * `onUnproven` is called, and waited for, before a request is refused, and where nothing need be proved.
 *
 * @throws ApiError `webhook_not_verified`, the same for an unknown hook; or what is wrong with the event.
 */
export function createReceiver({
  db,
  queue,
  cipher,
  actions,
  kinds,
  batches = BATCHES,
  isWorker = false,
  mostWaitMs = MAX_WAIT_MS,
}: ReceiverOptions): (hookId: string, delivery: Delivery, onUnproven: () => Promise<void>) => Promise<Answer> {
  const hooks = createLookup({ db, cipher, actions, kinds })
  const isVerified = verifier(kinds)
  const read = createReader()
  const say = isWorker ? createSay(db, actions, { batches, mostWaitMs }) : undefined
  const queued = createStore(db, queue, batches)
  const store: Store = async (arrival) => (await say?.(arrival)) ?? queued(arrival)
  return async (hookId, delivery, onUnproven) => {
    const recalled = hooks.recall(hookId)
    const event = isProven(recalled, delivery, isVerified) ? await readQuietly(read, recalled, delivery) : undefined
    const receipt = recalled && event && (await store({ hook: recalled, event: toEvent(recalled, event) }))
    if (recalled && receipt) return toAnswer(recalled, receipt)
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const hook = await hooks.find(hookId)
      const isGenuine = isVerified(hook, delivery)
      if (!isGenuine || !hook.intake.needsSecret(hook.config)) await onUnproven()
      if (!isGenuine) throw notVerified()
      const said = await read(hook, delivery)
      if ('challenge' in said) return said
      const fresh = await store({ hook, event: toEvent(hook, said) })
      if (fresh) return toAnswer(hook, fresh)
    }
    throw tryAgain()
  }
}

/** Whether somebody has proved who they are: not where nothing need be proved. */
function isProven(hook: Hook | undefined, delivery: Delivery, isVerified: IsVerified): hook is Hook {
  return isVerified(hook, delivery) && hook.intake.needsSecret(hook.config)
}

/**
 * The event of a request; undefined for anything that is to be answered by a hook as it is now.
 *
 * @throws ApiError `unavailable` where it can't be read at present.
 */
async function readQuietly(read: Reader, hook: Hook, delivery: Delivery): Promise<ReceivedEvent | undefined> {
  try {
    const said = await read(hook, delivery)
    return 'challenge' in said ? undefined : said
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) return undefined
    throw error
  }
}

function toAnswer(hook: Hook, receipt: Receipt): Answer {
  return { receipt, hook, waitSeconds: hook.intake.waitSeconds(hook.config) }
}

type IsVerified = (hook: Hook | undefined, delivery: Delivery) => hook is Hook

/** For an unknown hook, as much is done as for a signature that is wrong. */
function verifier({ list }: Kinds): IsVerified {
  const intake = list.find((kind) => kind.intake !== undefined)?.intake
  return (hook, delivery): hook is Hook => {
    const now = new Date()
    if (hook !== undefined) return hook.intake.verify(hook.config, delivery, hook.secrets, now)
    intake?.verify({}, delivery, [], now)
    return false
  }
}

function notVerified(): ApiError {
  return new ApiError('webhook_not_verified', { headers: { 'WWW-Authenticate': 'Signature' } })
}

function toEvent(hook: Hook, received: ReceivedEvent): webhookEvents.NewEvent {
  const now = Date.now()
  const status = hook.isIdle ? 'ignored' : received.wanted ? 'accepted' : 'filtered'
  return {
    id: newId(now),
    hook: hook.state,
    event_key: received.key,
    type: received.type,
    status,
    headers: received.headers,
    body: received.body,
    body_bytes: Buffer.byteLength(received.body),
    body_replaced: received.isReplaced ?? false,
    run_id: status === 'accepted' ? newId(now) : null,
    received_at: new Date(now).toISOString(),
  }
}

/** Stores an event. Undefined where its hook is not what it was. */
type Store = (arrival: Arrival) => Promise<Receipt | undefined>

/** What an event has lost whose automation is deleted at the same moment. */
const OF_AUTOMATION = 'webhook_events_organization_id_automation_id_fkey'

/** Makes what stores events; large ones by themselves, so that no other waits for them. */
function createStore(db: Database, queue: Pick<RunQueue, 'sendWithin'>, batches: EventBatches): Store {
  const work = (arrivals: readonly Arrival[]) =>
    storeBatch(db, queue, arrivals).catch((error) => {
      // Those of a batch are done again one by one.
      if (arrivals.length > 1) throw error
      if (foreignKeyViolation(error) === OF_AUTOMATION) return [undefined]
      // It failed after its commit. The id is new with each event: it is this one that is there.
      if (uniqueViolation(error) !== 'webhook_events_pkey') throw error
      return arrivals.map(({ event }) => receiptOf(event, event.id))
    })
  const small = gather(work, {
    ...batches,
    mostWeight: MAX_BYTES_AT_ONCE,
    weigh: ({ event }) => event.body_bytes,
    isFinal: isUnavailable,
  })
  const large = gather(work, { most: 1, isFinal: isUnavailable })
  return (arrival) => (arrival.event.body_bytes < LARGE_BYTES ? small(arrival) : large(arrival))
}

/** The receipt of an event that was not there before. @param id of its row. */
function receiptOf({ run_id }: webhookEvents.NewEvent, id: string): Receipt {
  return { event_id: id, run_id, duplicate: false }
}

/**
 * Stores events with their runs and jobs, and answers what came before as the first time. Undefined for those whose hook is
 * not what it was.
 */
async function storeBatch(
  db: Database,
  queue: Pick<RunQueue, 'sendWithin'>,
  arrivals: readonly Arrival[],
): Promise<(Receipt | undefined)[]> {
  const events = arrivals.map(({ event }) => event)
  const largest = Math.max(...events.map(({ body_bytes }) => body_bytes))
  let written: webhookEvents.Written = { stored: new Map(), current: new Set() }
  await queue.sendWithin(async (statement, rank) => {
    const ranked = arrivals.flatMap(({ hook: { automationId }, event: { run_id } }) =>
      run_id === null ? [] : [{ run_id, ...rank(automationId) }],
    )
    written = await carry(db, largest, (on) => webhookEvents.insert(on, events, ranked, statement))
    return arrivals.flatMap(({ hook: { organizationId, automationId }, event: { id, run_id: runId } }) =>
      runId !== null && written.stored.has(id) ? [{ runId, organizationId, automationId }] : [],
    )
  })
  const isKnown = ({ id }: webhookEvents.NewEvent) => written.current.has(id) && !written.stored.has(id)
  const keys = arrivals
    .filter(({ event }) => isKnown(event))
    .map(({ hook: { organizationId, automationId }, event: { event_key } }) => ({
      organization_id: organizationId,
      automation_id: automationId,
      event_key,
    }))
  const known = keys.length === 0 ? [] : await webhookEvents.listByKey(db, keys)
  const byKey = new Map(known.map((event) => [`${event.automation_id} ${event.event_key}`, event]))
  return arrivals.map(({ hook, event }) => {
    const storedAs = written.stored.get(event.id)
    if (storedAs !== undefined) return receiptOf(event, storedAs)
    const first = isKnown(event) ? byKey.get(`${hook.automationId} ${event.event_key}`) : undefined
    return first && { event_id: first.id, run_id: first.run_id, duplicate: true }
  })
}
