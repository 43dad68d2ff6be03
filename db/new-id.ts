import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const BYTES = 16
const pool = Buffer.alloc(256 * BYTES)
let used = pool.length
/** The millisecond of the newest id, and its number within it. */
let newest = 0
let sequence = 0

/**
 * A UUID of version 7 (RFC 9562, section 5.7): what this process makes of the present comes in the order in which it is made. Its randomness
 * is drawn for many at once: asked for by itself it costs more than all else that is done for an id (bench/README.md).
 *
 * @param time milliseconds since 1970.
 */
export function newId(time = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + BYTES)
  used += BYTES
  if (time < newest) return v7({ msecs: time, random })
  // A bit less than there are, so that no millisecond comes to their end.
  sequence = time > newest ? random.readUInt32BE(6) >>> 1 : sequence + 1
  newest = time
  return v7({ msecs: time, seq: sequence, random })
}
