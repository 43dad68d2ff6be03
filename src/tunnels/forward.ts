import {
  request as ask,
  type ClientRequest,
  type IncomingMessage,
  ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import type { Duplex } from 'node:stream'
import { ApiError } from '../errors.ts'
import { type RequestRules, toService, toVisitor, trailersToService, valuesOf } from './headers.ts'
import { StreamRefusedError } from './session.ts'
import type { Place, ThroughTunnel, TunnelSockets } from './sockets.ts'

/** What a visitor's request becomes, and where it goes. */
export type Passage = {
  place: Place
  /** The host name of the tunnel, without its port. */
  host: string
  rules: Omit<RequestRules, 'isUpgrade' | 'hasTrailers'>
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

/**
 * A request to the service, whose headers are those that were given.
 *
 * @throws ApiError `invalid_request` for what Node takes in and does not send
 */
function askService(sockets: TunnelSockets, request: IncomingMessage, place: Place, headers: string[]): ClientRequest {
  const { method = '', url } = request
  // Of these, Node would write a body of its own, which is none, and which some services don't read.
  if (!hasBody(request) && !NEVER_CHUNKED.has(method)) headers.push('Content-Length', '0')
  const options: ThroughTunnel = { agent: sockets, place, method, path: url ?? null, headers, setHost: false }
  try {
    const out = ask(options)
    // Node would leave out those beyond so many in silence; there are no more than fit into its 16 kB.
    out.maxHeadersCount = 0
    return out
  } catch {
    throw new ApiError('invalid_request')
  }
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
  const isChunked = request.headers['transfer-encoding'] !== undefined
  const isWithBody = hasBody(request)
  const headers = toService(request.rawHeaders, { ...rules, isUpgrade: false, hasTrailers: isChunked })
  // Whatever the method: a body without its framing would be another request to the service.
  if (isChunked) headers.push('Transfer-Encoding', 'chunked')
  const out = askService(sockets, request, place, headers)
  let bytes = 0
  let socket: Duplex | null = null
  let isWhole = () => false
  const look = () => {
    // While the visitor still owes some of the request, nobody is late with an answer.
    if (isWithBody && !request.complete && !out.writableNeedDrain) {
      tooLate = setTimeout(look, answerWithinMs)
      return
    }
    resolve('no_answer')
    out.destroy()
  }
  let tooLate = setTimeout(look, answerWithinMs)
  const leave = () => out.destroy()
  response.once('close', leave)
  out.once('error', (error: Error & { code?: string }) => {
    // What comes behind an answer is nobody's.
    if (isWhole()) return
    if (response.headersSent) response.destroy()
    // The service let go, or what it had sent behind its last answer came now.
    const isOfLast = error.code === 'ECONNRESET' || error.code?.startsWith('HPE_')
    const isStale = out.reusedSocket && !isWithBody && SAFE.has(request.method ?? '') && isOfLast
    resolve(isStale ? 'stale' : troubleOf(error))
  })
  out.once('close', () => {
    clearTimeout(tooLate)
    response.off('close', leave)
    // Nobody takes the rest, and a visitor who writes all before reading would wait for ever.
    if (isWithBody) request.unpipe(out).resume()
    resolve(response.headersSent ? { status: response.statusCode, bytes, socket } : 'no_service')
  })
  passInformation(out, response)
  out.once('response', (answer) => {
    clearTimeout(tooLate)
    socket = out.socket
    isWhole = () => answer.complete
    if (!begin(answer, request, response, host)) {
      resolve('no_service')
      return void out.destroy()
    }
    if (idleMs !== undefined && isEventStream(answer)) out.socket?.setTimeout(idleMs, () => out.destroy())
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      meter.bytesOut += chunk.length
    })
    answer.once('end', () => {
      passTrailers(toVisitor(answer.rawTrailers, host), response)
      // It takes no more of the request: `close` then reads out what the visitor still sends.
      if (!request.complete && !out.shouldKeepAlive) out.destroy()
    })
    answer.once('aborted', () => response.destroy())
    answer.pipe(response)
  })
  if (isWithBody) {
    request.on('data', (chunk: Buffer) => {
      meter.bytesIn += chunk.length
      tooLate.refresh()
    })
    request.once('end', () => passTrailers(trailersToService(request.rawTrailers, rules), out))
    request.pipe(out)
  } else out.end()
  return promise
}

/** What may be asked a second time without anybody's having said so (RFC 9110, 9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
/** Of which Node sends no body by itself. */
const NEVER_CHUNKED = new Set([...SAFE, 'DELETE'])

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined
}

/** Begins the answer to the visitor as the service began it. @returns false for one that can't be given */
function begin(answer: IncomingMessage, request: IncomingMessage, response: ServerResponse, host: string): boolean {
  const { statusCode: status = 0, statusMessage = '', headers } = answer
  const isBodiless = request.method === 'HEAD' || status === 204 || status === 304
  const isChunked = headers['transfer-encoding'] !== undefined && request.httpVersion !== '1.0' && !isBodiless
  response.sendDate = false
  // Another protocol than was agreed on, or a coding that Node does not undo.
  if (status < 200 || !/^(?:chunked)?$/i.test(headers['transfer-encoding'] ?? '')) return false
  try {
    const reason = statusMessage.replace(/[^\t\x20-\x7e\x80-\xff]/g, ' ')
    response.writeHead(status, reason, toVisitor(answer.rawHeaders, host, { hasTrailers: isChunked }))
    if (!isBodiless) sendHead(answer, response)
    return true
  } catch {
    return false
  }
}

/** Sends the head together with what of the body comes with it, and by itself where nothing does. */
function sendHead(answer: IncomingMessage, response: ServerResponse): void {
  let isSent = false
  const send = () => {
    // As the bytes that it came as: Node writes a head that goes alone as UTF-8.
    if (!isSent && !response.destroyed) response.write(NOTHING)
    isSent = true
  }
  answer.once('data', () => {
    isSent = true
  })
  answer.once('end', send)
  setImmediate(send)
}

const NOTHING = Buffer.alloc(0)
/** Of one answer. Each is a few kilobytes at the most, and a visitor who does not read gets none. */
const MAX_INFORMATION = 100

/** Passes on answers that come before the answer (1xx), as far as the visitor's protocol has them and the visitor takes them. */
function passInformation(out: ClientRequest, response: ServerResponse): void {
  let count = 0
  const takes = () => {
    const { socket, req, headersSent } = response
    return req.httpVersion !== '1.0' && !headersSent && !socket?.writableNeedDrain && ++count <= MAX_INFORMATION
  }
  out.on('information', ({ statusCode, statusMessage, rawHeaders }) => {
    if (statusCode === 100 && takes()) response.writeContinue()
    if (statusCode < 102 || statusCode > 199 || !takes()) return
    const reason = statusMessage.replace(/[^\t\x20-\x7e]/g, ' ')
    // Node writes but three of them itself, and those not with all of their headers.
    response.socket?.write(`HTTP/1.1 ${statusCode} ${reason}\r\n${linesOf(toVisitor(rawHeaders, ''))}\r\n`, 'latin1')
  })
}

/** What is no trailer is left out. All at once: a second call takes the place of the first. */
function passTrailers(raw: readonly string[], to: ServerResponse | ClientRequest): void {
  to.addTrailers(inPairs(raw).filter(isTrailer))
}

function isTrailer([name, value]: [string, string]): boolean {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}

function isEventStream({ headers }: IncomingMessage): boolean {
  return /^text\/event-stream\b/i.test(headers['content-type'] ?? '')
}

/** Headers as they are written. */
function linesOf(raw: readonly string[]): string {
  return inPairs(raw)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
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
  const headers = toService(request.rawHeaders, { ...rules, isUpgrade: true, hasTrailers: false })
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
    const lines = linesOf(toVisitor(answer.rawHeaders, host, { isUpgrade: true }))
    visitor.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`, 'latin1')
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
    response.once('finish', () => visitor.end())
    if (!begin(answer, request, response, host)) {
      response.detachSocket(visitor as Parameters<ServerResponse['detachSocket']>[0])
      out.destroy()
      return onTrouble('no_service')
    }
    answer.once('aborted', () => visitor.destroy())
    answer.pipe(response)
    onAnswer(answer.statusCode ?? 502, out.socket)
  })
  out.end()
}

/** Lets bytes pass both ways. What ends one ends the other, once it has got all that there was. */
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
    const end = () => {
      clearTimeout(idle)
      if (!from.readableEnded || to.writableFinished || to.destroyed) return void to.destroy()
      to.once('finish', () => to.destroy())
    }
    from.on('error', cut).on('data', pass).once('close', end).pipe(to)
  }
}

/** The protocols that a request asks for, in lower case and without their versions. */
export function protocolsOf(request: IncomingMessage): string[] {
  const all = valuesOf(request.rawHeaders, 'upgrade').flatMap((value) => value.toLowerCase().split(','))
  return all.map((each) => each.trim().split('/', 1)[0] ?? '').filter((each) => each !== '')
}
