import { once } from 'node:events'
import { request as ask, createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { type Agent, type AgentEvent, type AgentOptions, startAgent } from '../../agent/agent.ts'
import { createClientAddress } from '../../plugins/client-address.ts'
import { startTunnels, type TunnelOptions, type Tunnels } from '../../src/tunnels/tunnels.ts'
import { type TestApp, testApp } from './app.ts'
import { listening } from './listening.ts'
import { until } from './until.ts'

/** A process that serves tunnels: where agents dial in, and where visitors come in. */
export type TunnelServer = { agents: URL; port: number; tunnels: Tunnels; errors: unknown[]; stop(): Promise<void> }

type Visit = {
  host?: string
  method?: string
  headers?: Record<string, string | string[]>
  body?: string | Buffer
  port?: number
}

/** An answer to a visitor, read. */
export type Visited = { status: number; headers: IncomingMessage['headers']; body: string; json: unknown }

export type TunnelApp = TestApp & {
  servers: TunnelServer[]
  server: TunnelServer
  base: string
  /** Starts one more process on the same database. */
  startServer(options?: Partial<TunnelOptions>): Promise<TunnelServer>
  /** Makes a tunnel that is open, and its token. @param config besides `access: public`. */
  open(config?: Record<string, unknown>): Promise<{ id: string; name: string; token: string }>
  /** Starts an agent, and waits until all of its sessions are there. */
  connect(token: string, service: Server | number, options?: Partial<AgentOptions>): Promise<ConnectedAgent>
  /** Sends a request as a visitor of a tunnel. */
  visit(name: string, path: string, visit?: Visit): Promise<Visited>
  tunnel(id: string): Promise<Record<string, unknown> & { agents: Record<string, unknown>[] }>
}

export type ConnectedAgent = { agent: Agent; events: AgentEvent[] }

/** The app, and tunnels beside it, in this process. */
export async function tunnelApp(t: Test, options: Partial<TunnelOptions> = {}): Promise<TunnelApp> {
  const app = await testApp(t)
  const { organizationId, spaceId, owner, send } = app
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const servers: TunnelServer[] = []
  const startServer = async (more: Partial<TunnelOptions> = {}): Promise<TunnelServer> => {
    const errors: unknown[] = []
    const tunnels = await startTunnels({
      db: app.db,
      databaseUrl: app.databaseUrl,
      kinds: app.kinds,
      keys: new Map([['k1', Buffer.alloc(32, 7)]]),
      peer: { host: '127.0.0.1', port: 0 },
      url: 'http://*.localhost:8081',
      clientOf: createClientAddress(false),
      isAccessToken: (token) => app.app.isAccessToken(token),
      onError: (error) => void errors.push(error),
      ...options,
      ...more,
    })
    const dialled = createServer((_, response) => response.writeHead(404).end())
    dialled.on('upgrade', tunnels.onUpgrade)
    const agents = new URL(`http://127.0.0.1:${await listening(t, dialled)}`)
    tunnels.visitors.listen(0, '127.0.0.1')
    await once(tunnels.visitors, 'listening')
    const { port } = tunnels.visitors.address() as AddressInfo
    let stopping: Promise<void> | undefined
    const stop = () => {
      stopping ??= tunnels.stop()
      return stopping
    }
    const server = { agents, port, tunnels, errors, stop }
    servers.push(server)
    t.teardown(stop)
    return server
  }
  const server = await startServer()
  let count = 0
  return {
    ...app,
    base,
    servers,
    server,
    startServer,
    async open(config = {}) {
      const subdomain = `t${++count}`
      const body = { name: 'T', kind: 'reverse_tunnel', status: 'active' }
      const made = await send(owner, 'POST', base, { ...body, config: { subdomain, access: 'public', ...config } })
      if (made.status !== 201) throw new Error(made.text)
      const { id, trigger } = made.body.automation
      const { token } = (await send(owner, 'POST', `${base}/${id}/tunnel/token`)).body
      return { id, token, name: new URL(trigger.url).hostname.split('.', 1)[0] ?? '' }
    },
    async connect(token, service, options = {}) {
      const events: AgentEvent[] = []
      const port = typeof service === 'number' ? service : (service.address() as AddressInfo).port
      const agent = startAgent({
        server: server.agents,
        token,
        target: { host: '127.0.0.1', port },
        onEvent: (event) => void events.push(event),
        ...options,
      })
      t.teardown(() => agent.stop(0))
      const wanted = options.sessions ?? 4
      const ready = () => events.filter(({ event }) => event === 'ready').length >= wanted
      await Promise.race([until(async () => ready()), agent.ended])
      return { agent, events }
    },
    async visit(name, path, { host = `${name}.localhost`, port = server.port, body, method = 'GET', headers } = {}) {
      const out = ask({ host: '127.0.0.1', port, path, method, headers: { ...headers, host }, agent: false })
      out.end(body)
      const [answer] = (await once(out, 'response')) as [IncomingMessage]
      const read = await text(answer)
      const isJson = answer.headers['content-type']?.startsWith('application/json') ?? false
      return {
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        body: read,
        json: isJson ? JSON.parse(read) : undefined,
      }
    },
    async tunnel(id) {
      return (await send(owner, 'GET', `${base}/${id}/tunnel`)).body.tunnel
    },
  }
}

/** A service on loopback. By default it says what it was asked, and with which headers. */
export async function startService(t: Test, listener: RequestListener = echo): Promise<Server> {
  const service = createServer(listener)
  await listening(t, service)
  return service
}

const echo: RequestListener = async (request, response) => {
  const { method, url, rawHeaders } = request
  const body = await text(request)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ method, url, headers: rawHeaders, body }))
}
