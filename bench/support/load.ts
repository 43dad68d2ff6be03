import autocannon from 'autocannon'
import { cpuSecondsOf } from './cpu.ts'

/** How many there are at once, unless something else is measured. */
export const CONNECTIONS = 32
const WARM_UP_SECONDS = 2

/**
 * Load over loopback: how much, for how many seconds, and what counts processor time meanwhile.
 *
 * `requests` is how many are sent, where it is not the time that ends it; there is nothing to warm up then. `postgres` counts the
 * processor time of Postgres, where that is told apart.
 */
export type Loading = { clock: Clock; postgres?: Clock; seconds: number; requests?: number; connections?: number }
/** Seconds of processor time so far. */
export type Clock = () => Promise<number>
/** What differs from request to request. */
export type Next = { path: string; headers?: Record<string, string>; body?: string }
export type LoadRequest = {
  headers?: Record<string, string>
  method?: 'GET' | 'POST' | 'PATCH'
  /** Whether an answer is the one that is measured. */
  isRight?: (body: string) => boolean
} & ({ path: () => string; body?: string | (() => string) } | { next: () => Next })
/**
 * Answers a second, latency in milliseconds, and microseconds of processor time for each. `answered` is how many there were in
 * all, those of the warm-up included; up to as many as there are connections were cut off after that, and at the end.
 */
export type LoadFigure = {
  perSecond: number
  cpuMicroseconds: number
  postgresMicroseconds?: number
  p50?: number
  p99?: number
  answered?: number
}

/**
 * Sends the request again and again from many connections, after a moment to warm up.
 *
 * @throws Error where one fails, or is not right.
 */
export async function load(url: string, loading: Loading, request: LoadRequest): Promise<LoadFigure> {
  const { clock, postgres, seconds, requests, connections = CONNECTIONS } = loading
  const settings = { ...settingsOf(request), url, connections }
  const warmUp =
    requests === undefined ? await autocannon({ ...settings, duration: Math.min(WARM_UP_SECONDS, seconds) }) : undefined
  const read = async () => [await clock(), (await postgres?.()) ?? Number.NaN] as const
  const before = await read()
  const many = requests === undefined ? { duration: seconds } : { amount: requests }
  const { result, untilLast } = await fire({ ...settings, ...many })
  const after = await read()
  const failed = [warmUp, result].reduce((sum, each) => sum + (each ? failedOf(each) : 0), 0)
  if (failed > 0) throw new Error(`${failed} requests to ${url} failed`)
  const { requests: done, latency } = result
  return {
    perSecond: requests === undefined ? done.average : done.total / untilLast,
    cpuMicroseconds: ((after[0] - before[0]) / done.total) * 1e6,
    ...(postgres === undefined ? {} : { postgresMicroseconds: ((after[1] - before[1]) / done.total) * 1e6 }),
    p50: latency.p50,
    p99: latency.p99,
    answered: (warmUp?.requests.total ?? 0) + done.total,
  }
}

/** @returns also the seconds until the last answer, because it tells of its end with the next full second alone. */
function fire(options: autocannon.Options): Promise<{ result: autocannon.Result; untilLast: number }> {
  const began = performance.now()
  let last = began
  return new Promise((resolve, reject) => {
    const instance = autocannon(options, (error, result) =>
      error ? reject(error) : resolve({ result, untilLast: (last - began) / 1000 }),
    )
    instance.on('response', () => {
      last = performance.now()
    })
  })
}

function settingsOf({ headers, method, isRight, ...request }: LoadRequest) {
  const next = 'next' in request ? request.next : nextOf(request)
  return {
    ...(headers === undefined ? {} : { headers }),
    ...(method === undefined ? {} : { method }),
    ...(isRight === undefined ? {} : { verifyBody: (text: unknown) => isRight(String(text)) }),
    requests: [
      {
        setupRequest(each: autocannon.Request) {
          const { headers: own, ...rest } = next()
          return { ...each, ...rest, ...(own === undefined ? {} : { headers: { ...each.headers, ...own } }) }
        },
      },
    ],
  }
}

function nextOf({ path, body }: { path: () => string; body?: string | (() => string) }) {
  return (): Next => ({
    path: path(),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : body() }),
  })
}

function failedOf({ non2xx, errors, mismatches }: autocannon.Result): number {
  return non2xx + errors + mismatches
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
