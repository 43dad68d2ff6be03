import type { Transaction } from 'kysely'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { Space } from '../access/actor.ts'
import { ApiError } from '../errors.ts'
import { keepLatest } from '../remember.ts'

export const MAX_PER_SPACE = 10_000
const MAX_REMEMBERED = 10_000
/** Other servers create in the same space meanwhile. */
const HOLDS_MS = 1000
/** Of the room that was counted, what one server uses before it counts again. */
const SHARE = 1 / 8
/** With less room than that, those who make something in a space do so one after the other. More are hardly under way at a time. */
const NEARLY_FULL = 500

export type Quota = {
  /**
   * Lets one more automation be made in a space.
   *
   * @throws ApiError `quota_reached`
   */
  requireRoom(trx: Transaction<DB>, space: Space): Promise<void>
}

/**
 * Holds spaces to a number of automations. To count them reads a row of the index for each, so it is done once for several: where there is
 * much room, this server uses a part of it within a second without counting again. Close to the end each one is counted, and waits for those
 * that were counted before.
 */
export function createQuota(most: number): Quota {
  const counted = keepLatest<{ left: number; until: number }>(MAX_REMEMBERED)
  return {
    async requireRoom(trx, space) {
      const known = counted.get(space.id)
      if (known !== undefined && known.left > 0 && Date.now() < known.until) {
        known.left--
        return
      }
      let room = most - (await automations.count(trx, space, most))
      if (room > 0 && room < NEARLY_FULL) room = most - (await automations.countAlone(trx, space, most))
      if (room <= 0) throw new ApiError('quota_reached')
      counted.set(space.id, { left: Math.floor(room * SHARE), until: Date.now() + HOLDS_MS })
    },
  }
}
