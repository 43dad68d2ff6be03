import type { Readable } from 'node:stream'
import { ApiError } from '../src/errors.ts'
import type { Arrival } from '../src/hooks/admission.ts'

/**
 * Reads a body as it comes, into memory that grows with it: what was announced takes none, and a thousand chunks of one byte no
 * more than one of a thousand.
 *
 * @param begin is given what ends the reading, and counts the memory.
 * @throws ApiError `body_too_large` beyond `most` bytes, `invalid_request` where the sender breaks off, or what `begin` was told.
 */
export function collectBody(
  payload: Readable,
  most: number,
  begin: (giveUp: (refusal: ApiError) => void) => Arrival,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let held: Buffer = Buffer.alloc(0)
    let length = 0
    const onData = (chunk: Buffer) => {
      try {
        held = append(held, length, chunk, most, arrival)
        length += chunk.length
      } catch (error) {
        fail(error)
      }
    }
    const onEnd = () => {
      detach()
      resolve(held.subarray(0, length))
    }
    const onBreak = () => fail(new ApiError('invalid_request'))
    const detach = () => {
      payload.off('data', onData).off('end', onEnd).off('error', onBreak).off('close', onBreak)
    }
    const fail = (error: unknown) => {
      detach()
      held = Buffer.alloc(0)
      // What breaks now has been answered.
      payload.on('error', () => {})
      reject(error)
    }
    const arrival = begin(fail)
    payload.on('data', onData).on('end', onEnd).on('error', onBreak).on('close', onBreak)
  })
}

/** Puts a chunk behind what is there: in the same memory where it fits, else in twice as much. */
function append(held: Buffer, length: number, chunk: Buffer, most: number, arrival: Arrival): Buffer {
  const needed = length + chunk.length
  if (needed > most) throw new ApiError('body_too_large')
  if (length === 0) {
    arrival.take(chunk.length)
    return chunk
  }
  let grown = held
  if (needed > held.length) {
    const capacity = Math.min(Math.max(needed, 2 * held.length), most)
    arrival.take(capacity - held.length)
    grown = Buffer.allocUnsafeSlow(capacity)
    held.copy(grown, 0, 0, length)
  }
  chunk.copy(grown, length)
  return grown
}
