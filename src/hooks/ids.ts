import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const BYTES = 16
const pool = Buffer.alloc(256 * BYTES)
let used = pool.length

/**
 * A UUID of version 7 (RFC 9562, section 5.7) of a time. Its randomness is drawn for many at once: asked for by itself it costs
 * more than all else that is done for an id (bench/README.md).
 *
 * @param time milliseconds since 1970.
 */
export function newId(time: number): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + BYTES)
  used += BYTES
  return v7({ msecs: time, random })
}
