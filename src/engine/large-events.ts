import type { Kysely } from 'kysely'
import { carry } from '../../db/large.ts'
import * as webhookEvents from '../../db/queries/webhook-events.ts'
import type { DB } from '../../db/types.ts'
import type { ActionResult, Scope } from '../actions/action.ts'
import type { SeenEvent } from '../actions/scope.ts'
import { createGate } from '../gate.ts'

/** Of the bodies that the runs of this process have in memory, besides the small ones. Read, each takes several times that. */
const MAX_BYTES = 64 * 1024 * 1024

/** The event of a run that is read only when its turn has come. */
export type LargeEvent = { event: SeenEvent & { id: string }; bytes: number }

/** An event whose body has not been read yet; undefined for one that is whole. */
export function largeEvent(event: SeenEvent | null, bytes: number): LargeEvent | undefined {
  if (event === null || event.id === null || bytes <= webhookEvents.LISTED_BYTES) return undefined
  return { event: { ...event, id: event.id }, bytes }
}

export type WithEvent = (
  attempt: { run: { organizationId: string; automationId: string }; scope: Scope; large: LargeEvent | undefined },
  signal: AbortSignal,
  act: (scope: Scope) => Promise<ActionResult>,
) => Promise<ActionResult>

/** Makes what acts with the whole event in scope: at once where that is small, and else when there is memory for it. */
export function createWithEvent(db: Kysely<DB>, gone: string): WithEvent {
  const gate = createGate(MAX_BYTES)
  return async ({ run, scope, large }, signal, act) => {
    if (large === undefined) return act(scope)
    const leave = await gate.enter(large.bytes, signal)
    try {
      const found = await carry(db, large.bytes, (on) => webhookEvents.findBody(on, run, large.event.id))
      if (found === undefined) return { ok: false, error: gone, retry: 'no' }
      return await act({ ...scope, event: { ...large.event, body: found.body } })
    } finally {
      leave()
    }
  }
}
