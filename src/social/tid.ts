/** In the order of the values, so that keys sort by time (the atproto specification, "Timestamp Identifiers"). */
const DIGITS = '234567abcdefghijklmnopqrstuvwxyz'
const LENGTH = 13

/**
 * The TID of a run: the same one whenever it is asked for. A UUID of version 7 has 48 bits of milliseconds; the microseconds and
 * the ten bits that tell clocks apart are of its random ones.
 */
export function tidOf(runId: string): string {
  const bits = BigInt(`0x${runId.replaceAll('-', '')}`)
  const milliseconds = bits >> 80n
  const random = bits & ((1n << 62n) - 1n)
  let value = ((milliseconds * 1000n + (random % 1000n)) << 10n) | (random >> 52n)
  let tid = ''
  for (let i = 0; i < LENGTH; i++) {
    tid = DIGITS.charAt(Number(value & 31n)) + tid
    value >>= 5n
  }
  return tid
}
