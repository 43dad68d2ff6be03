import { once } from 'node:events'
import { request as ask, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { startInspector } from '../../agent/inspector.ts'
import { startService, tunnelApp } from '../support/tunnels.ts'
import { until } from '../support/until.ts'

t.test('the inspector', async (t) => {
  const { open, connect: dial, visit, server } = await tunnelApp(t)
  const service = await startService(t, async (request, response) => {
    const body = await text(request)
    if (request.url === '/large') return void response.end(Buffer.alloc(200_000, 'x'))
    response.setHeader('x-answer', 'yes')
    response.writeHead(201)
    response.end(`you said ${body}`)
  })
  service.on('upgrade', (_, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nbytes')
  })
  const { port } = service.address() as { port: number }
  const inspector = await startInspector(0, { host: '127.0.0.1', port })
  t.teardown(() => inspector.close())
  const { name, token } = await open()
  await dial(token, service, { onConnection: inspector.onConnection, sessions: 1 })
  const look = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${inspector.url}${path}`, init)
    // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
    return { status: answer.status, body: (await answer.json()) as any }
  }
  const newest = async () => (await look('/requests')).body.requests[0]

  t.test('shows what passed, and sends it again', async (t) => {
    await visit(name, '/one?x', { method: 'POST', body: 'hello', headers: { 'x-ask': '1' } })
    await until(async () => (await newest())?.bytes === 14)
    const { id } = await newest()
    const { request } = (await look(`/requests/${id}`)).body
    t.match(request, { method: 'POST', path: '/one?x', status: 201, request: { body: 'hello', bytes: 5 } })
    t.match(request.response, { body: 'you said hello', is_base64: false, is_cut: false })
    t.ok(request.request.headers.some(([key, value]: [string, string]) => key === 'x-ask' && value === '1'))
    const again = await look(`/requests/${id}/replay`, { method: 'POST' })
    t.equal(again.status, 202)
    await until(async () => (await newest()).status === 201)
    t.match(await newest(), { id: again.body.id, replay_of: id, path: '/one?x' })
  })

  t.test('keeps the beginning of what is large, and follows a connection through many requests', async (t) => {
    for (const path of ['/a', '/b', '/large', '/c']) await visit(name, path)
    await visit(name, '/head', { method: 'HEAD' })
    await visit(name, '/d', { method: 'PUT', body: Buffer.alloc(100_000, 'y') })
    await until(async () => (await newest()).status === 201)
    const { requests } = (await look('/requests')).body
    t.match(
      requests.slice(0, 6).map(({ path, status }: { path: string; status: number }) => [path, status]),
      [
        ['/d', 201],
        ['/head', 201],
        ['/c', 201],
        ['/large', 200],
        ['/b', 201],
        ['/a', 201],
      ],
    )
    const large = (await look(`/requests/${requests[3].id}`)).body.request
    t.match(large.response, { bytes: 200_000, is_cut: true })
    t.equal(large.response.body.length, 65_536)
    t.equal((await look(`/requests/${requests[0].id}/replay`, { method: 'POST' })).status, 409)
  })

  t.test('sees an upgrade, and leaves its bytes alone', async (t) => {
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`GET /up HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst`)
    t.match(await text(socket), /^HTTP\/1\.1 101 [\s\S]*\r\n\r\nbytes$/)
    await until(async () => (await newest()).status === 101)
    t.match(await newest(), { path: '/up', status: 101 })
  })

  t.test('is there for this machine alone', async (t) => {
    const own = new URL(inspector.url)
    const status = async (headers: Record<string, string>, method = 'GET', path = '/requests') => {
      const out = ask({ host: own.hostname, port: own.port, path, method, headers }).end()
      const [answer] = (await once(out, 'response')) as [IncomingMessage]
      answer.resume()
      return answer.statusCode
    }
    const { id } = await newest()
    t.equal(await status({ host: own.host }), 200)
    t.equal(await status({ host: own.host }, 'GET', '//'), 400, 'a path that is no URL')
    t.equal(await status({ host: `localhost:${own.port}`, origin: `http://localhost:${own.port}` }), 200)
    for (const headers of [
      { host: 'evil.example' },
      { host: `evil.example:${own.port}` },
      { host: own.host, origin: 'http://evil.example' },
      { host: own.host, origin: 'null' },
      { host: own.host, origin: `https://${own.host}` },
    ])
      for (const [method, path] of [
        ['GET', '/requests'],
        ['GET', '/'],
        ['POST', `/requests/${id}/replay`],
      ] as const)
        t.equal(await status(headers as Record<string, string>, method, path), 403, JSON.stringify(headers))
    t.equal((await look('/requests/9999')).status, 404)
    t.equal((await look(`/requests/${id}`, { method: 'DELETE' })).status, 405)
    const page = await (await fetch(inspector.url)).text()
    t.match(page, /^<!doctype html>/)
    await t.rejects(startInspector(Number(own.port), { host: '127.0.0.1', port }), { code: 'EADDRINUSE' })
  })
})
