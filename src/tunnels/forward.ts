import { request as ask, type ClientRequest, type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RequestRules, toService, toVisitor, valuesOf } from './headers.ts'
import { StreamRefusedError } from './session.ts'
import type { Place, ThroughTunnel, TunnelSockets } from './sockets.ts'

/** What a visitor's request becomes, and where it goes. */
export type Passage = {
  place: Place
  /** The host name of the tunnel, without its port. */
  host: string
  rules: Omit<RequestRules, 'isUpgrade'>
  /** Milliseconds until the service must have begun to answer. */
  answerWithinMs: number
  /** Milliseconds for which nothing may pass on a stream that has no end; undefined for any time. */
  idleMs: number | undefined
  meter: Meter
}

/** Counts what passes: requests, and the bytes of their bodies and of upgraded connections. */
export type Meter = { requests: number; bytesIn: number; bytesOut: number }

/** Why there is no answer of the service. */
export type Trouble = 'no_agent' | 'no_service' | 'no_answer'

/** What passed of an answer, and the connection that it came by. */
export type Passed = { status: number; bytes: number; socket: Duplex | null }

/**
 * Passes a request on to the service of a tunnel, and the answer back, as they come: nothing is held but what is on its way.
 *
 * @returns what passed; or what kept the service from answering, of which the visitor has yet to hear.
 */
export async function forward(
  sockets: TunnelSockets,
  request: IncomingMessage,
  response: ServerResponse,
  passage: Passage,
): Promise<Passed | Trouble> {
  const first = await exchange(sockets, request, response, passage)
  // The service let go of the connection just when it was used again; of a request without a body nothing has been read.
  return first === 'stale' ? retried(await exchange(sockets, request, response, passage)) : first
}

function retried(outcome: Passed | Trouble | 'stale'): Passed | Trouble {
  return outcome === 'stale' ? 'no_service' : outcome
}

/** A request to the service, whose headers are those that were given. */
function askService(
  sockets: TunnelSockets,
  { method, url }: IncomingMessage,
  place: Place,
  headers: string[],
): ClientRequest {
  const options: ThroughTunnel = { agent: sockets, place, method, path: url ?? null, headers, setHost: false }
  return ask(options)
}

function troubleOf(error: unknown): Trouble {
  return error instanceof StreamRefusedError ? 'no_agent' : 'no_service'
}

function exchange(
  sockets: TunnelSockets,
  request: IncomingMessage,
  response: ServerResponse,
  { place, host, rules, answerWithinMs, idleMs, meter }: Passage,
): Promise<Passed | Trouble | 'stale'> {
  const { promise, resolve } = Promise.withResolvers<Passed | Trouble | 'stale'>()
  const headers = toService(request.rawHeaders, { ...rules, isUpgrade: false })
  const isChunked = request.headers['transfer-encoding'] !== undefined
  const hasBody = isChunked || request.headers['content-length'] !== undefined
  // Whatever the method: a body without its framing would be another request to the service.
  if (isChunked) headers.push('Transfer-Encoding', 'chunked')
  const out = askService(sockets, request, place, headers)
  let bytes = 0
  let socket: Duplex | null = null
  const tooLate = setTimeout(() => {
    resolve('no_answer')
    out.destroy()
  }, answerWithinMs)
  const leave = () => out.destroy()
  response.once('close', leave)
  out.once('error', (error: Error & { code?: string }) => {
    if (response.headersSent) response.destroy()
    const isStale = out.reusedSocket && !hasBody && error.code === 'ECONNRESET'
    resolve(isStale ? 'stale' : troubleOf(error))
  })
  out.once('close', () => {
    clearTimeout(tooLate)
    response.off('close', leave)
    resolve(response.headersSent ? { status: response.statusCode, bytes, socket } : 'no_service')
  })
  out.on('continue', () => response.writeContinue())
  out.on('information', ({ statusCode, headers: hints }) => {
    if (statusCode === 102) response.writeProcessing()
    if (statusCode === 103 && hints.link !== undefined) response.writeEarlyHints({ link: hints.link })
  })
  out.once('response', (answer) => {
    clearTimeout(tooLate)
    socket = out.socket
    response.sendDate = false
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, toVisitor(answer.rawHeaders, host))
    response.flushHeaders()
    if (idleMs !== undefined && isEventStream(answer)) out.socket?.setTimeout(idleMs, () => out.destroy())
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      meter.bytesOut += chunk.length
    })
    answer.once('end', () => {
      if (answer.rawTrailers.length > 0) response.addTrailers(inPairs(answer.rawTrailers))
    })
    answer.once('aborted', () => response.destroy())
    answer.pipe(response)
  })
  if (hasBody) {
    // Whoever still sends has not been answered late.
    request.on('data', (chunk: Buffer) => {
      meter.bytesIn += chunk.length
      tooLate.refresh()
    })
    request.once('end', () => {
      if (request.rawTrailers.length > 0) out.addTrailers(inPairs(request.rawTrailers))
    })
    request.pipe(out)
  } else out.end()
  return promise
}

function isEventStream({ headers }: IncomingMessage): boolean {
  return /^text\/event-stream\b/i.test(headers['content-type'] ?? '')
}

function inPairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? ''])
}

/** What becomes of a request for another protocol. */
export type UpgradeEnds = {
  /** The service does not answer: the visitor has yet to hear of it. */
  onTrouble(trouble: Trouble): void
  /** The service has answered, on this connection. */
  onAnswer(status: number, service: Duplex | null): void
}

/**
 * Passes on a request that asks for another protocol. Bytes that a visitor sent after it wait until the service has agreed.
 */
export function forwardUpgrade(
  sockets: TunnelSockets,
  request: IncomingMessage,
  visitor: Duplex,
  head: Buffer,
  { place, host, rules, answerWithinMs, idleMs, meter }: Passage,
  { onTrouble, onAnswer }: UpgradeEnds,
): void {
  const headers = toService(request.rawHeaders, { ...rules, isUpgrade: true })
  const out = askService(sockets, request, place, headers)
  let isAnswered = false
  const tooLate = setTimeout(() => {
    isAnswered = true
    onTrouble('no_answer')
    out.destroy()
  }, answerWithinMs)
  visitor.on('error', () => out.destroy())
  visitor.once('close', () => out.destroy())
  out.once('close', () => clearTimeout(tooLate))
  out.once('error', (error) => {
    if (!isAnswered) onTrouble(troubleOf(error))
    isAnswered = true
  })
  out.once('upgrade', (answer, service, first) => {
    isAnswered = true
    clearTimeout(tooLate)
    const lines = inPairs(toVisitor(answer.rawHeaders, host, true)).map(([name, value]) => `${name}: ${value}\r\n`)
    visitor.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`, 'latin1')
    if (first.length > 0) visitor.write(first)
    if (head.length > 0) service.write(head)
    meter.bytesIn += head.length
    meter.bytesOut += first.length
    onAnswer(101, service)
    join(visitor, service, { idleMs, meter })
  })
  out.once('response', (answer) => {
    isAnswered = true
    clearTimeout(tooLate)
    const response = new ServerResponse(request)
    // Node writes an answer to whatever it takes for a socket.
    response.assignSocket(visitor as Parameters<ServerResponse['assignSocket']>[0])
    response.shouldKeepAlive = false
    response.sendDate = false
    response.once('finish', () => visitor.end())
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, toVisitor(answer.rawHeaders, host))
    answer.pipe(response)
    onAnswer(answer.statusCode ?? 502, out.socket)
  })
  out.end()
}

/** Lets bytes pass both ways. What ends one ends the other. */
function join(visitor: Duplex, service: Duplex, { idleMs, meter }: Pick<Passage, 'idleMs' | 'meter'>): void {
  let idle: NodeJS.Timeout | undefined
  const cut = () => {
    clearTimeout(idle)
    visitor.destroy()
    service.destroy()
  }
  if (idleMs !== undefined) idle = setTimeout(cut, idleMs)
  for (const [from, to, counter] of [
    [visitor, service, 'bytesIn'],
    [service, visitor, 'bytesOut'],
  ] as const) {
    const pass = (chunk: Buffer) => {
      meter[counter] += chunk.length
      idle?.refresh()
    }
    from.on('error', cut).on('data', pass).once('close', cut).pipe(to)
  }
}

/** Whether a request names another protocol, and which. */
export function protocolOf(request: IncomingMessage): string | undefined {
  return valuesOf(request.rawHeaders, 'upgrade')[0]?.trim().toLowerCase()
}
