import { v7 as newId } from 'uuid'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import type { WebhookState } from '../../db/queries/webhooks.ts'
import { startQueue } from '../../src/runs/queue.ts'
import type { BenchDatabase } from '../support/database.ts'

export type Target = { hook: WebhookState }

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
      await queue.sendWithin(async (statement) => {
        const ranked = events.map(({ run_id }) => ({ run_id, priority: 0, tier: 'first' }))
        const { stored } = await webhookEvents.insert(db, events, ranked, statement)
        if (stored.size !== rows) throw new Error('an event was not stored')
        return []
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

function eventOf({ hook }: Target, body: string) {
  const id = newId()
  return {
    id,
    hook,
    event_key: id,
    type: 'invoice.paid',
    status: 'accepted' as const,
    headers: { 'content-type': 'application/json', 'webhook-id': id },
    body,
    body_bytes: body.length,
    body_replaced: false,
    run_id: newId(),
    received_at: new Date().toISOString(),
  }
}
