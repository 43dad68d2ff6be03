import type { NewEvent } from '../../db/queries/webhook-events.ts'
import type { Hook } from './lookup.ts'

/** What became of an event: it is stored, now or some time before. */
export type Receipt = {
  event_id: string
  run_id: string | null
  duplicate: boolean
}

/** Events that may share a transaction, and transactions at the same time. */
export type EventBatches = { most: number; concurrency: number }

/** What the events of one statement weigh together at most. */
export const MAX_BYTES_AT_ONCE = 8 * 1024 * 1024

/** An event that is verified, and the hook by which it was. */
export type Arrival = { hook: Hook; event: NewEvent }
