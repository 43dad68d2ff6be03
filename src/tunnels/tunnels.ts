import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { SAYS } from '../../agent/protocol.ts'
import type { Database } from '../../db/client.ts'
import { listen } from '../../db/listen.ts'
import { newId } from '../../db/new-id.ts'
import * as sessions from '../../db/queries/tunnel-sessions.ts'
import * as tunnels from '../../db/queries/tunnels.ts'
import { hashToken } from '../access/tokens.ts'
import { ApiError, tryAgain } from '../errors.ts'
import type { Kinds } from '../kinds/registry.ts'
import { authorityOf } from '../network.ts'
import type { KeyRing } from '../secrets/cipher.ts'
import { type Asking, agree, readAsking } from './admission.ts'
import { createDirectory, type Tunnel } from './directory.ts'
import { checkHealth, isHealthy } from './health.ts'
import { type Held, HeldSessions } from './held.ts'
import { firstOf, Links, listenForLinks, openHeld } from './links.ts'
import { refuseUpgrade } from './refusal.ts'
import { endRuns } from './runs.ts'
import { beginSession } from './session.ts'
import { type Connection, type Place, TunnelSockets } from './sockets.ts'
import { createVisitors, type VisitorsOptions } from './visitors.ts'

const RENEW_EVERY_MS = 3000
const LOOK_EVERY_MS = 500
/** Without a database for so long, nobody knows here what was paused: by then the others have given this process up too. */
const BLIND_AFTER_MS = sessions.LEASE_SECONDS * 1000
const SESSION_BEGINS_WITHIN_MS = 10_000
const MAX_SESSIONS = 256
/** When an agent of what is not open asks again. */
const CLOSED_SECONDS = 5
const SEEN_WITHIN_MS = 1000
const MOVE_WITHIN_MS = 3000
const GRACE_MS = 5000

export type TunnelOptions = {
  db: Database
  databaseUrl: string
  kinds: Kinds
  keys: KeyRing
  /** Where other servers reach this one; undefined where there can be no others. */
  peer: { host: string; port: number } | undefined
  /** Of tunnels, with `*` for the name. */
  url: string
  clientOf: VisitorsOptions['clientOf']
  /** Whether a text is an access token of a person, as this API signs them. */
  isAccessToken(token: string): boolean
  onError(error: unknown): void
  /** Milliseconds until a service must have begun to answer. */
  answerWithinMs?: number
}

/** Tunnels as this process serves them: agents dial in, visitors come in. */
export type Tunnels = {
  /** Answers who asks for an upgrade where agents do. */
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Where visitors come in. It does not listen by itself. */
  visitors: Server
  /** Has agents go elsewhere, waits for what is under way, and ends. */
  stop(): Promise<void>
}

type Agent = { agentId: string; target: string }

/** Starts to serve tunnels. */
export async function startTunnels(options: TunnelOptions): Promise<Tunnels> {
  const { db, kinds, keys, onError } = options
  const serverId = newId()
  const directory = createDirectory({ db, kinds, serverId })
  const held = new HeldSessions()
  /** The tunnels of what is held, as they were last read. */
  const known = new Map<string, Tunnel>()
  const turns = new Map<string, number>()
  /** Sessions that are over and whose rows may be there still. */
  const left = new Set<string>()
  const listener = options.peer && (await listenForLinks(options.peer, keys, held))
  const links = new Links(keys, (link) => sockets.release(link))
  const sockets = new TunnelSockets(connect)
  const visitors = createVisitors({
    ...options,
    directory,
    sockets,
    pick,
    isBlind,
    isSecure: options.url.startsWith('https:'),
  })
  const agentsKnown = new WeakMap<Tunnel, { changes: number; agents: Agent[] }>()
  /** Agents whose service is being looked after. */
  const checking = new Set<string>()
  let isStopping = false
  let seenAt = performance.now()
  let hasBegun = false

  /** Which agent is next: they take turns, those whose service is well before others. */
  async function pick(tunnel: Tunnel): Promise<(Place & { target: string }) | undefined> {
    const found = knownAgentsOf(tunnel)
    // Its sessions may have come since it was read.
    const agents = found.length > 0 ? found : agentsOf((await directory.read(tunnel.id)) ?? tunnel)
    const turn = (turns.get(tunnel.id) ?? -1) + 1
    if (agents.length > 1) turns.set(tunnel.id, turn)
    const agent = agents[turn % agents.length]
    return agent && { tunnelId: tunnel.id, ...agent }
  }

  /** The same as {@link agentsOf}, as long as nothing has changed: asked for each request. */
  function knownAgentsOf(tunnel: Tunnel): Agent[] {
    const last = agentsKnown.get(tunnel)
    if (last?.changes === held.changes) return last.agents
    const agents = agentsOf(tunnel)
    agentsKnown.set(tunnel, { changes: held.changes, agents })
    return agents
  }

  /** The agents to which requests may go. Where none is well, all of them: a check may be wrong. */
  function agentsOf({ id, elsewhere }: Tunnel): Agent[] {
    const agents = new Map<string, Agent & { isWell: boolean }>()
    for (const { agent_id: agentId, target, is_healthy } of elsewhere)
      agents.set(agentId, { agentId, target, isWell: is_healthy !== false })
    for (const session of held.of(id)) {
      const { agentId, target, health } = session
      if (session.isOpen()) agents.set(agentId, { agentId, target, isWell: health?.isHealthy !== false })
    }
    const all = [...agents.values()]
    const well = all.filter(({ isWell }) => isWell)
    return well.length > 0 ? well : all
  }

  /** Connects to the service behind a tunnel: through a session that is held here, or one of another server. */
  async function connect(place: Place): Promise<Connection> {
    const tunnel = known.get(place.tunnelId)
    const elsewhere = tunnel?.elsewhere ?? (await directory.read(place.tunnelId))?.elsewhere ?? []
    const isHere = held.open(place.tunnelId, place.agentId).some(({ agentId }) => agentId === place.agentId)
    const ways = [() => openHeld(held, place), () => connectElsewhere(elsewhere, place)]
    return firstOf(isHere || elsewhere.length === 0 ? ways : ways.toReversed(), (way) => way()).catch(async (error) => {
      // What is known of the others may be old. Looked up once.
      const read = await directory.read(place.tunnelId)
      if (read === undefined || read.elsewhere.length === 0) throw error
      return connectElsewhere(read.elsewhere, place)
    })
  }

  async function connectElsewhere(elsewhere: Tunnel['elsewhere'], place: Place): Promise<Connection> {
    const preferred = elsewhere.toSorted(
      (a, b) => Number(b.agent_id === place.agentId) - Number(a.agent_id === place.agentId),
    )
    const addresses = new Set(preferred.map(({ address }) => address))
    return firstOf([...addresses], (address) => links.open(address, place))
  }

  async function welcome(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const asking = readAsking(request)
    if (isStopping || isBlind()) throw tryAgain()
    const token = await tunnels.findByToken(db, hashToken(asking.token))
    if (token === undefined) throw new ApiError('tunnel_token_invalid')
    const tunnel = await directory.read(token.automation_id)
    if (tunnel?.opening === undefined) throw tryAgain('tunnel_closed', CLOSED_SECONDS)
    if (held.of(tunnel.id).length >= MAX_SESSIONS) throw tryAgain('tunnel_busy', CLOSED_SECONDS)
    const servers = String(await sessions.countServers(db))
    if (socket.destroyed) return
    const says = { [SAYS.server]: serverId, [SAYS.servers]: servers }
    // An agent that left meanwhile is told nothing.
    const stream = await agree(request, socket, head, says).catch(() => socket.destroy())
    if (!stream.destroyed) await begin(stream, request.socket, tunnel, token.token_id, asking)
  }

  async function begin(stream: Duplex, wire: Socket, tunnel: Tunnel, tokenId: string, asking: Asking): Promise<void> {
    const { agentId, name, version, address, target } = asking
    const id = newId()
    const late = setTimeout(() => stream.destroy(), SESSION_BEGINS_WITHIN_MS)
    const session = await beginSession(id, stream, { wire })
      .catch(() => stream.destroy()) // an agent that left at once
      .finally(() => clearTimeout(late))
    if (!('open' in session)) return
    const own: Held = Object.assign(session, { tunnelId: tunnel.id, tokenId, agentId, target, health: undefined })
    let isWritten = false
    held.add(own)
    known.set(tunnel.id, tunnel)
    void own.going.then(() => {
      held.changes++
      sockets.release(own)
      if (isWritten) forgetSessions([id]).catch(() => {})
    })
    void own.ended.then(() => {
      held.remove(own)
      if (held.of(tunnel.id).length === 0) known.delete(tunnel.id)
    })
    const row = {
      id,
      server_id: serverId,
      organization_id: tunnel.organizationId,
      automation_id: tunnel.id,
      token_id: tokenId,
      agent_id: agentId,
      agent_name: name,
      agent_version: version,
      agent_address: address,
      target,
    }
    const mayStay = await db.transaction().execute((trx) => sessions.begin(trx, row, newId()))
    isWritten = mayStay
    if (!mayStay) return own.cut()
    if (!own.isOpen()) return forgetSessions([id])
    // Asked for just before this process was told to stop.
    if (isStopping) own.tell({ event: 'drain' })
    welcomeTo(own, known.get(tunnel.id) ?? tunnel)
    checkHealthOf(own)
  }

  function urlOf(name: string): string {
    return options.url.replace('*', name)
  }

  /** Tells an agent where its visitors come in. */
  function welcomeTo(session: Held, { name }: Tunnel): void {
    session.tell({ event: 'ready', url: urlOf(name), server: serverId })
  }

  /** Where this fails, the next renewal does it. */
  async function forgetSessions(ids: string[]): Promise<void> {
    for (const id of ids) left.add(id)
    await sessions.remove(db, ids)
    for (const id of ids) left.delete(id)
  }

  function isBlind(): boolean {
    return !hasBegun || performance.now() - seenAt > BLIND_AFTER_MS
  }

  function cutAll(): void {
    for (const session of held.all()) session.cut()
    for (const id of visitors.tunnelIds()) visitors.cut(id)
    directory.forgetAll()
  }

  /** Holds what goes through tunnels to what they are by now. */
  async function check(ids: readonly string[]): Promise<void> {
    const looks = ids.map(async (id) => {
      const tunnel = await directory.read(id)
      visitors.cut(id, tunnel)
      for (const session of held.of(id))
        if (tunnel?.opening === undefined || tunnel.tokenId !== session.tokenId) session.cut()
      if (tunnel === undefined || held.of(id).length === 0) return
      const before = known.get(id)
      known.set(id, tunnel)
      if (before?.name !== tunnel.name) for (const session of held.of(id)) welcomeTo(session, tunnel)
    })
    await Promise.all(looks)
  }

  function used(): string[] {
    return [...new Set([...held.tunnelIds(), ...visitors.tunnelIds()])]
  }

  const hear = (id: string): void => {
    if (id === '') directory.forgetAll()
    else directory.forget(id)
    const concerned = used().filter((each) => id === '' || each === id)
    check(concerned).catch(onError)
  }

  /** Writes down what has passed. What can't be written is counted on. */
  async function writeCounts(): Promise<void> {
    const taken = visitors.takeCounts()
    const passed = [...taken].map(([automation_id, { requests, bytesIn: bytes_in, bytesOut: bytes_out }]) => ({
      automation_id,
      requests,
      bytes_in,
      bytes_out,
    }))
    const news = passed.filter(({ requests, bytes_in, bytes_out }) => requests + bytes_in + bytes_out > 0)
    if (news.length === 0) return
    await tunnels.count(db, news).catch((error) => {
      visitors.giveBack(taken)
      throw error
    })
  }

  async function renew(): Promise<void> {
    const began = performance.now()
    const address = listener === undefined ? '' : authorityOf(options.peer?.host ?? '', listener.port)
    const isNew = await sessions.renewServer(db, { id: serverId, address })
    // The others had given this process up, and its sessions with it.
    if (isNew && hasBegun) cutAll()
    seenAt = began
    hasBegun = true
    await writeCounts()
    await sessions.note(
      db,
      held
        .all()
        .filter((each) => each.isOpen())
        .map(lookOf),
    )
    if (left.size > 0) await forgetSessions([...left])
    await check(used())
    await endRuns(db)
    await sessions.removeExpiredServers(db)
  }

  /** Looks after the service of an agent, through one of its sessions, if its time has come. */
  function checkHealthOf(session: Held): void {
    const { opening, name = '' } = known.get(session.tunnelId) ?? {}
    const check = opening?.healthCheck
    if (check === undefined) {
      session.health = undefined
      return
    }
    const host = opening?.rewritesHost ? session.target : new URL(urlOf(name)).host
    const key = agentKey(session)
    if (checking.has(key)) return
    checking.add(key)
    void checkHealth(session, check.path, host).then(({ status }) => {
      checking.delete(key)
      const health = { isHealthy: isHealthy(status), status, at: new Date() }
      for (const each of held.of(session.tunnelId)) if (each.agentId === session.agentId) each.health = health
      held.changes++
    })
  }

  function checkHealths(): void {
    const agents = new Map(held.all().map((session) => [agentKey(session), session]))
    for (const session of agents.values()) {
      const everyMs = (known.get(session.tunnelId)?.opening?.healthCheck?.intervalSeconds ?? 0) * 1000
      const isDue = session.health === undefined || Date.now() - session.health.at.getTime() >= everyMs
      if (isDue) checkHealthOf(session)
    }
  }

  let renewing: Promise<void> | undefined
  const renewInTurn = (): Promise<void> => {
    renewing ??= renew()
      .catch(onError)
      .finally(() => {
        renewing = undefined
      })
    return renewing
  }
  await renewInTurn()
  const timers = [
    setInterval(renewInTurn, RENEW_EVERY_MS),
    setInterval(() => {
      if (isBlind()) cutAll()
    }, LOOK_EVERY_MS),
    setInterval(checkHealths, 1000),
  ]
  const stopListening = listen(options.databaseUrl, tunnels.TUNNELS_CHANNEL, hear, onError)

  /** Whether agents of all tunnels that are held here are connected to another server. */
  async function hasMoved(): Promise<boolean> {
    const all = await Promise.all(held.tunnelIds().map((id) => directory.read(id)))
    return all.every((tunnel) => (tunnel?.elsewhere.length ?? 1) > 0)
  }

  return {
    visitors: visitors.server,
    onUpgrade(request, socket, head) {
      socket.on('error', () => {}) // told by its end
      welcome(request, socket, head).catch((error) => {
        const isRefusal = error instanceof ApiError
        if (!isRefusal) onError(error)
        refuseUpgrade(request, socket, isRefusal ? error : tryAgain())
      })
    },
    async stop() {
      isStopping = true
      for (const session of held.all()) session.tell({ event: 'drain' })
      const until = performance.now() + MOVE_WITHIN_MS
      const hasOthers = (await sessions.countServers(db).catch(() => 0)) > 1
      // Whoever sends visitors here is to have seen that this process is not ready any more.
      if (hasOthers) await wait(SEEN_WITHIN_MS)
      while (hasOthers && performance.now() < until && !(await hasMoved().catch(() => true))) await wait(50)
      const closed = new Promise((resolve) => visitors.server.close(resolve))
      const idle = setInterval(() => visitors.server.closeIdleConnections(), 50)
      listener?.drain()
      for (const session of held.all()) session.drain()
      const ended = Promise.all([visitors.empty(), ...held.all().map((session) => session.ended)])
      await Promise.race([ended, wait(GRACE_MS, undefined, { ref: false })])
      for (const timer of [...timers, idle]) clearInterval(timer)
      await renewing
      cutAll()
      sockets.destroy()
      links.stop()
      visitors.server.closeAllConnections()
      await Promise.all([visitors.server.listening ? closed : undefined, listener?.stop(), stopListening()])
      await writeCounts().catch(onError)
      await sessions.removeServer(db, serverId).catch(() => {}) // its lease ends too
    },
  }
}

function agentKey({ tunnelId, agentId }: Place): string {
  return `${tunnelId} ${agentId}`
}

function lookOf(session: Held): sessions.Look {
  return {
    id: session.id,
    round_trip_ms: session.roundTripMs() ?? null,
    is_healthy: session.health?.isHealthy ?? null,
    health_status: session.health?.status ?? null,
    health_checked_at: session.health?.at ?? null,
  }
}
