import { once } from 'node:events'
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { PAGE } from './inspector-page.ts'
import { asksForUpgrade, createObserver, type Exchange, type Message, takeAnswer } from './observe.ts'
import type { Target } from './session.ts'

const KEPT = 200
/** Between two hops alone: a request that is sent again has its own. */
const OF_HOP = new Set(['connection', 'transfer-encoding', 'content-length', 'upgrade', 'te', 'expect', 'trailer'])

export type Inspector = {
  url: string
  /** Reads along on a connection. */
  onConnection(stream: Duplex, service: Duplex): void
  close(): void
}

/** Shows what passes, to this machine alone. @throws where the port can't be had */
export async function startInspector(port: number, target: Target): Promise<Inspector> {
  const exchanges: Exchange[] = []
  let last = 0
  const add = (exchange: Omit<Exchange, 'id'>): Exchange => {
    // The same object: its answer is still to come.
    const numbered = Object.assign(exchange, { id: ++last })
    exchanges.push(numbered)
    if (exchanges.length > KEPT) exchanges.shift()
    return numbered
  }
  const server = createServer((request, response) => {
    const { port: own } = server.address() as AddressInfo
    if (isForeign(request, own)) return answer(response, 403, { error: 'this page is for whoever uses this machine' })
    const url = URL.parse(request.url ?? '/', 'http://inspector')
    if (url === null) return answer(response, 400, { error: 'invalid url' })
    const [, id, action] = /^\/requests\/(\d+)(\/replay)?$/.exec(url.pathname) ?? []
    const exchange = exchanges.find((each) => each.id === Number(id))
    if (request.method === 'GET' && url.pathname === '/') return page(response)
    if (request.method === 'GET' && url.pathname === '/requests')
      return answer(response, 200, { requests: exchanges.map(summary).reverse() })
    if (exchange === undefined) return answer(response, 404, { error: 'it is not there, or not any more' })
    if (request.method === 'GET' && action === undefined) return answer(response, 200, { request: whole(exchange) })
    if (request.method !== 'POST' || action === undefined) return answer(response, 405, { error: 'method not allowed' })
    if (exchange.request.bytes > exchange.request.body.length)
      return answer(response, 409, { error: 'its body is too large to have been kept' })
    if (asksForUpgrade(exchange.request))
      return answer(response, 409, { error: 'it asks for another protocol: it can not be sent again' })
    if (!exchange.request.isWhole) return answer(response, 409, { error: 'it has not come whole' })
    const again = replay(exchange, target)
    if (again === undefined) return answer(response, 409, { error: 'it can not be sent again' })
    return answer(response, 202, { id: add(again).id })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onConnection: createObserver(add),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A page elsewhere may ask by a name that leads here, or say where it is from. */
function isForeign({ headers }: IncomingMessage, port: number): boolean {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`]
  const isHere = own.includes(headers.host ?? '')
  return !isHere || (headers.origin !== undefined && !own.includes(headers.origin.replace(/^http:\/\//, '')))
}

/** Sends a request to the service once more. @returns undefined for one that can't be. */
function replay(
  { id, method, path, request: { headers, body } }: Exchange,
  target: Target,
): Omit<Exchange, 'id'> | undefined {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2)
    if (!OF_HOP.has(headers[i]?.toLowerCase() ?? '')) kept.push(headers[i] ?? '', headers[i + 1] ?? '')
  if (body.length > 0) kept.push('Content-Length', String(body.length))
  const exchange = {
    at: new Date(),
    method,
    path,
    request: { headers: kept, body, bytes: body.length, isWhole: true },
    response: undefined,
    replayOf: id,
  }
  try {
    const out = ask({ ...target, method, path, headers: kept, setHost: false, agent: false })
    takeAnswer(out, exchange, performance.now())
    out.end(body)
    return exchange
  } catch {
    return undefined // what Node takes in and does not send
  }
}

function summary({ id, at, method, path, response, replayOf }: Exchange) {
  return {
    id,
    at,
    method,
    path,
    status: response?.status ?? null,
    ms: response === undefined ? null : Math.round(response.ms * 10) / 10,
    bytes: response?.bytes ?? null,
    replay_of: replayOf ?? null,
  }
}

function whole(exchange: Exchange) {
  const { request, response } = exchange
  return { ...summary(exchange), request: shown(request), response: response === undefined ? null : shown(response) }
}

/** A body is text where it is UTF-8, and base64 otherwise. */
function shown({ headers, body, bytes }: Message) {
  const pairs = Array.from({ length: headers.length / 2 }, (_, i) => [headers[2 * i], headers[2 * i + 1]])
  const isText = Buffer.from(body.toString('utf8')).equals(body)
  const text = body.toString(isText ? 'utf8' : 'base64')
  return { headers: pairs, body: text, is_base64: !isText, bytes, is_cut: bytes > body.length }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

function page(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
  })
  response.end(PAGE)
}
