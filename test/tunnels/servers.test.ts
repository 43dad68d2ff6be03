import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { startBalancer } from '../support/balancer.ts'
import { SECRETS } from '../support/server.ts'
import { startSilentProxy } from '../support/silent-proxy.ts'
import { startAgentProcess, startTunnelProcess, visitAgainAndAgain, visitOnce } from '../support/tunnel-processes.ts'
import { startService } from '../support/tunnels.ts'
import { until } from '../support/until.ts'

t.setTimeout(300_000)

/** A tunnel on a database of its own, to which servers can be started. */
async function prepare(t: Test) {
  const app = await testApp(t)
  const { send, owner, organizationId, spaceId, databaseUrl } = app
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const config = { subdomain: 'demo', access: 'public', max_streams: 1000 }
  const body = { name: 'T', kind: 'reverse_tunnel', status: 'active', config }
  const { id } = (await send(owner, 'POST', base, body)).body.automation
  const { token } = (await send(owner, 'POST', `${base}/${id}/tunnel/token`)).body
  const start = (env: Record<string, string> = {}) =>
    startTunnelProcess(t, { ...SECRETS, DATABASE_URL: databaseUrl, ...env })
  const tunnel = async () => (await send(owner, 'GET', `${base}/${id}/tunnel`)).body.tunnel
  const service = await startService(t, (request, response) => {
    request.resume().on('end', () => response.end('served'))
  })
  const { port: to } = service.address() as { port: number }
  return { ...app, base, id, token: token as string, start, tunnel, to }
}

t.test('two servers on one database', async (t) => {
  const { start, token, to, tunnel } = await prepare(t)
  const servers = [await start(), await start()]
  /** Those that take what comes. */
  let ready = [...servers]
  const asking = setInterval(async () => {
    const answers = await Promise.all(servers.map((server) => server.isReady()))
    ready = servers.filter((_, i) => answers[i])
  }, 100)
  t.teardown(() => clearInterval(asking))
  const api = await startBalancer(t, () => ready.map(({ apiPort }) => apiPort))
  const visitors = await startBalancer(t, () => ready.map(({ visitorsPort }) => visitorsPort))
  const agent = startAgentProcess(t, { server: `http://127.0.0.1:${api.port}`, token, to })
  // An agent knows of a session before the servers have told each other.
  await until(async () => (await tunnel()).agents[0]?.sessions === 4, 20_000)

  await t.test('an agent spreads its sessions, and every request through either server arrives', async (t) => {
    const shown = await tunnel()
    t.match(shown.agents, [{ sessions: 4, servers: 2 }])
    for (const { visitorsPort } of servers)
      for (let i = 0; i < 50; i++) t.equal((await visitOnce(visitorsPort, 'demo')).status, 200)
  })

  await t.test('each restarted in turn under load: no request fails', async (t) => {
    const load = visitAgainAndAgain(visitors.port, 'demo', 8)
    await wait(1000)
    for (const i of [0, 1]) {
      const old = servers[i]
      if (old === undefined) throw new Error('there are two')
      old.child.kill('SIGTERM')
      await old.exited
      servers[i] = await start()
      await until(async () => ready.length === 2, 20_000)
      await wait(1500)
    }
    const outcomes = await load.stop()
    t.ok((outcomes.get('200') ?? 0) > 200, `${outcomes.get('200')} requests`)
    outcomes.delete('200')
    t.same([...outcomes], [])
    t.notOk(
      agent.events.some((event) => event.event === 'disconnected'),
      'the agent was asked to move, and moved',
    )
  })

  await t.test('one is killed: the rest goes on, and its sessions are back within 15 seconds', async (t) => {
    await until(async () => (await tunnel()).agents[0]?.servers === 2 || (await tunnel()).agents.length === 1, 20_000)
    const [first] = servers
    first?.child.kill('SIGKILL')
    await first?.exited
    const began = performance.now()
    await until(async () => (await tunnel()).agents[0]?.sessions === 4 && agent.sessions() === 4, 15_000)
    t.ok(performance.now() - began < 15_000)
    await until(async () => (await visitOnce(visitors.port, 'demo')).status === 200, 15_000)
    for (let i = 0; i < 30; i++) t.equal((await visitOnce(visitors.port, 'demo')).status, 200)
  })
})

t.test('a server without its database for a while closes its tunnels, and is back unaided', async (t) => {
  const { start, token, to, tunnel, databaseUrl } = await prepare(t)
  const proxy = await startSilentProxy(t, databaseUrl)
  let isCut = false
  const target = new URL(proxy.url)
  const proxyPort = Number(target.port)
  const gate = await startBalancer(t, () => (isCut ? [] : [proxyPort]))
  target.port = String(gate.port)
  const server = await start({ DATABASE_URL: target.href })
  const agent = startAgentProcess(t, { server: server.base, token, to })
  await until(async () => (await tunnel()).agents[0]?.sessions === 4, 20_000)
  t.equal((await visitOnce(server.visitorsPort, 'demo')).status, 200)
  isCut = true
  proxy.goSilent()
  const began = performance.now()
  await wait(5000)
  t.equal((await visitOnce(server.visitorsPort, 'demo')).status, 200, 'a short while is borne')
  await until(async () => agent.sessions() === 0, 15_000)
  const blind = performance.now() - began
  t.ok(blind > 6000 && blind < 15_000, `closed after ${Math.round(blind / 1000)} s`)
  t.not((await visitOnce(server.visitorsPort, 'demo')).status, 200)
  await wait(Math.max(20_000 - (performance.now() - began), 0))
  isCut = false
  await until(async () => (await visitOnce(server.visitorsPort, 'demo')).status === 200, 40_000)
  await until(async () => agent.sessions() === 4, 40_000)
})
