import { once } from 'node:events'
import { request as ask, createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Agent, type AgentEvent, startAgent } from '../../agent/agent.ts'
import { beginSession, type TunnelSession } from '../../src/tunnels/session.ts'
import { type ThroughTunnel, TunnelSockets } from '../../src/tunnels/sockets.ts'
import { listening } from '../support/listening.ts'
import { until } from '../support/until.ts'

/** A server of tunnels with one token, a service, and an agent between them. */
async function start(t: Test, { token = 'tun_good', sessions = 2 } = {}) {
  let finish = () => {}
  const service = createServer(({ url }, response) => {
    if (url !== '/slow') return void response.end('quick')
    response.write('begun ')
    finish = () => response.end('and done')
  })
  const held: TunnelSession[] = []
  const server = createServer((_, response) => response.writeHead(404).end())
  let refused = 0
  server.on('upgrade', ({ headers }, socket) => {
    if (headers.authorization !== 'Bearer tun_good') {
      refused++
      return void socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 25\r\n\r\n{"error":"no such token"}')
    }
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: hyperspeed-tunnel\r\n\r\n',
      async () => {
        held.push(await beginSession(String(held.length), socket))
      },
    )
  })
  const target = { host: '127.0.0.1', port: await listening(t, service) }
  const url = new URL(`http://127.0.0.1:${await listening(t, server)}`)
  const events: AgentEvent[] = []
  const agent: Agent = startAgent({ server: url, token, target, sessions, onEvent: (event) => events.push(event) })
  t.teardown(() => agent.stop(0))
  const sockets = new TunnelSockets(async () => {
    const session = held.find((each) => each.isOpen())
    if (session === undefined) throw new Error('nobody is there')
    return { stream: await session.open(), session }
  })
  t.teardown(() => sockets.destroy())
  const get = async (path: string) => {
    const request = ask({
      agent: sockets,
      place: { tunnelId: 't', agentId: 'a' },
      path,
      headers: { host: 'x' },
    } as ThroughTunnel).end()
    const [answer] = await once(request, 'response')
    return answer
  }
  const open = () => held.filter((session) => session.isOpen())
  return { agent, held, open, events, get, finish: () => finish(), refused: () => refused }
}

t.test('an agent keeps its sessions, and dials again when one is cut', async (t) => {
  const { held, open, events, get, agent } = await start(t)
  await until(async () => open().length === 2)
  t.equal(await text(await get('/')), 'quick')
  t.equal(agent.load().openStreams, 1, 'which is kept alive')
  held[0]?.cut()
  await until(async () => open().length === 2 && events.length === 4)
  t.match(events, [
    { event: 'connected' },
    { event: 'connected' },
    { event: 'disconnected', sessions: 1 },
    { event: 'connected', sessions: 2 },
  ])
})

t.test('where the server goes, another session comes first, and what is under way ends', async (t) => {
  const { held, open, get, finish, events } = await start(t, { sessions: 1 })
  await until(async () => open().length === 1)
  const answer = await get('/slow')
  held[0]?.tell({ event: 'drain' })
  await until(async () => open().length === 2)
  held[0]?.drain()
  t.equal(open().length, 1)
  t.equal(await text(await get('/')), 'quick')
  finish()
  t.equal(await text(answer), 'begun and done')
  t.notOk(
    events.some(({ event }) => event === 'disconnected'),
    'nobody is told of a failure',
  )
})

t.test('an agent that is stopped lets what is under way end', async (t) => {
  const { agent, open, get, finish } = await start(t)
  await until(async () => open().length === 2)
  const answer = await get('/slow')
  const stopped = agent.stop(20_000)
  await until(async () => open().length === 0)
  finish()
  t.equal(await text(answer), 'begun and done')
  await stopped
  await agent.ended
})

t.test('an agent whose token is refused ends, and says why', async (t) => {
  const { agent, refused } = await start(t, { token: 'tun_bad' })
  await t.rejects(agent.ended, { name: 'RefusedError', message: /answered 401: no such token$/ })
  t.ok(refused() <= 2)
})

t.test('an idle agent stops at once, whatever grace it has', async (t) => {
  const { agent, open } = await start(t)
  await until(async () => open().length === 2)
  const stopped = agent.stop(60_000).then(() => 'stopped')
  t.equal(await Promise.race([stopped, wait(10_000, 'it waits', { ref: false })]), 'stopped')
  await agent.ended
})

t.test('a server is taken at its word about when to come back, for an hour at the most', async (t) => {
  const names: unknown[] = []
  const server = createServer((_, response) => response.writeHead(404).end())
  server.on('upgrade', ({ headers }, socket) => {
    names.push(headers['tunnel-agent-name'])
    socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 999999999\r\nContent-Length: 0\r\n\r\n')
  })
  const events: AgentEvent[] = []
  const agent = startAgent({
    server: new URL(`http://127.0.0.1:${await listening(t, server)}`),
    token: 'tun_good',
    target: { host: '127.0.0.1', port: 9 },
    sessions: 1,
    name: 'Zoës Läptop',
    onEvent: (event) => events.push(event),
  })
  t.teardown(() => agent.stop(0))
  await until(async () => events.length > 0)
  const [event] = events
  const waits = event?.event === 'disconnected' ? event.retryMs : 0
  t.ok(waits >= 3_600_000 && waits < 3_601_000, `it waits for ${waits} ms`)
  t.same(names, ['Zo?s L?ptop'], 'and a header takes its name, whatever it is')
})
