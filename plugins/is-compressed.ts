import type { IncomingHttpHeaders } from 'node:http'

/** Whether a body is compressed, and so could be a bomb. undici and others send an encoding of `identity`. */
export function isCompressed(headers: IncomingHttpHeaders): boolean {
  return (headers['content-encoding'] ?? 'identity') !== 'identity'
}
