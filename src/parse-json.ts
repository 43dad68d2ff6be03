import { parseExact } from '../db/exact-json.ts'
import { ApiError } from './errors.ts'
import { firstUnstorable } from './storable.ts'

/**
 * Reads a body of JSON: strict UTF-8, and nothing in it that Postgres can't hold or that is deeper, wider or longer
 * than src/storable.ts allows.
 *
 * @throws ApiError `invalid_json` or `invalid_request` with the path.
 */
export function parseJson(bytes: Buffer): unknown {
  let value: unknown
  try {
    value = parseExact(decodeUtf8(bytes))
  } catch {
    throw new ApiError('invalid_json')
  }
  return requireStorable(value)
}

/** Strict UTF-8, without a byte order mark. @throws TypeError for anything else. */
export function decodeUtf8(bytes: Buffer): string {
  return UTF8.decode(bytes)
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** @throws ApiError `invalid_request` with the place of what can't be stored. */
function requireStorable<T>(value: T): T {
  const wrong = firstUnstorable(value)
  if (wrong !== undefined) throw new ApiError('invalid_request', { details: [wrong] })
  return value
}
