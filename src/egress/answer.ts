import type { EgressResponse } from './guard.ts'

/** Of the class 5xx (RFC 9110, section 15.6). */
export function isServerError(status: number): boolean {
  return status >= 500 && status < 600
}

/** The JSON of an answer; undefined where it is none, or was cut off. */
export function readJson({ body, truncated }: EgressResponse): unknown {
  if (truncated) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

/** The beginning of a text, cut between characters. */
export function firstBytes(text: string, most: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= most) return text
  return new TextDecoder().decode(bytes.subarray(0, most), { stream: true })
}
