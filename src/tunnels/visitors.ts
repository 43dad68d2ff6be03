import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Told } from '../../agent/protocol.ts'
import { ApiError, type ErrorCode, tryAgain } from '../errors.ts'
import type { Opening } from '../kinds/kind.ts'
import { networkOf } from '../network.ts'
import { answerOn, endWithConnection } from '../pipelining.ts'
import { ACCESS_PATH, accessCookie, hasAccess, isToken, withoutCredentials } from './access.ts'
import type { Directory, Tunnel } from './directory.ts'
import { forward, forwardUpgrade, type Meter, type Passage, protocolsOf, type Trouble } from './forward.ts'
import { valuesOf } from './headers.ts'
import { isAllowed } from './paths.ts'
import { MinuteCounts } from './rate.ts'
import { refuse, refuseMalformed, refuseUpgrade } from './refusal.ts'
import type { Place, TunnelSockets } from './sockets.ts'
import { inTurns } from './turns.ts'

/** Of what answers late, most are asked something long; proxies in front of services give up at about this. */
const ANSWER_WITHIN_MS = 100_000
const BUSY_SECONDS = 1
/** With 256 visitors at once, 23 percent more requests were answered than without (medians of seven rounds); 8 and 16 do the same. */
const REQUESTS_A_TURN = 32
const HEADERS_WITHIN_MS = 20_000
const KEPT_ALIVE_MS = 72_000

const CODE_OF: Record<Trouble, ErrorCode> = {
  no_agent: 'agent_away',
  no_service: 'service_down',
  no_answer: 'service_silent',
}

type Client = { address: string; isForwarded: boolean }

export type VisitorsOptions = {
  directory: Pick<Directory, 'find'>
  sockets: TunnelSockets
  /** Which of the agents is to take the next request, and where its service is; undefined where there is none. */
  pick(tunnel: Tunnel): Promise<(Place & { target: string }) | undefined>
  /** Whether a text is an access token of a person, as this API signs them. */
  isAccessToken(token: string): boolean
  /** Where a visitor comes from, and whether whoever handed the request over is believed about that. */
  clientOf(request: IncomingMessage): Client
  /** Whether there has been no database for so long that nobody knows here what was paused. */
  isBlind(): boolean
  /** Whether visitors reach this over TLS, where nobody says. */
  isSecure: boolean
  answerWithinMs?: number
  onError(error: unknown): void
}

/** Where the visitors of tunnels come in. */
export type Visitors = {
  server: Server
  /** The tunnels in which somebody is. */
  tunnelIds(): string[]
  /** Cuts off those whom a tunnel, as it is now, would not let in; all of them where there is none. */
  cut(tunnelId: string, tunnel?: Tunnel): void
  /** What passed through each tunnel since the last call. */
  takeCounts(): Map<string, Meter>
  /** What was taken could not be written down. */
  giveBack(counts: ReadonlyMap<string, Meter>): void
  /** Resolves once nobody is inside any more. */
  empty(): Promise<void>
}

/** A request, or an upgraded connection, on its way. `at` is where it stands among those of its tunnel. */
type Visit = { at: number; request: IncomingMessage; cut: () => void }

/** Makes the server of visitors, which does not listen yet. */
export function createVisitors(options: VisitorsOptions): Visitors {
  const { directory, sockets, pick, clientOf, isSecure, answerWithinMs = ANSWER_WITHIN_MS, onError } = options
  /** Lists, and no sets: what a set has outgrown goes on to hold what stood in it, until V8's next full collection. */
  const visits = new Map<string, Visit[]>()
  const counts = new Map<string, Meter>()
  const rates = new MinuteCounts()
  const networks = new WeakMap<Opening, BlockList>()
  let onEmpty = () => {}

  /** The tunnel that a request is for, where its sender may ask at all. @throws ApiError */
  async function admit(request: IncomingMessage, isUpgrade: boolean) {
    const host = hostOf(request, isUpgrade)
    // Who can't know of a pause lets nobody in.
    if (options.isBlind()) throw tryAgain()
    const tunnel = await directory.find(nameIn(host))
    if (tunnel?.opening === undefined) throw new ApiError('tunnel_not_found')
    const { opening } = tunnel
    const client = clientOf(request)
    requireNetwork(opening, client)
    const { requestsPerMinute: most } = opening
    const wait = most && rates.exceeds(`${tunnel.id} ${networkOf(client.address)}`, most)
    if (wait !== undefined) throw tryAgain('rate_limited', wait)
    return { tunnel, opening, host, client }
  }

  /** Lets a request in, or says why not. @throws ApiError */
  async function enter(request: IncomingMessage, isUpgrade: boolean): Promise<{ tunnel: Tunnel; passage: Passage }> {
    const { tunnel, opening, host, client } = await admit(request, isUpgrade)
    // What shows the token there is nothing for the service.
    if (isForAccess(request)) throw new ApiError('method_not_allowed')
    requireLeave(request, tunnel, opening)
    if ((visits.get(tunnel.id)?.length ?? 0) >= opening.maxStreams) throw tryAgain('tunnel_busy', BUSY_SECONDS)
    const place = await pick(tunnel)
    if (place === undefined) throw new ApiError('agent_away')
    return { tunnel, passage: passageOf(request, tunnel, opening, { place, host, client }) }
  }

  /** @throws ApiError where a visitor comes from a network that may not. */
  function requireNetwork(opening: Opening, { address }: Client): void {
    if (opening.allowedNetworks !== undefined && !isWithin(opening, address)) throw new ApiError('network_not_allowed')
  }

  /** @throws ApiError where a request lacks the token of visitors, or asks for a path that is not open. */
  function requireLeave({ rawHeaders, url = '' }: IncomingMessage, tunnel: Tunnel, opening: Opening): void {
    if (opening.access === 'token' && !hasAccess(rawHeaders, tunnel.accessTokenHash))
      throw new ApiError('access_token_required')
    if (opening.allowedPaths === undefined) return
    const allowed = isAllowed(url, opening.allowedPaths)
    if (!allowed) throw new ApiError(allowed === undefined ? 'invalid_url' : 'path_not_allowed')
  }

  /** Whether a tunnel, as it is now, would let in who is inside. */
  function mayStay(request: IncomingMessage, tunnel: Tunnel | undefined): boolean {
    if (tunnel?.opening === undefined || nameIn(hostIn(request)) !== tunnel.name) return false
    try {
      requireNetwork(tunnel.opening, clientOf(request))
      requireLeave(request, tunnel, tunnel.opening)
      return true
    } catch {
      return false
    }
  }

  function isWithin(opening: Opening, address: string): boolean {
    const list = networks.get(opening) ?? listOf(opening.allowedNetworks ?? [])
    networks.set(opening, list)
    const family = isIP(address)
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }

  function passageOf(
    request: IncomingMessage,
    { id }: Tunnel,
    opening: Opening,
    { place, host, client }: { place: Place & { target: string }; host: string; client: Client },
  ): Passage {
    return {
      place,
      host,
      answerWithinMs,
      idleMs: opening.idleTimeoutSeconds === undefined ? undefined : opening.idleTimeoutSeconds * 1000,
      meter: meterOf(id),
      rules: {
        forwarded: { for: client.address, proto: isSecure ? 'https' : 'http', host: request.headers.host ?? '' },
        host: opening.rewritesHost ? place.target : undefined,
        passes: (name, value) => withoutCredentials(name, value, options.isAccessToken),
        trustsForwarded: client.isForwarded,
      },
    }
  }

  function meterOf(tunnelId: string): Meter {
    const meter = counts.get(tunnelId) ?? { requests: 0, bytesIn: 0, bytesOut: 0 }
    counts.set(tunnelId, meter)
    return meter
  }

  /** Counts a visitor in. @returns counts them out. */
  function begin({ id }: Tunnel, request: IncomingMessage, meter: Meter, cut: () => void): () => void {
    const inside = visits.get(id) ?? []
    const visit: Visit = { at: inside.length, request, cut }
    inside.push(visit)
    visits.set(id, inside)
    meter.requests++
    return () => {
      const last = inside.pop()
      if (last !== undefined && last !== visit) {
        inside[visit.at] = last
        last.at = visit.at
      }
      if (inside.length === 0 && visits.get(id) === inside) visits.delete(id)
      if (visits.size === 0) onEmpty()
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now()
    // Node's parser takes what follows for the other protocol all the same: it is to be sent anew.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false
    if (isForAccess(request) && READS.has(request.method ?? '')) return grant(request, response)
    const { tunnel, passage } = await enter(request, false)
    if (response.destroyed) return
    const leave = begin(tunnel, request, passage.meter, () => response.destroy())
    try {
      const outcome = await forward(sockets, request, response, passage)
      if (typeof outcome === 'string') return refuse(request, response, refusalOf(outcome))
      const { status, bytes, socket } = outcome
      sockets.tell(socket, done(request, began, { status, bytes }))
    } finally {
      leave()
    }
  }

  /** Lets a browser in that comes with the link, and shows it the way to where the link leads. */
  async function grant(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { tunnel } = await admit(request, false)
    const searchParams = new URLSearchParams((request.url ?? '').split('?')[1])
    const token = searchParams.get('token') ?? ''
    if (!isToken(token, tunnel.accessTokenHash)) throw new ApiError('access_token_required')
    const to = searchParams.get('to') ?? '/'
    response.writeHead(303, {
      location: OWN_PATH.test(to) ? to : '/',
      'set-cookie': accessCookie(token),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
    response.end()
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const began = performance.now()
    let hasLeft = false
    socket.on('error', () => {}) // told by its end
    socket.once('close', () => {
      hasLeft = true
    })
    const { tunnel, passage } = await enter(request, true)
    if (hasLeft) return
    const leave = begin(tunnel, request, passage.meter, () => socket.destroy())
    socket.once('close', leave)
    forwardUpgrade(sockets, request, socket, head, passage, {
      onTrouble: (trouble) => refuseUpgrade(request, socket, refusalOf(trouble)),
      onAnswer: (status, service) => sockets.tell(service, done(request, began, { status, bytes: 0 })),
    })
  }

  const toRefusal = (error: unknown): ApiError => {
    if (error instanceof ApiError) return error
    onError(error)
    return tryAgain()
  }
  const onRequest = inTurns(REQUESTS_A_TURN, (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch((error) => refuse(request, response, toRefusal(error)))
  })
  const server = createServer({
    headersTimeout: HEADERS_WITHIN_MS,
    // Bodies take as long as they take.
    requestTimeout: 0,
    keepAliveTimeout: KEPT_ALIVE_MS,
    connectionsCheckingInterval: 2000,
    noDelay: true,
    // It is refused like all that names no host.
    requireHostHeader: false,
    // Its bytes would overtake the answers that are owed before: until then it goes on in HTTP (RFC 9110, 7.8).
    shouldUpgradeCallback: ({ socket }) => answerOn(socket) === undefined,
  })
  endWithConnection(server)
  // Node would leave out those beyond 2,000 in silence; there are no more than fit into its 16 kB.
  server.maxHeadersCount = 0
  server.on('request', onRequest)
  server.on('checkContinue', onRequest)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrade(request, socket, head).catch((error) => refuseUpgrade(request, socket, toRefusal(error)))
  })
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    if (answerOn(socket) === undefined) refuseUpgrade(request, socket, new ApiError('invalid_request'))
    else socket.destroy()
  })
  server.on('clientError', refuseMalformed)
  return {
    server,
    tunnelIds: () => [...visits.keys()],
    cut(tunnelId, tunnel) {
      for (const { request, cut } of [...(visits.get(tunnelId) ?? [])]) if (!mayStay(request, tunnel)) cut()
    },
    takeCounts() {
      const taken = new Map([...counts].map(([id, count]) => [id, { ...count }]))
      for (const [id, count] of counts) {
        Object.assign(count, { requests: 0, bytesIn: 0, bytesOut: 0 })
        // Whoever is inside goes on counting in it.
        if (!visits.has(id)) counts.delete(id)
      }
      return taken
    },
    giveBack(taken) {
      for (const [id, { requests, bytesIn, bytesOut }] of taken) {
        const meter = meterOf(id)
        meter.requests += requests
        meter.bytesIn += bytesIn
        meter.bytesOut += bytesOut
      }
    },
    empty: () =>
      new Promise((resolve) => {
        onEmpty = resolve
        if (visits.size === 0) resolve()
      }),
  }
}

const READS = new Set(['GET', 'HEAD'])
const MAX_TOLD_PATH = 2048
/** A path that no browser takes for another host. */
const OWN_PATH = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/
/** A name or an address, and perhaps a port: what else there may be would be read in another way by whoever comes next. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])?(?::\d{0,5})?$/i

/** What an agent is told of a request that is done. @param began by the clock of `performance` */
function done(
  { method = '', url = '' }: IncomingMessage,
  began: number,
  { status, bytes }: { status: number; bytes: number },
): Told {
  const ms = Math.round((performance.now() - began) * 10) / 10
  return { event: 'request', method, path: url.slice(0, MAX_TOLD_PATH), status, ms, bytes }
}

function refusalOf(trouble: Trouble): ApiError {
  return new ApiError(CODE_OF[trouble])
}

/**
 * The host that a request is for, in lower case and without its port.
 *
 * @throws ApiError for what Node lets through and services read in different ways.
 */
function hostOf(request: IncomingMessage, isUpgrade: boolean): string {
  const { rawHeaders, url = '', method, headers } = request
  const hosts = valuesOf(rawHeaders, 'host')
  const isPath = url.startsWith('/') || (url === '*' && method === 'OPTIONS')
  const coding = headers['transfer-encoding']
  // What else a body may be coded as between two hops, hardly anybody knows how to read; HTTP/1.0 knows none of it.
  const isFramed = coding === undefined || (/^chunked$/i.test(coding) && request.httpVersion !== '1.0')
  const isHost = hosts.length === 1 && HOST.test(hosts[0]?.trim() ?? '')
  if (!isHost || !isPath || !isFramed || !/^1\.[01]$/.test(request.httpVersion)) throw new ApiError('invalid_request')
  if (isUpgrade) {
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
    const protocols = protocolsOf(request)
    const isHttp2 = protocols.length === 0 || protocols.some((each) => each === 'h2' || each === 'h2c')
    if (hasBody || isHttp2) throw new ApiError('invalid_request')
  }
  return hostIn(request)
}

function hostIn({ headers }: IncomingMessage): string {
  return (headers.host ?? '').trim().toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}

/** The name of the tunnel whose host that is. */
function nameIn(host: string): string {
  return host.split('.', 1)[0] ?? ''
}

/** Also as it may be written otherwise. */
function isForAccess({ url = '' }: IncomingMessage): boolean {
  const path = url.split('?', 1)[0] ?? ''
  if (!path.includes('%')) return path === ACCESS_PATH
  try {
    return decodeURIComponent(path) === ACCESS_PATH
  } catch {
    return false
  }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const each of networks) {
    const [address = '', bits] = each.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}
