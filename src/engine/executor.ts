import type { Database } from '../../db/client.ts'
import { gather } from '../../db/gather.ts'
import { carry } from '../../db/large.ts'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as runAttempts from '../../db/queries/run-attempts.ts'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import type { ActionResult } from '../actions/action.ts'
import type { Actions } from '../actions/index.ts'
import type { Kinds } from '../kinds/registry.ts'
import type { RunHandler, RunQueue } from '../runs/queue.ts'
import type { Cipher } from '../secrets/cipher.ts'
import { openSlots } from '../secrets/sealed.ts'
import * as attempts from './attempts.ts'
import { noteEnds } from './ends.ts'

const MAX_ATTEMPTS = 5
const MAX_RUN_MS = 10 * 60_000
const MAX_TOGETHER = 400

export type ExecutorOptions = {
  db: Database
  queue: Pick<RunQueue, 'send'>
  actions: Actions
  kinds: Kinds
  cipher: Cipher
  /** Aborted once this process stops: what has not begun by then goes back to the queue. */
  stopping?: AbortSignal
  /** Milliseconds until the next attempt, given the number of the one that failed. */
  backoff?: (attempt: number) => number
}

/** Exponential from 5 seconds to 5 minutes, each drawn from the upper half, so that many do not come back together. */
function jitteredBackoff(attempt: number): number {
  return Math.min(5000 * 2 ** (attempt - 1), 300_000) * (0.5 + Math.random() / 2)
}

/**
 * Runs one run: takes it, checks once more that a person let exactly this content run, acts, and writes the end. An attempt
 * that was overtaken by another, or by a cancel, changes nothing.
 *
 * Runs that come at the same time begin together and end together, since it is the commits that cost (bench/README.md).
 */
export function createExecutor(options: ExecutorOptions): RunHandler {
  const { db, queue, kinds, stopping, backoff = jitteredBackoff } = options
  const engine = { queue, kinds }
  const begin = gather(
    (keys: readonly { organizationId: string; id: string }[]) =>
      db
        .transaction()
        .execute((trx) =>
          stopping?.aborted ? attempts.handBack(trx, queue, keys) : attempts.begin(trx, engine, keys),
        ),
    { most: MAX_TOGETHER, key: ({ id }) => id },
  )
  const end = gather(
    async (outcomes: readonly attempts.Outcome[]) => {
      await db.transaction().execute((trx) => attempts.end(trx, engine, outcomes))
      return outcomes
    },
    { most: MAX_TOGETHER },
  )
  const watch = createWatch(db)
  return async ({ runId, organizationId, signal }) => {
    const attempt = await begin({ organizationId, id: runId })
    if (attempt === undefined) return
    const watched = watch(runId, signal)
    const result = await act(options, attempt, watched.signal)
    watched.stop()
    await end({ attempt, result, again: nextAttempt(result, attempt.run.attempt, backoff) })
  }
}

/** What becomes of a run whose workers all died under it. */
export function createUndertaker({ db, ...engine }: Pick<ExecutorOptions, 'db' | 'queue' | 'kinds'>): RunHandler {
  return async ({ runId, organizationId }) => {
    await db.transaction().execute(async (trx) => {
      const automationId = await automationRuns.findAutomationId(trx, organizationId, runId)
      if (automationId === undefined) return
      const failures = await runAttempts.lockAutomations(trx, [{ organizationId, automationId }])
      const error = 'every worker that took this run died'
      const ended = await automationRuns.giveUp(trx, organizationId, runId, error)
      if (ended === undefined) return
      const { space_id: spaceId, started_at } = ended
      const outcome = { ranAt: started_at ?? new Date(), error }
      await noteEnds(trx, engine, failures, [{ organizationId, spaceId, automationId, outcome }])
    })
  }
}

/**
 * Acts, and says what came of it. Once the effect was about to leave that must not be repeated, whatever goes wrong here leaves
 * it in doubt.
 */
async function act(
  { db, actions, cipher }: ExecutorOptions,
  { action, run, scope, secrets, sent: sentBefore, event }: attempts.Attempt,
  signal: AbortSignal,
): Promise<ActionResult> {
  let isInDoubt = sentBefore !== null
  let isRepeatable = isInDoubt
  const sending = async (sent: Record<string, unknown>, repeatableUntil: Date | null = null): Promise<void> => {
    signal.throwIfAborted()
    if (!(await runAttempts.noteSent(db, run, sent, repeatableUntil)))
      throw new Error('another worker has taken this run over')
    isRepeatable ||= !isInDoubt && repeatableUntil !== null
    isInDoubt = true
  }
  try {
    const values = openSlots(cipher, secrets)
    const secretVersions = Object.fromEntries(secrets.map(({ slot, version }) => [slot, version]))
    const source = { scope, ...bodyOf(db, run, event), secrets: values, secretVersions }
    return await actions.run(action, { ...run, ...source, runId: run.id, signal, sentBefore, sending })
  } catch (error) {
    // An action reports what the outside did; what it throws is our own, or the database's, and may be gone next time.
    const message = error instanceof Error ? error.message : String(error)
    if (isInDoubt && !isRepeatable) return { ok: false, error: message, retry: 'unknown' }
    return { ok: false, error: message, retry: 'yes', ...(isInDoubt ? { isInDoubt } : {}) }
  }
}

/** The body of the event that a run is for, or how to read it. */
function bodyOf(
  db: Database,
  { organizationId, automationId }: attempts.Attempt['run'],
  event: attempts.Attempt['event'],
) {
  if (event === null) return {}
  const { id, bytes, body } = event
  if (body !== null) return { eventBody: body }
  const eventBody = async (): Promise<string> => {
    const read = await carry(db, bytes, (on) => webhookEvents.findBody(on, { organizationId, automationId, id }))
    if (read === undefined) throw new Error(attempts.EVENT_GONE)
    return read
  }
  return { eventBody }
}

/** When to try again; undefined where this was the last attempt, or must be. */
function nextAttempt(result: ActionResult, attempt: number, backoff: (attempt: number) => number): Date | undefined {
  if (result.ok || attempt >= MAX_ATTEMPTS || result.retry === 'no' || result.retry === 'unknown') return undefined
  const delay = typeof result.retry === 'object' ? result.retry.afterSeconds * 1000 : backoff(attempt)
  return new Date(Date.now() + delay)
}

const LOOK_EVERY_MS = 1000

type Watched = { signal: AbortSignal; stop: () => void }

/**
 * Looks once a second which of the runs under way were cancelled, in one statement for all of them.
 *
 * @returns watches one run: its signal is aborted when it was cancelled, taken away, or takes too long.
 */
function createWatch(db: Database): (runId: string, taken: AbortSignal) => Watched {
  const watched = new Map<string, AbortController>()
  const look = async (): Promise<void> => {
    const ended = await automationRuns.listEnded(db, [...watched.keys()])
    for (const id of ended) watched.get(id)?.abort(new Error('cancelled'))
  }
  let timer: NodeJS.Timeout | undefined
  return (runId, taken) => {
    const controller = new AbortController()
    const giveUp = () => controller.abort(taken.reason)
    taken.addEventListener('abort', giveUp)
    if (taken.aborted) giveUp()
    const longest = setTimeout(() => controller.abort(new Error('it took too long')), MAX_RUN_MS)
    watched.set(runId, controller)
    // The end is fenced: a look that fails costs only time.
    timer ??= setInterval(() => void look().catch(() => {}), LOOK_EVERY_MS)
    return {
      signal: controller.signal,
      stop() {
        clearTimeout(longest)
        taken.removeEventListener('abort', giveUp)
        if (watched.get(runId) === controller) watched.delete(runId)
        if (watched.size > 0) return
        clearInterval(timer)
        timer = undefined
      },
    }
  }
}
