import type { EgressResponse } from '../egress/guard.ts'

/** The JSON of an answer; undefined where it is none, or was cut off. */
export function readJson({ body, truncated }: EgressResponse): unknown {
  if (truncated) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
