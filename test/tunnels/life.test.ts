import { once } from 'node:events'
import { request as ask, createServer, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { listening } from '../support/listening.ts'
import { startService, tunnelApp } from '../support/tunnels.ts'
import { until } from '../support/until.ts'

t.test('a tunnel from its making to its end', async (t) => {
  const on = await tunnelApp(t)
  const { send, owner, base, open, connect: dial, visit, tunnel, db } = on
  const { id, name, token } = await open()
  t.match(await tunnel(id), {
    url: `http://${name}.localhost:8081`,
    state: 'disconnected',
    agents: [],
    run_id: null,
    access_token_set_at: null,
  })
  t.match(await visit(name, '/'), { status: 502, json: { code: 'agent_away' } })
  const { agent, events } = await dial(token, await startService(t), { name: 'laptop', version: '1.2.3' })
  t.match(await visit(name, '/a?b', { method: 'POST', body: 'hello' }), {
    status: 200,
    json: { method: 'POST', url: '/a?b', body: 'hello' },
  })
  await until(async () => events.some(({ event }) => event === 'request'))
  t.match(
    events.find(({ event }) => event === 'request'),
    { method: 'POST', path: '/a?b', status: 200 },
  )
  t.match(
    events.find(({ event }) => event === 'ready'),
    { url: `http://${name}.localhost:8081` },
  )
  const shown = await tunnel(id)
  t.match(shown, {
    state: 'connected',
    agents: [{ name: 'laptop', version: '1.2.3', address: '127.0.0.1', sessions: 4, servers: 1, is_healthy: null }],
  })
  const run = await send(owner, 'GET', `${base}/${id}/runs/${shown.run_id}`)
  t.match(run.body.run, { trigger: 'tunnel', status: 'running', attempt: 1 })
  t.match(await send(owner, 'POST', `${base}/${id}/runs/${shown.run_id}/cancel`), {
    status: 409,
    body: { code: 'tunnel_run' },
  })
  t.match(await send(owner, 'POST', `${base}/${id}/run`), { status: 409, body: { code: 'run_not_implemented' } })

  t.test('what has passed is counted', async (t) => {
    await until(async () => Number((await tunnel(id)).requests) > 0, 8000)
    const { requests, bytes_in, bytes_out } = await tunnel(id)
    t.equal(requests, 1, 'one came in while no agent was there')
    t.equal(bytes_in, 5)
    t.ok(Number(bytes_out) > 50)
  })

  t.test('a run lasts from the first session to 30 seconds after the last', async (t) => {
    await agent.stop(0)
    await until(async () => (await tunnel(id)).state === 'disconnected')
    const second = await dial(token, await startService(t))
    t.equal((await tunnel(id)).run_id, shown.run_id, 'an agent that comes back goes on with it')
    await second.agent.stop(0)
    const aloneSince = async () => {
      const { rows } = await sql<{ alone_since: Date | null }>`select alone_since from tunnels`.execute(db)
      return rows[0]?.alone_since
    }
    await until(async () => (await aloneSince()) !== null, 8000)
    await sql`update tunnels set alone_since = alone_since - interval '30 seconds'`.execute(db)
    await until(async () => (await tunnel(id)).run_id === null, 8000)
    const ended = (await send(owner, 'GET', `${base}/${id}/runs/${shown.run_id}`)).body.run
    t.match(ended, { status: 'succeeded', success: true })
    const { automation } = (await send(owner, 'GET', `${base}/${id}`)).body
    t.equal(automation.last_run_at, ended.started_at)
    t.equal((await send(owner, 'GET', `${base}/${id}/runs`)).body.runs.length, 1)
  })
})

t.test('what nobody may use any more is cut, at once', async (t) => {
  const { send, owner, base, open, connect: dial, visit, server, tunnel } = await tunnelApp(t)
  const service = await startService(t, ({ url }, response) => {
    if (url === '/endless') return void response.write('begun')
    response.end('quick')
  })
  service.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  })
  /** Is inside with a request and an upgraded connection. @returns tells when both were cut, in milliseconds. */
  const inside = async (name: string): Promise<() => Promise<number>> => {
    const request = ask({ port: server.port, host: '127.0.0.1', path: '/endless', headers: { host: name } }).end()
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    answer.resume()
    answer.on('error', () => {})
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`)
    socket.on('error', () => {})
    await once(socket, 'data')
    const began = performance.now()
    const closed = [answer, socket].map((each) => new Promise((resolve) => each.once('close', resolve)))
    return async () => {
      await Promise.all(closed)
      return performance.now() - began
    }
  }
  const cases: [what: string, act: (id: string) => Promise<unknown>, status: number][] = [
    ['paused', (id) => send(owner, 'PATCH', `${base}/${id}`, { status: 'paused' }), 404],
    ['sent back', (id) => send(owner, 'PATCH', `${base}/${id}`, { status: 'pending_approval' }), 404],
    ['deleted', (id) => send(owner, 'DELETE', `${base}/${id}`), 404],
    ['of another token', (id) => send(owner, 'POST', `${base}/${id}/tunnel/token`), 502],
    ['closed to the public', (id) => send(owner, 'PATCH', `${base}/${id}`, { config: { access: 'token' } }), 404],
  ]
  for (const [what, act, status] of cases) {
    const { id, name, token } = await open()
    await dial(token, service)
    const cut = await inside(name)
    await act(id)
    const ms = await cut()
    t.ok(ms < 2000, `${what}: cut after ${Math.round(ms)} ms`)
    t.equal((await visit(name, '/')).status, status, what)
  }

  t.test('not those whom it lets in as before', async (t) => {
    const rules = { access: 'public', allowed_paths: ['/endless', '/'], max_streams: 10, requests_per_minute: 100 }
    const { id, name, token } = await open(rules)
    await dial(token, service)
    const cut = await inside(name)
    let isCut = false
    void cut().then(() => {
      isCut = true
    })
    const change = async (config: object) => {
      const subdomain = name
      t.equal((await send(owner, 'PATCH', `${base}/${id}`, { config: { subdomain, ...rules, ...config } })).status, 200)
      await wait(300)
    }
    await change({ max_streams: 500, requests_per_minute: 1000, idle_timeout_seconds: 600, host_header: 'rewrite' })
    await change({ allowed_paths: ['/endless', '/', '/more'], allowed_networks: ['127.0.0.0/8'] })
    t.notOk(isCut)
    await change({ allowed_networks: ['10.0.0.0/8'] })
    t.ok(isCut, 'they come from elsewhere')
  })

  t.test('a change of its name alone moves it', async (t) => {
    const { id, name, token } = await open()
    const { events } = await dial(token, service)
    await send(owner, 'PATCH', `${base}/${id}`, { config: { access: 'public', subdomain: 'moved' } })
    await until(async () => (await visit('moved', '/')).status === 200)
    t.equal((await visit(name, '/')).status, 404)
    t.match(await tunnel(id), { url: 'http://moved.localhost:8081', state: 'connected' })
    await until(async () => events.some((told) => told.event === 'ready' && told.url === 'http://moved.localhost:8081'))
  })

  t.test('its space is deleted', async (t) => {
    const { name, token } = await open()
    await dial(token, service)
    const cut = await inside(name)
    t.equal((await send(owner, 'DELETE', base.replace(/\/automations$/, ''))).status, 204)
    t.ok((await cut()) < 2000)
    t.equal((await visit(name, '/')).status, 404)
  })
})

t.test('agents', async (t) => {
  const { send, owner, base, open, connect: dial, visit, server, tunnel } = await tunnelApp(t)
  const named = (answer: string) => startService(t, (_, response) => response.end(answer))

  t.test('take their shares, and one takes over from another without an error', async (t) => {
    const { name, token } = await open()
    const first = await dial(token, await named('one'))
    await dial(token, await named('two'))
    const answers = await Promise.all(Array.from({ length: 20 }, async () => (await visit(name, '/')).body))
    t.equal(answers.filter((each) => each === 'one').length, 10)
    let isGoing = true
    const statuses = new Set<number>()
    const load = Array.from({ length: 4 }, async () => {
      while (isGoing) statuses.add((await visit(name, '/')).status)
    })
    await first.agent.stop(5000)
    await wait(300)
    isGoing = false
    await Promise.all(load)
    t.same([...statuses], [200])
    t.equal((await visit(name, '/')).body, 'two')
  })

  t.test('are known by their token, and hear why not', async (t) => {
    const { id, token } = await open()
    const refused = { name: 'RefusedError', message: /answered 401: no tunnel has this token/ }
    await t.rejects(dial(`tun_${'x'.repeat(43)}`, 1), refused)
    await t.rejects(dial('sa_x', 1), refused)
    await send(owner, 'POST', `${base}/${id}/tunnel/token`)
    await t.rejects(dial(token, 1), refused, 'the one before')
  })

  t.test('wait while it is paused, and come back', async (t) => {
    const { id, name, token } = await open()
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'paused' })
    t.equal((await tunnel(id)).state, 'paused')
    const socket = connect(Number(server.agents.port), '127.0.0.1')
    socket.end(
      `GET /api/v1/tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: hyperspeed-tunnel\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    )
    const answer = await text(socket)
    t.match(answer, /^HTTP\/1\.1 503 [\s\S]*retry-after: 5[\s\S]*"code":"tunnel_closed"/i)
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })
    await dial(token, await named('back'))
    t.equal((await visit(name, '/')).body, 'back')
  })

  t.test('speak through WebSockets where they have to', async (t) => {
    const { name, token } = await open()
    const { events } = await dial(token, await startService(t), { transport: 'websocket' })
    t.match(events[0], { event: 'connected', transport: 'websocket' })
    const body = 'x'.repeat(3_000_000)
    t.match(await visit(name, '/', { method: 'POST', body }), { status: 200, json: { body } })
    // Something between passes those, and nothing else.
    let said = ''
    const between = createServer((_, response) => response.writeHead(400).end())
    between.on('upgrade', (request, socket, head) => {
      if (request.headers.upgrade === 'websocket') server.tunnels.onUpgrade(request, socket, head)
      else socket.end(said)
    })
    const way = new URL(`http://127.0.0.1:${await listening(t, between)}`)
    for (const answer of ['HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n', '']) {
      said = answer
      const { events, agent } = await dial(token, await startService(t), { server: way })
      t.match(events[0], { event: 'connected', transport: 'websocket' })
      t.notOk(events.some(({ event }) => event === 'disconnected'))
      await agent.stop(0)
    }
  })

  t.test('are looked after by the name that requests of visitors have', async (t) => {
    const config = { host_header: 'rewrite', health_check: { path: '/up', interval_seconds: 5 } }
    const { id, token } = await open(config)
    const strict = await startService(t, ({ headers }, response) => {
      response.writeHead(headers.host?.startsWith('127.0.0.1:') ? 200 : 403).end()
    })
    await dial(token, strict, { sessions: 1 })
    await until(async () => (await tunnel(id)).agents.some(({ is_healthy }) => is_healthy !== null), 8000)
    t.match(await tunnel(id), { agents: [{ is_healthy: true, health_status: 200 }] })
  })

  t.test('whose service is down are passed over', async (t) => {
    const { id, name, token } = await open({ health_check: { path: '/up', interval_seconds: 5 } })
    let isUp = true
    const sick = await startService(t, (_, response) => response.writeHead(isUp ? 200 : 500).end('sick'))
    await dial(token, sick)
    await dial(token, await named('well'))
    isUp = false
    await until(async () => (await tunnel(id)).agents.some(({ is_healthy }) => is_healthy === false), 15_000)
    t.match((await tunnel(id)).agents.map(({ health_status }) => health_status).sort(), [200, 500])
    for (let i = 0; i < 4; i++) t.equal((await visit(name, '/')).body, 'well')
  })
})

t.test('several servers', async (t) => {
  const { open, connect: dial, visit, startServer, server, tunnel, db } = await tunnelApp(t)
  const other = await startServer()
  const service = await startService(t)

  t.test('pass on what comes in where no agent is', async (t) => {
    const { id, name, token } = await open()
    const { events } = await dial(token, service)
    for (const { port } of [server, other])
      t.match(await visit(name, '/x', { port, method: 'POST', body: 'b' }), { status: 200, json: { body: 'b' } })
    await until(async () => events.filter(({ event }) => event === 'request').length === 2)
    t.match(await tunnel(id), { agents: [{ sessions: 4, servers: 1 }] })
    await dial(token, service, { server: other.agents, sessions: 1 })
    t.equal((await tunnel(id)).agents.length, 2)
  })

  t.test('hand over to one another when one stops', async (t) => {
    const third = await startServer()
    const { name, token } = await open()
    await dial(token, service, { server: third.agents, sessions: 1 })
    await dial(token, service, { server: other.agents, sessions: 1 })
    let isGoing = true
    const statuses: number[] = []
    const load = Array.from({ length: 4 }, async () => {
      while (isGoing) statuses.push((await visit(name, '/', { method: 'POST', body: 'b' })).status)
    })
    await wait(200)
    await third.stop()
    await wait(200)
    isGoing = false
    await Promise.all(load)
    t.ok(statuses.length > 10)
    t.same(new Set(statuses), new Set([200]))
  })

  t.test('write down what has passed before they end', async (t) => {
    const last = await startServer()
    const { id, name, token } = await open()
    await dial(token, service, { server: last.agents, sessions: 1 })
    for (let n = 0; n < 3; n++) await visit(name, '/', { port: last.port, method: 'POST', body: 'four' })
    await last.stop()
    t.match(await tunnel(id), { requests: 3, bytes_in: 12 })
  })

  t.test('do not take others for one of them', async (t) => {
    const stranger = await startServer({ keys: new Map([['k1', Buffer.alloc(32, 8)]]) })
    const { name, token } = await open()
    await dial(token, service, { server: stranger.agents, sessions: 1 })
    t.match(await visit(name, '/'), { status: 502, json: { code: 'agent_away' } })
  })

  t.test('one that was given up begins anew', async () => {
    const { name, token } = await open()
    const { events } = await dial(token, service)
    await sql`delete from tunnel_servers`.execute(db)
    await until(async () => events.some(({ event }) => event === 'disconnected'), 8000)
    await until(async () => (await visit(name, '/')).status === 200, 15_000)
  })
})
