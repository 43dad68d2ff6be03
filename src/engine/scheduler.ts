import type { Transaction } from 'kysely'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as dueAutomations from '../../db/queries/due-automations.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationConfig } from '../../schemas/automations.ts'
import type { Overlap } from '../../schemas/clock.ts'
import { dueNow } from '../clock/missed.ts'
import type { Due } from '../clock/schedule.ts'
import type { Kinds } from '../kinds/registry.ts'
import type { RunQueue } from '../runs/queue.ts'
import { newRun, startRuns } from '../runs/start.ts'
import { TRIGGERS } from '../runs/triggers.ts'

/** Few enough that the first runs begin while the others are still being written. */
const BATCH = 200
const MAX_SLEEP_MS = 60_000
const RETRY_MS = 1000

export type SchedulerOptions = {
  db: Database
  queue: Pick<RunQueue, 'send'>
  kinds: Kinds
  /** Milliseconds since the epoch. */
  now: () => number
  onError: (error: unknown) => void
}

/**
 * Starts the runs of what is due, in batches of which each is one transaction: the runs, their jobs and the next due times
 * are there together, or not at all.
 *
 * @param isStopped whether to leave the rest to the next look.
 * @returns how many automations were due.
 */
export async function startDue(
  { db, queue, kinds, now }: Omit<SchedulerOptions, 'onError'>,
  isStopped: () => boolean = () => false,
): Promise<number> {
  let total = 0
  for (;;) {
    const time = new Date(now())
    const count = await db.transaction().execute((trx) => startBatch(trx, { queue, kinds }, time))
    total += count
    if (count < BATCH || isStopped()) return total
  }
}

async function startBatch(
  trx: Transaction<DB>,
  { queue, kinds }: Pick<SchedulerOptions, 'queue' | 'kinds'>,
  now: Date,
): Promise<number> {
  const claimed = await dueAutomations.claim(trx, kinds.names, now, BATCH)
  if (claimed.length === 0) return 0
  const open = await openRuns(trx, claimed)
  const runs: automationRuns.NewRun[] = []
  const plans: dueAutomations.Plan[] = []
  for (const each of claimed) {
    const { clock } = kinds.get(each.kind)
    const config = each.config as AutomationConfig
    const schedule = clock?.schedule(config) ?? null
    const { run, next } =
      clock === undefined || schedule === null
        ? { run: [], next: null }
        : dueNow(schedule, each.id, each.planned_at, now, clock.missed(config))
    plans.push({ id: each.id, next_run_at: next?.at ?? null, next_planned_at: next?.planned ?? null })
    if (clock) runs.push(...(await runsOf(trx, each, run, clock.overlap(config), open.get(each.id) ?? [])))
  }
  await startRuns(trx, queue, runs)
  await dueAutomations.update(trx, plans)
  return claimed.length
}

type Open = { id: string; organization_id: string; status: string }

async function openRuns(trx: Transaction<DB>, claimed: readonly { id: string }[]): Promise<Map<string, Open[]>> {
  const open = await automationRuns.listOpen(
    trx,
    claimed.map(({ id }) => id),
  )
  return Map.groupBy(open, (run) => run.automation_id)
}

/** The runs of one automation that is due, held to what it says of overlapping. */
async function runsOf(
  trx: Transaction<DB>,
  automation: dueAutomations.Due,
  due: Due[],
  overlap: Overlap,
  open: Open[],
): Promise<automationRuns.NewRun[]> {
  if (overlap === 'cancel_other' && due.length > 0) {
    for (const { id, organization_id } of open) await automationRuns.cancel(trx, organization_id, id, REPLACED)
  }
  let queued = open.filter(({ status }) => status === 'queued').length
  let busy = open.length
  return due.map((each) => {
    const isSkipped = (overlap === 'skip' && busy > 0) || (overlap === 'buffer_one' && queued > 0)
    if (!isSkipped) {
      queued++
      busy++
    }
    return runOf(automation, each, isSkipped ? overlap : null)
  })
}

const REPLACED = 'cancelled, because the next one was due'

function runOf(automation: dueAutomations.Due, due: Due, skippedBy: Overlap | null): automationRuns.NewRun {
  const { organization_id: organizationId, space_id: spaceId, id: automationId, revision, digest } = automation
  const skipped = {
    status: 'skipped' as const,
    error_message: `skipped, because the one before it is not done (overlap: ${skippedBy})`,
  }
  return newRun(
    { organizationId, spaceId, automationId, revision, digest },
    {
      id: newId(),
      trigger: TRIGGERS.clock,
      scheduled_for: due.planned.toISOString(),
      note: due.note,
      ...(skippedBy === null ? {} : skipped),
    },
  )
}

export type Scheduler = {
  /** Looks again now: something may be due sooner than was known. */
  wake(): void
  /** Stops after the batch that is under way. */
  stop(): Promise<void>
}

/** Sleeps until the next automation is due, however many there are, and starts it. Several may run on one database. */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { db, now, onError } = options
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let again = false
  let underWay: Promise<void> | undefined

  const look = async (): Promise<void> => {
    do {
      again = false
      let sleep = RETRY_MS
      try {
        await startDue(options, () => stopped)
        const next = await dueAutomations.nextTime(db, options.kinds.names)
        sleep = next === null ? MAX_SLEEP_MS : Math.min(Math.max(next.getTime() - now(), 0), MAX_SLEEP_MS)
      } catch (error) {
        onError(error)
      }
      if (!stopped && !again) timer = setTimeout(wake, sleep)
    } while (again && !stopped)
  }
  function wake(): void {
    if (stopped) return
    clearTimeout(timer)
    if (underWay) {
      again = true
      return
    }
    underWay = look().finally(() => {
      underWay = undefined
    })
  }
  wake()
  return {
    wake,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await underWay
    },
  }
}
