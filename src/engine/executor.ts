import type { Transaction } from 'kysely'
import type { Database } from '../../db/client.ts'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationConfig, AutomationKind } from '../../schemas/automations.ts'
import type { ActionResult, Scope } from '../actions/action.ts'
import type { Actions } from '../actions/index.ts'
import * as audit from '../audit.ts'
import { contentOf } from '../automations/content.ts'
import { digestOf } from '../automations/revisions.ts'
import { KINDS } from '../kinds/index.ts'
import type { ActionConfig } from '../kinds/kind.ts'
import type { RunHandler, RunQueue } from '../runs/queue.ts'

const MOST_ATTEMPTS = 5
const LONGEST_RUN_MS = 10 * 60_000
const BUFFER_MS = 2000

export type ExecutorOptions = {
  db: Database
  queue: Pick<RunQueue, 'send'>
  actions: Actions
  /** Milliseconds until the next attempt, given the number of the one that failed. */
  backoff?: (attempt: number) => number
}

/** Exponential from 5 seconds to 5 minutes, each drawn from the upper half, so that many do not come back together. */
function jitteredBackoff(attempt: number): number {
  return Math.min(5000 * 2 ** (attempt - 1), 300_000) * (0.5 + Math.random() / 2)
}

type Started = {
  run: { id: string; organizationId: string; spaceId: string; automationId: string; attempt: number }
  action: ActionConfig
  scope: Scope
  kind: AutomationKind
  config: AutomationConfig
}

/**
 * Runs one run: takes it, checks once more that a person let exactly this content run, acts, and writes the end. An attempt
 * that was overtaken by another, or by a cancel, changes nothing.
 */
export function createExecutor({ db, queue, actions, backoff = jitteredBackoff }: ExecutorOptions): RunHandler {
  return async ({ runId, organizationId, signal }) => {
    const started = await db.transaction().execute((trx) => start(trx, queue, organizationId, runId))
    if (started === undefined) return
    const cancelled = watch(db, runId)
    const result = await act(
      actions,
      started,
      AbortSignal.any([signal, cancelled.signal, AbortSignal.timeout(LONGEST_RUN_MS)]),
    )
    cancelled.stop()
    await db.transaction().execute((trx) => end(trx, queue, started, result, backoff))
  }
}

/** What becomes of a run whose workers all died under it. */
export function createUndertaker(db: Database): RunHandler {
  return async ({ runId, organizationId }) => {
    await db.transaction().execute(async (trx) => {
      const run = await automationRuns.lock(trx, organizationId, runId)
      if (run === undefined) return
      const error_message = 'every worker that took this run died'
      const ended = await automationRuns.finish(trx, organizationId, runId, null, { status: 'failed', error_message })
      if (ended === undefined) return
      const space = { organizationId, id: run.space_id }
      await automations.noteRun(trx, space, run.automation_id, {
        ranAt: ended.started_at ?? new Date(),
        error: error_message,
      })
    })
  }
}

async function start(
  trx: Transaction<DB>,
  queue: Pick<RunQueue, 'send'>,
  organizationId: string,
  runId: string,
): Promise<Started | undefined> {
  const run = await automationRuns.lock(trx, organizationId, runId)
  if (run === undefined || (run.status !== 'queued' && run.status !== 'running')) return undefined
  const space = { organizationId, id: run.space_id }
  const automation = await automations.findForRun(trx, space, run.automation_id)
  const [revision] = automation
    ? await automationRevisions.findMany(trx, space, automation.id, [automation.revision])
    : []
  if (automation === undefined || revision === undefined) return undefined
  const kind = automation.kind as AutomationKind
  const content = contentOf(revision)
  const digest = digestOf(automation.id, kind, content)
  const reason = whyNot(automation, revision.digest, digest)
  if (reason !== undefined) {
    await automationRuns.finish(trx, organizationId, runId, null, { status: 'skipped', error_message: reason })
    return undefined
  }
  const { timing, action } = KINDS[kind]
  const isBuffered = run.status === 'queued' && timing?.overlap(content.config) === 'buffer_one'
  if (isBuffered && (await isAnotherRunning(trx, automation.id, runId))) {
    await queue.send(trx, [{ runId, organizationId, startAfter: new Date(Date.now() + BUFFER_MS) }])
    return undefined
  }
  const does = action(content.config)
  if (does === null) throw new Error(`a run of the kind ${kind}, which can't run`)
  const attempt = run.attempt + 1
  await automationRuns.begin(trx, organizationId, runId, { revision: revision.revision, digest, attempt })
  return {
    run: { id: runId, organizationId, spaceId: run.space_id, automationId: automation.id, attempt },
    action: does,
    kind,
    config: content.config,
    scope: {
      run: {
        id: runId,
        trigger: run.trigger,
        attempt,
        scheduled_for: run.scheduled_for?.toISOString() ?? null,
        created_at: run.created_at.toISOString(),
      },
      automation: {
        id: automation.id,
        name: content.name,
        kind,
        last_run_at: automation.last_run_at?.toISOString() ?? null,
      },
      event: null,
    },
  }
}

/** Fails closed: whatever is not exactly what a person let run does not. */
function whyNot(
  automation: { status: string; approved_digest: string | null },
  recorded: string,
  computed: string,
): string | undefined {
  if (automation.status !== 'active') return `the automation is ${automation.status}`
  if (automation.approved_digest !== recorded) return 'its present content is not approved'
  if (recorded !== computed) return 'its content is not what its digest says'
  return undefined
}

async function isAnotherRunning(trx: Transaction<DB>, automationId: string, runId: string): Promise<boolean> {
  const open = await automationRuns.listOpen(trx, [automationId])
  return open.some(({ id, status }) => id !== runId && status === 'running')
}

async function act(actions: Actions, { action, run, scope }: Started, signal: AbortSignal): Promise<ActionResult> {
  try {
    return await actions.run(action, { ...run, runId: run.id, scope, signal })
  } catch (error) {
    // An action reports what the outside did; what it throws is our own, or the database's, and may be gone next time.
    return { ok: false, error: error instanceof Error ? error.message : String(error), retry: 'yes' }
  }
}

async function end(
  trx: Transaction<DB>,
  queue: Pick<RunQueue, 'send'>,
  { run, kind, config }: Started,
  result: ActionResult,
  backoff: (attempt: number) => number,
): Promise<void> {
  const { organizationId, id, attempt } = run
  const startAfter = nextAttempt(result, attempt, backoff)
  const written = await automationRuns.finish(trx, organizationId, id, attempt, toEnd(result, startAfter !== undefined))
  if (written === undefined) return
  if (startAfter !== undefined) return queue.send(trx, [{ runId: id, organizationId, startAfter }])
  const space = { organizationId, id: run.spaceId }
  const error = result.ok ? null : result.error
  const ranAt = written.started_at ?? new Date()
  const failures = await automations.noteRun(trx, space, run.automationId, { ranAt, error })
  const most = KINDS[kind].pauseAfterFailures(config)
  if (most === null || failures < most) return
  await automations.update(trx, space, run.automationId, { status: 'paused' })
  const target = { type: 'automation', id: run.automationId }
  const deed = { action: 'automation.paused_after_failures', target, spaceId: run.spaceId, details: { failures } }
  await audit.record(trx, organizationId, audit.SYSTEM, deed)
}

/** When to try again; undefined where this was the last attempt, or must be. */
function nextAttempt(result: ActionResult, attempt: number, backoff: (attempt: number) => number): Date | undefined {
  if (result.ok || attempt >= MOST_ATTEMPTS || result.retry === 'no' || result.retry === 'unknown') return undefined
  const delay = typeof result.retry === 'object' ? result.retry.afterSeconds * 1000 : backoff(attempt)
  return new Date(Date.now() + delay)
}

function toEnd(result: ActionResult, again: boolean): automationRuns.End {
  if (result.ok)
    return { status: 'succeeded', error_message: null, external_ref: result.externalRef ?? null, output: result.output }
  const status = again ? 'queued' : result.retry === 'unknown' ? 'unknown' : 'failed'
  return { status, error_message: result.error, output: result.output ?? null }
}

/** Looks once a second whether a run was cancelled, while it lasts. */
function watch(db: Database, runId: string): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController()
  const timer = setInterval(() => {
    automationRuns.listEnded(db, [runId]).then(
      (ended) => ended.length > 0 && controller.abort(new Error('cancelled')),
      () => {}, // the end is fenced: a look that fails costs only time
    )
  }, 1000)
  return { signal: controller.signal, stop: () => clearInterval(timer) }
}
