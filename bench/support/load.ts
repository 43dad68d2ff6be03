import autocannon from 'autocannon'
import { cpuSecondsOf } from './cpu.ts'

/** How many there are at once, unless something else is measured. */
export const CONNECTIONS = 32
const WARM_UP_SECONDS = 2

/** Load over loopback: how much, for how many seconds, and what counts processor time meanwhile. */
export type Loading = { clock: Clock; seconds: number; connections?: number }
/** Seconds of processor time so far. */
export type Clock = () => Promise<number>
export type LoadRequest = {
  path: () => string
  headers?: Record<string, string>
  method?: 'GET' | 'POST'
  body?: string | (() => string)
  /** Whether an answer is the one that is measured. */
  isRight?: (body: string) => boolean
}
/** Answers a second, latency in milliseconds, and microseconds of processor time for each. */
export type LoadFigure = { perSecond: number; cpuMicroseconds: number; p50?: number; p99?: number }

/**
 * Sends the request again and again from many connections, after a moment to warm up.
 *
 * @throws Error where one fails, or is not right.
 */
export async function load(
  url: string,
  { clock, seconds, connections = CONNECTIONS }: Loading,
  request: LoadRequest,
): Promise<LoadFigure> {
  const { path, body, isRight, ...rest } = request
  const setupRequest = (each: object) => ({
    ...each,
    path: path(),
    ...(typeof body === 'function' ? { body: body() } : {}),
  })
  const settings: autocannon.Options = {
    ...rest,
    ...(typeof body === 'string' ? { body } : {}),
    ...(isRight === undefined ? {} : { verifyBody: (text: unknown) => isRight(String(text)) }),
    url,
    connections,
    requests: [{ setupRequest }],
  }
  await autocannon({ ...settings, duration: Math.min(WARM_UP_SECONDS, seconds) })
  const before = await clock()
  const result = await autocannon({ ...settings, duration: seconds })
  const spent = (await clock()) - before
  const failed = result.non2xx + result.errors + result.mismatches
  if (failed > 0) throw new Error(`${failed} requests to ${url} failed`)
  const { requests: done, latency } = result
  return { perSecond: done.average, cpuMicroseconds: (spent / done.total) * 1e6, p50: latency.p50, p99: latency.p99 }
}

/** A clock of processes and their children. It tells no time where there is no /proc. */
export function clockOf(pids: readonly number[]): Clock {
  return async () => {
    const all = await Promise.all(pids.map(cpuSecondsOf))
    return all.reduce<number>((sum, each) => sum + (each ?? Number.NaN), 0)
  }
}

/** The same, and this process, which is the client. */
export function clockWithClient(pids: readonly number[]): Clock {
  const others = clockOf(pids)
  return async () => {
    const { user, system } = process.cpuUsage()
    return (await others()) + (user + system) / 1e6
  }
}
