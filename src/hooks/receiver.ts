import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import { isUnavailable } from '../../db/failures.ts'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import type { Actions } from '../actions/index.ts'
import { ApiError } from '../errors.ts'
import { gather } from '../gather.ts'
import { KINDS } from '../kinds/index.ts'
import type { Delivery, ReceivedEvent } from '../kinds/kind.ts'
import type { RunQueue } from '../runs/queue.ts'
import type { Cipher } from '../secrets/cipher.ts'
import { createLookup, type Hook } from './lookup.ts'

/** What became of an event: it is stored, now or some time before. */
export type Receipt = {
  event_id: string
  run_id: string | null
  duplicate: boolean
}

/** A receipt, and for how long the sender wants to wait for the end of the run; or the answer to a question. */
export type { Hook }
export type Answer = { receipt: Receipt; hook: Hook; waitSeconds: number | null } | { challenge: string }

export type ReceiverOptions = {
  db: Database
  queue: Pick<RunQueue, 'sendWithin'>
  cipher: Cipher
  actions: Pick<Actions, 'validate'>
  batches?: EventBatches | undefined
}

/** Events that may share a transaction, and transactions at the same time. */
export type EventBatches = { most: number; concurrency: number }

/** While one batch is written the next one gathers: the more come, the more share a statement. */
const BATCHES: EventBatches = { most: 500, concurrency: 1 }
const MOST_BYTES_AT_ONCE = 8 * 1024 * 1024

/**
 * Makes a function that takes what comes in at a hook: verifies it, reads it, and stores the event with its run and job. It
 * resolves once all of that is committed. Events that come at the same time share a transaction.
 *
 * `onUnproven` is called, and waited for, before a request is refused, and where nothing need be proved.
 *
 * @throws ApiError `webhook_not_verified`, the same for a hook that there is not; or what is wrong with the event.
 */
export function createReceiver({
  db,
  queue,
  cipher,
  actions,
  batches = BATCHES,
}: ReceiverOptions): (hookId: string, delivery: Delivery, onUnproven: () => Promise<void>) => Promise<Answer> {
  const find = createLookup(db, cipher, actions)
  const store = gather((events: readonly webhookEvents.NewEvent[]) => storeBatch(db, queue, events), {
    ...batches,
    mostWeight: MOST_BYTES_AT_ONCE,
    weigh: ({ body_bytes }) => body_bytes,
    isFinal: isUnavailable,
  })
  return async (hookId, delivery, onUnproven) => {
    const hook = await find(hookId)
    const isGenuine = isVerified(hook, delivery)
    if (!isGenuine || !hook.intake.needsSecret(hook.config)) await onUnproven()
    if (!isGenuine) throw notVerified()
    const event = hook.intake.read(hook.config, delivery)
    if ('challenge' in event) return event
    const receipt = await store(toEvent(hook, event))
    if (receipt === undefined) throw notVerified() // deleted in this very moment
    return { receipt, hook, waitSeconds: hook.intake.waitSeconds(hook.config) }
  }
}

/** Where there is no hook, as much is done as for a signature that is wrong. */
function isVerified(hook: Hook | undefined, delivery: Delivery): hook is Hook {
  const now = new Date()
  if (hook !== undefined) return hook.intake.verify(hook.config, delivery, hook.secrets, now)
  KINDS.webhook.intake?.verify({}, delivery, [], now)
  return false
}

function notVerified(): ApiError {
  return new ApiError('webhook_not_verified', { headers: { 'WWW-Authenticate': 'Signature' } })
}

function toEvent(hook: Hook, received: ReceivedEvent): webhookEvents.NewEvent {
  const id = newId()
  const status = hook.isPaused ? 'ignored' : received.wanted ? 'accepted' : 'filtered'
  return {
    id,
    organization_id: hook.organizationId,
    space_id: hook.spaceId,
    automation_id: hook.automationId,
    event_key: received.key,
    type: received.type,
    status,
    headers: received.headers,
    body: received.body,
    body_bytes: Buffer.byteLength(received.body),
    run_id: status === 'accepted' ? newId() : null,
    revision: hook.revision,
    digest: hook.digest,
    received_at: timeOf(id).toISOString(),
  }
}

/** The time in a UUID of version 7. */
function timeOf(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
}

/** Stores events with their runs and jobs, and answers what came before as the first time. */
async function storeBatch(
  db: Database,
  queue: Pick<RunQueue, 'sendWithin'>,
  events: readonly webhookEvents.NewEvent[],
): Promise<(Receipt | undefined)[]> {
  const jobs = events.flatMap(({ run_id: runId, organization_id }) =>
    runId === null ? [] : [{ runId, organizationId: organization_id }],
  )
  const stored = new Set<string>()
  await queue.sendWithin(jobs, async (statement) => {
    const rows = await webhookEvents.insert(db, events, statement)
    for (const { id } of rows) stored.add(id)
    return rows.flatMap(({ run_id }) => run_id ?? [])
  })
  const others = events.filter(({ id }) => !stored.has(id))
  const known = others.length === 0 ? [] : await webhookEvents.listByKey(db, others)
  const byKey = new Map(known.map((event) => [`${event.automation_id} ${event.event_key}`, event]))
  return events.map((event) => {
    if (stored.has(event.id)) return { event_id: event.id, run_id: event.run_id, duplicate: false }
    const first = byKey.get(`${event.automation_id} ${event.event_key}`)
    return first && { event_id: first.id, run_id: first.run_id, duplicate: true }
  })
}
