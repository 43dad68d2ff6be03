import type { Transaction } from 'kysely'
import type { Database } from '../../db/client.ts'
import { newId } from '../../db/new-id.ts'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as dueAutomations from '../../db/queries/due-automations.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationConfig } from '../../schemas/automations.ts'
import type { MissedPolicy, Overlap } from '../../schemas/clock.ts'
import { dueNow } from '../clock/missed.ts'
import { type Open, type Place, placesOf } from '../clock/overlap.ts'
import type { Due } from '../clock/schedule.ts'
import type { Kinds } from '../kinds/registry.ts'
import type { RunQueue } from '../runs/queue.ts'
import { newRun, startRuns } from '../runs/start.ts'
import { TRIGGERS } from '../runs/triggers.ts'
import { passForgottenTurns } from '../runs/turns.ts'
import { readStored } from '../stored.ts'

/** Few enough that the first runs begin while the others are still being written. */
const BATCH = 200
const RETRY_MS = 1000
/** How soon to look again for what is due and held by somebody else; twice as long each time, up to {@link RETRY_MS}. */
const HELD_MS = 10
/** What can't be read is tried again after so long: another release may read it. */
const UNREADABLE_MS = 60 * 60_000
const FORGOTTEN_EVERY_MS = 60_000

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
  const putOff: dueAutomations.PutOff[] = []
  for (const each of claimed) {
    const read = readStored(() => dueOf(kinds, each, now))
    if ('problem' in read) {
      putOff.push({ id: each.id, until: new Date(now.getTime() + UNREADABLE_MS), error: read.problem })
      continue
    }
    const { next } = read.value
    plans.push({ id: each.id, next_run_at: next?.at ?? null, next_planned_at: next?.planned ?? null })
    runs.push(...(await runsOf(trx, each, read.value, open.get(each.id) ?? [])))
  }
  await startRuns(trx, queue, runs)
  if (plans.length > 0) await dueAutomations.update(trx, plans)
  if (putOff.length > 0) await dueAutomations.putOff(trx, putOff)
  return claimed.length
}

type DueRuns = ReturnType<typeof dueNow> & { overlap: Overlap; missed: MissedPolicy }

/** What is due of one automation. @throws Error where its config, which may be of another release, can't be read. */
function dueOf(kinds: Kinds, { id, kind, config, planned_at }: dueAutomations.Due, now: Date): DueRuns {
  const { clock } = kinds.get(kind)
  const schedule = clock?.schedule(config as AutomationConfig) ?? null
  if (clock === undefined || schedule === null)
    return { run: [], isMakingUp: false, next: null, overlap: 'skip', missed: 'skip' }
  const overlap = clock.overlap(config as AutomationConfig)
  const missed = clock.missed(config as AutomationConfig)
  return { ...dueNow(schedule, id, planned_at, now, missed), overlap, missed }
}

async function openRuns(
  trx: Transaction<DB>,
  claimed: readonly { id: string }[],
): Promise<Map<string, automationRuns.OpenRun[]>> {
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
  due: DueRuns,
  open: automationRuns.OpenRun[],
): Promise<automationRuns.NewRun[]> {
  const cancels = due.overlap === 'cancel_other' && due.run.length > 0
  if (cancels)
    for (const { id, organization_id } of open) await automationRuns.cancel(trx, organization_id, id, REPLACED)
  const places = placesOf({ count: due.run.length, isMakingUp: due.isMakingUp }, countOf(cancels ? [] : open), due)
  return due.run.map((each, i) => runOf(automation, each, places[i] ?? 'begins', due.overlap))
}

function countOf(open: readonly automationRuns.OpenRun[]): Open {
  const queued = open.filter(({ status }) => status === 'queued')
  return { all: open.length, queued: queued.length, waiting: queued.filter(({ awaits_turn }) => awaits_turn).length }
}

const REPLACED = 'cancelled, because the next one was due'

function runOf(automation: dueAutomations.Due, due: Due, place: Place, overlap: Overlap): automationRuns.NewRun {
  const { organization_id: organizationId, space_id: spaceId, id: automationId, revision, digest } = automation
  const skipped = {
    status: 'skipped' as const,
    error_message: `skipped, because the one before it is not done (overlap: ${overlap})`,
  }
  return newRun(
    { organizationId, spaceId, automationId, revision, digest },
    {
      id: newId(),
      trigger: TRIGGERS.clock,
      scheduled_for: due.planned.toISOString(),
      note: due.note,
      awaits_turn: place === 'waits',
      ...(place === 'skipped' ? skipped : {}),
    },
  )
}

/** Starts what is due. @returns a function that does so, and says after how many milliseconds to call it again. */
function createLook(options: SchedulerOptions, isStopped: () => boolean): () => Promise<number> {
  const { db, queue, kinds, now } = options
  let inVain = 0
  let turnsAt = 0
  return async () => {
    if (now() >= turnsAt) {
      await db.transaction().execute((trx) => passForgottenTurns(trx, queue))
      turnsAt = now() + FORGOTTEN_EVERY_MS
    }
    const started = await startDue(options, isStopped)
    const { isOverdue, next } = await dueAutomations.nextTime(db, kinds.names, new Date(now()))
    inVain = isOverdue && started === 0 ? inVain + 1 : 0
    const untilNext =
      next === null ? dueAutomations.MAX_SLEEP_MS : Math.min(next.getTime() - now(), dueAutomations.MAX_SLEEP_MS)
    // Whoever holds what is overdue tells nobody when they let it go.
    const untilFree = isOverdue ? Math.min(HELD_MS * 2 ** Math.min(inVain, 10), RETRY_MS) : dueAutomations.MAX_SLEEP_MS
    return Math.max(Math.min(untilNext, untilFree), 0)
  }
}

export type Scheduler = {
  /** Looks again now: something may be due sooner than was known. */
  wake(): void
  /** Stops after the batch that is under way. */
  stop(): Promise<void>
}

/** Sleeps until the next automation is due, however many there are, and starts it. Several may run on one database. */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { onError } = options
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let again = false
  let underWay: Promise<void> | undefined
  const lookOnce = createLook(options, () => stopped)

  const look = async (): Promise<void> => {
    do {
      again = false
      let sleep = RETRY_MS
      try {
        sleep = await lookOnce()
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
