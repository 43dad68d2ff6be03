import { request as ask } from 'node:http'
import type { Held } from './held.ts'
import { asSocket } from './sockets.ts'

const WITHIN_MS = 10_000

/**
 * Looks after the service behind a session, through the session itself.
 *
 * @returns what it answered; null where it did not.
 */
export async function checkHealth(session: Held, path: string, host: string): Promise<{ status: number | null }> {
  const stream = await session.open().catch(() => undefined)
  if (stream === undefined) return { status: null }
  return new Promise((resolve) => {
    const end = (status: number | null) => {
      clearTimeout(late)
      resolve({ status })
      stream.destroy()
    }
    const late = setTimeout(() => end(null), WITHIN_MS)
    const headers = { host, 'user-agent': 'Hyperspeed-Tunnel-Health', connection: 'close' }
    try {
      const out = ask({ createConnection: () => asSocket(stream), path, headers })
      out.once('response', ({ statusCode }) => end(statusCode ?? null))
      out.once('error', () => end(null))
      out.end()
    } catch {
      end(null) // a path that can't be asked for
    }
  })
}

/** Whether a service that answers so does its work. */
export function isHealthy(status: number | null): boolean {
  return status !== null && status >= 200 && status < 400
}
