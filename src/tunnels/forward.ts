import { request as ask, type ClientRequest, type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RequestRules, toService, toVisitor, valuesOf } from './headers.ts'
import { NoSessionError, type TunnelSockets } from './sockets.ts'

/** What a visitor's request becomes, and where it goes. */
export type Passage = {
  tunnelId: string
  /** The host name of the tunnel, without its port. */
  host: string
  rules: Omit<RequestRules, 'isUpgrade'>
  /** Milliseconds until the service must have begun to answer. */
  answerWithinMs: number
  /** Milliseconds for which nothing may pass on a stream that has no end; undefined for any time. */
  idleMs: number | undefined
}

/** Why there is no answer of the service. */
export type Trouble = 'no_agent' | 'no_service' | 'no_answer'

/** What passed of an answer. */
export type Passed = { status: number; bytes: number }

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

function exchange(
  sockets: TunnelSockets,
  request: IncomingMessage,
  response: ServerResponse,
  { tunnelId, host, rules, answerWithinMs, idleMs }: Passage,
): Promise<Passed | Trouble | 'stale'> {
  const { promise, resolve } = Promise.withResolvers<Passed | Trouble | 'stale'>()
  const headers = toService(request.rawHeaders, { ...rules, isUpgrade: false })
  const isChunked = request.headers['transfer-encoding'] !== undefined
  const hasBody = isChunked || request.headers['content-length'] !== undefined
  // Whatever the method: a body without its framing would be another request to the service.
  if (isChunked) headers.push('Transfer-Encoding', 'chunked')
  let out: ClientRequest
  try {
    out = ask({ agent: sockets, host: tunnelId, method: request.method, path: request.url, headers, setHost: false })
  } catch (error) {
    if (error instanceof NoSessionError) return Promise.resolve('no_agent')
    throw error
  }
  let bytes = 0
  const tooLate = setTimeout(() => {
    resolve('no_answer')
    out.destroy()
  }, answerWithinMs)
  const leave = () => out.destroy()
  response.once('close', leave)
  out.once('error', (error: Error & { code?: string }) => {
    if (response.headersSent) response.destroy()
    const isStale = out.reusedSocket && !hasBody && error.code === 'ECONNRESET'
    resolve(error instanceof NoSessionError ? 'no_agent' : isStale ? 'stale' : 'no_service')
  })
  out.once('close', () => {
    clearTimeout(tooLate)
    response.off('close', leave)
    resolve(response.headersSent ? { status: response.statusCode, bytes } : 'no_service')
  })
  out.on('continue', () => response.writeContinue())
  out.on('information', ({ statusCode, headers: hints }) => {
    if (statusCode === 102) response.writeProcessing()
    if (statusCode === 103 && hints.link !== undefined) response.writeEarlyHints({ link: hints.link })
  })
  out.once('response', (answer) => {
    clearTimeout(tooLate)
    response.sendDate = false
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, toVisitor(answer.rawHeaders, host))
    response.flushHeaders()
    if (idleMs !== undefined && isEventStream(answer)) out.socket?.setTimeout(idleMs, () => out.destroy())
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    answer.once('end', () => {
      if (answer.rawTrailers.length > 0) response.addTrailers(inPairs(answer.rawTrailers))
    })
    answer.once('aborted', () => response.destroy())
    answer.pipe(response)
  })
  if (hasBody) {
    // Whoever still sends has not been answered late.
    request.on('data', () => tooLate.refresh())
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

/**
 * Passes on a request that asks for another protocol. Bytes that a visitor sent after it wait until the service has agreed.
 *
 * @param onTrouble answers the visitor, where the service does not.
 */
export function forwardUpgrade(
  sockets: TunnelSockets,
  request: IncomingMessage,
  visitor: Duplex,
  head: Buffer,
  { tunnelId, host, rules, answerWithinMs, idleMs }: Passage,
  onTrouble: (trouble: Trouble) => void,
): void {
  const headers = toService(request.rawHeaders, { ...rules, isUpgrade: true })
  const out = ask({
    agent: sockets,
    host: tunnelId,
    method: request.method,
    path: request.url,
    headers,
    setHost: false,
  })
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
    if (!isAnswered) onTrouble(error instanceof NoSessionError ? 'no_agent' : 'no_service')
    isAnswered = true
  })
  out.once('upgrade', (answer, service, first) => {
    isAnswered = true
    clearTimeout(tooLate)
    const lines = inPairs(toVisitor(answer.rawHeaders, host, true)).map(([name, value]) => `${name}: ${value}\r\n`)
    visitor.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`, 'latin1')
    if (first.length > 0) visitor.write(first)
    if (head.length > 0) service.write(head)
    join(visitor, service, idleMs)
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
  })
  out.end()
}

/** Lets bytes pass both ways. What ends one ends the other. */
function join(visitor: Duplex, service: Duplex, idleMs: number | undefined): void {
  let idle: NodeJS.Timeout | undefined
  const cut = () => {
    clearTimeout(idle)
    visitor.destroy()
    service.destroy()
  }
  const isBusy = () => void idle?.refresh()
  if (idleMs !== undefined) idle = setTimeout(cut, idleMs)
  for (const [from, to] of [
    [visitor, service],
    [service, visitor],
  ] as const) {
    from.on('error', cut).on('data', isBusy).pipe(to)
    from.once('close', cut)
  }
}

/** Whether a request names another protocol, and which. */
export function protocolOf(request: IncomingMessage): string | undefined {
  return valuesOf(request.rawHeaders, 'upgrade')[0]?.trim().toLowerCase()
}
