import { v7 as newId } from 'uuid'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import { startQueue } from '../../src/runs/queue.ts'
import type { BenchDatabase } from '../support/database.ts'

export type Target = { organizationId: string; spaceId: string; automationId: string; hookId: string; digest: string }

/** Events with their runs and jobs, so many in a statement, with nothing around them. Per second, in events. */
export async function insertLimit(
  { db, url }: BenchDatabase,
  target: Target,
  body: string,
  rows: number,
  workers: number,
  seconds: number,
): Promise<{ perSecond: number }> {
  const queue = await startQueue(url, { isWorker: false, onError: console.error })
  let done = 0
  let stopped = false
  const worker = async () => {
    while (!stopped) {
      const events = Array.from({ length: rows }, () => eventOf(target, body))
      const jobs = events.map(({ run_id }) => ({ runId: run_id, organizationId: target.organizationId }))
      await queue.sendWithin(jobs, async (statement) => {
        const stored = await webhookEvents.insert(db, events, statement)
        return stored.flatMap(({ run_id }) => run_id ?? [])
      })
      done += rows
    }
  }
  const running = Array.from({ length: workers }, worker)
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  await sleep(seconds * 250)
  const before = done
  const started = performance.now()
  await sleep(seconds * 1000)
  const perSecond = ((done - before) / (performance.now() - started)) * 1000
  stopped = true
  await Promise.all(running)
  await queue.stop()
  return { perSecond }
}

function eventOf({ organizationId, spaceId, automationId, digest }: Target, body: string) {
  const id = newId()
  return {
    id,
    organization_id: organizationId,
    space_id: spaceId,
    automation_id: automationId,
    event_key: id,
    type: 'invoice.paid',
    status: 'accepted' as const,
    headers: { 'content-type': 'application/json', 'webhook-id': id },
    body,
    body_bytes: body.length,
    run_id: newId(),
    revision: 1,
    digest,
    received_at: new Date().toISOString(),
  }
}
