import type { Database } from '../../db/client.ts'
import { isUnavailable } from '../../db/failures.ts'
import { type GatherOptions, gather } from '../../db/gather.ts'
import { LARGE_BYTES } from '../../db/large.ts'
import * as saidEvents from '../../db/queries/said-events.ts'
import type { NewEvent } from '../../db/queries/webhook-events.ts'
import type { Saying } from '../actions/action.ts'
import type { Actions } from '../actions/index.ts'
import type { Scope } from '../actions/scope.ts'
import { TRIGGERS } from '../runs/triggers.ts'
import { readStored } from '../stored.ts'
import { type Arrival, type EventBatches, MAX_BYTES_AT_ONCE, type Receipt } from './arrival.ts'
import type { Hook } from './lookup.ts'

/**
 * Makes what stores an event together with its whole run, where all that the run does is to say something: what it says is a row of the
 * same database. So there is nothing to be queued, claimed, begun, ended and taken over, which costs several times what is written
 * then (bench/README.md).
 *
 * @returns undefined where an event has to be stored, and its run queued, in the usual way.
 */
export function createSay(
  db: Database,
  actions: Pick<Actions, 'say'>,
  { batches, mostWaitMs }: { batches: EventBatches; mostWaitMs: number },
): (arrival: Arrival) => Promise<Receipt | undefined> {
  const write = lane((events) => saidEvents.insert(db, events, false), { ...batches, isFinal: isUnavailable })
  // Whoever ends other runs of an automation holds it for a moment. Those that wait for that share nothing with those that do not.
  const writeAfter = lane((events) => saidEvents.insertWaiting(db, events, mostWaitMs), {
    ...batches,
    isFinal: () => true,
  })
  return async ({ hook, event }) => {
    const saying = event.body_bytes < LARGE_BYTES ? sayingOf(actions, hook, event) : undefined
    if (saying === undefined) return undefined
    const said = { event, ...saying }
    const first = await write(said)
    const became = first === 'missed' ? await writeAfter(said) : first
    return became === 'done' ? { event_id: event.id, run_id: event.run_id, duplicate: false } : undefined
  }
}

/** What became of an event; `left` where it has to be written in another way. */
type Became = 'done' | 'missed' | 'left'

/** Makes what writes events that come at the same time together. */
function lane(
  insert: (events: readonly saidEvents.SaidEvent[]) => Promise<saidEvents.Written>,
  options: Pick<GatherOptions<never>, 'most' | 'concurrency' | 'isFinal'>,
): (event: saidEvents.SaidEvent) => Promise<Became> {
  const write = gather(
    async (events: readonly saidEvents.SaidEvent[]) => {
      const { done, missed } = await insert(events)
      return events.map(({ event: { id } }): Became => (done.has(id) ? 'done' : missed.has(id) ? 'missed' : 'left'))
    },
    {
      ...options,
      mostWeight: MAX_BYTES_AT_ONCE,
      weigh: ({ event, message }) => event.body_bytes + message.content.length,
    },
  )
  // What keeps a run from being written with its event must not keep the event out.
  return (event) =>
    write(event).catch((error: unknown) => {
      if (isUnavailable(error)) throw error
      return 'left'
    })
}

function sayingOf(
  actions: Pick<Actions, 'say'>,
  { action, organizationId, automationId, name, state: { kind } }: Hook,
  { id, event_key, type, headers, body, received_at, run_id }: NewEvent,
): Saying | undefined {
  if (action === undefined || run_id === null) return undefined
  const run = {
    id: run_id,
    trigger: TRIGGERS.intake,
    attempt: 1,
    scheduled_for: null,
    created_at: received_at,
    input: {},
  }
  const scope: Scope = {
    run,
    automation: { id: automationId, name, kind, last_run_at: null },
    event: { id, key: event_key, type, headers, body: null, received_at },
  }
  const source = { organizationId, scope, eventBody: body }
  const read = readStored(() => actions.say(action, source, { automationId, runId: run_id }))
  return 'value' in read ? read.value : undefined
}
