import { lookup as systemLookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import pLimit from 'p-limit'
import type { Client } from 'undici'
import { isPublicAddress } from './address.ts'
import { connectTo, type Progress } from './connect.ts'
import { type Destination, parseAllowEntry, parseDestination } from './destination.ts'
import { EgressError } from './error.ts'
import { headerNameProblem, headerValueProblem } from './headers.ts'

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const
export type Method = (typeof METHODS)[number]

export type EgressRequest = {
  method: Method
  url: string
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer | undefined
  /** For everything together: name, connection, TLS, sending and the whole answer. */
  timeoutMs: number
  /** Of the answer's body. What is beyond is not read. */
  maxBytes: number
  signal?: AbortSignal | undefined
}

/** An answer of any status: redirects are answers too, never followed. */
export type EgressResponse = {
  status: number
  /** Names in lower case; the values of one that came twice are joined with commas. */
  headers: Record<string, string>
  /** As it came over the wire, never decompressed. */
  body: Buffer
  /** Whether there was more than `maxBytes`. */
  truncated: boolean
}

export type Lookup = (hostname: string) => Promise<readonly { address: string }[]>

type IsReachable = (destination: Destination, address: string) => boolean
/** All addresses of a destination, every one checked. The signal says that nobody waits any more. */
type Resolve = (destination: Destination, signal: AbortSignal) => Promise<string[]>

export type Egress = {
  /** @throws EgressError whenever there is no whole answer. */
  request(request: EgressRequest): Promise<EgressResponse>
  /**
   * What is known to be wrong with a URL before anything is resolved: its form, its scheme, a user in it, a literal
   * address that is not public. @returns a sentence for people, or undefined.
   */
  check(url: string): string | undefined
  /** Ends what is under way (`aborted`) and refuses what comes later. */
  close(): Promise<void>
}

/** getaddrinfo holds one of libuv's four threads. Password hashing and files need some, however slow the names are. */
const MAX_LOOKUPS = 2
const MAX_HEADER_BYTES = 16_384
const TIMEOUT = 'timeout'
const NOT_PUBLIC = 'is not a public address'

/**
 * Outbound HTTP/1.1 for what users configure. It reaches public addresses only: every address of a name is checked, and
 * the connection goes to a checked one. Each request has a connection of its own, so each is checked.
 *
 * @param options.allow `host:port` of what is let through although private, as the URL names it.
 * @param options.lookup all addresses of a name; the system's by default.
 */
export function createEgress({
  allow,
  lookup = (hostname) => systemLookup(hostname, { all: true }),
}: {
  allow: readonly string[]
  lookup?: Lookup
}): Egress {
  const allowed = new Set(allow.map(allowEntry))
  const isReachable: IsReachable = ({ authority }, address) => allowed.has(authority) || isPublicAddress(address)
  const resolve = resolver(lookup, isReachable)
  const underWay = new Map<AbortController, Promise<unknown>>()
  let closed = false
  return {
    async request(request) {
      const destination = parseDestination(request.url)
      checkRequest(request)
      // One for each request: what depends on a signal that lives on, by AbortSignal.any, is never freed.
      const stopping = new AbortController()
      if (closed) stopping.abort()
      const work = exchange(destination, request, resolve, stopping)
      underWay.set(stopping, work)
      try {
        return await work
      } finally {
        underWay.delete(stopping)
      }
    },

    check(url) {
      try {
        const destination = parseDestination(url)
        const { host } = destination
        return isIP(host) && !isReachable(destination, host) ? `${host} ${NOT_PUBLIC}` : undefined
      } catch (error) {
        if (error instanceof EgressError) return error.message
        throw error
      }
    },

    async close() {
      closed = true
      for (const stopping of underWay.keys()) stopping.abort()
      await Promise.allSettled(underWay.values())
    },
  }
}

function resolver(lookup: Lookup, isReachable: IsReachable): Resolve {
  const limit = pLimit(MAX_LOOKUPS)
  return async (destination, signal) => {
    const { host } = destination
    const answers = isIP(host)
      ? [{ address: host }]
      : await limit(async () => (signal.aborted ? [] : await lookup(host)))
    const addresses = answers.map(({ address }) => address)
    if (addresses.length === 0) throw new Error('no address')
    if (!addresses.every((address) => isReachable(destination, address)))
      throw new EgressError('blocked_address', `${host} ${NOT_PUBLIC}`)
    return addresses
  }
}

function allowEntry(text: string): string {
  const entry = parseAllowEntry(text)
  if (entry === undefined) throw new TypeError(`"${text}" is not host:port`)
  return entry
}

function checkRequest({ method, headers = {} }: EgressRequest): void {
  if (!METHODS.includes(method))
    throw new EgressError('invalid_method', `the method must be one of ${METHODS.join(' ')}`)
  const names = new Set<string>()
  for (const [name, value] of Object.entries(headers)) {
    const lowerCase = name.toLowerCase()
    const problem =
      headerNameProblem(name) ?? headerValueProblem(value) ?? (names.has(lowerCase) ? 'is set twice' : undefined)
    if (problem !== undefined) throw new EgressError('invalid_header', `the header ${JSON.stringify(name)} ${problem}`)
    names.add(lowerCase)
  }
}

/**
 * One request on one connection, which is gone when this returns or throws.
 *
 * @param stopping for this request alone; aborted in any case in the end.
 */
async function exchange(
  destination: Destination,
  request: EgressRequest,
  resolve: Resolve,
  stopping: AbortController,
): Promise<EgressResponse> {
  const progress: Progress = { phase: 'dns' }
  const { signal } = stopping
  const timer = setTimeout(() => stopping.abort(TIMEOUT), request.timeoutMs)
  const stop = () => stopping.abort()
  request.signal?.addEventListener('abort', stop)
  if (request.signal?.aborted) stop()
  let client: Client | undefined
  try {
    const addresses = await unlessStopped(resolve(destination, signal), signal)
    // With the first request: 3 MB of heap, which a process that asks nobody does not pay.
    const undici = await import('undici')
    progress.phase = 'connect'
    client = new undici.Client(destination.origin, {
      connect: connectTo(addresses, progress, signal),
      allowH2: false,
      headersTimeout: request.timeoutMs,
      bodyTimeout: request.timeoutMs,
      maxHeaderSize: MAX_HEADER_BYTES,
    })
    return await unlessStopped(send(client, destination, request), signal)
  } catch (error) {
    throw failure(error, destination.host, progress, signal)
  } finally {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', stop)
    stopping.abort()
    await client?.destroy()
  }
}

async function send(client: Client, { path }: Destination, request: EgressRequest): Promise<EgressResponse> {
  const { statusCode, headers, body } = await client.request({
    path,
    method: request.method,
    headers: { 'user-agent': 'hyperspeed-automations', ...lowerCased(request.headers), 'accept-encoding': 'identity' },
    body: request.body ?? null,
    reset: true, // Connection: close
  })
  const chunks: Buffer[] = []
  let room = request.maxBytes
  let truncated = false
  for await (const chunk of body as AsyncIterable<Buffer>) {
    truncated = chunk.length > room
    chunks.push(chunk.subarray(0, room))
    room -= chunk.length
    if (truncated) break
  }
  const flat = Object.entries(headers).map(([name, value]) => [name, String(value ?? '')])
  return { status: statusCode, headers: Object.fromEntries(flat), body: Buffer.concat(chunks), truncated }
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The work's outcome, or a rejection as soon as the signal is aborted, however long the work goes on. */
function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject)
    const stop = () => reject(new Error('stopped'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function failure(error: unknown, host: string, { phase }: Progress, signal: AbortSignal): EgressError {
  if (error instanceof EgressError) return error
  const options = { mayHaveBeenReceived: phase === 'sent', cause: error }
  const reason = error instanceof Error && 'code' in error && error.code ? ` (${error.code})` : ''
  // undici's own timeouts are as long as the deadline and may come first.
  const isLate = error instanceof Error && /^(Headers|Body)TimeoutError$/.test(error.name)
  if (isLate || signal.reason === TIMEOUT) return new EgressError('timeout', `${host} took too long to answer`, options)
  if (signal.aborted) return new EgressError('aborted', `the request to ${host} was stopped`, options)
  if (phase === 'dns') return new EgressError('dns', `the name ${host} can't be resolved${reason}`, options)
  if (phase === 'connect') return new EgressError('connect', `can't connect to ${host}${reason}`, options)
  if (phase === 'tls') return new EgressError('tls', `no trusted TLS connection to ${host}${reason}`, options)
  return new EgressError('reset', `${host} broke off without a whole answer${reason}`, options)
}
