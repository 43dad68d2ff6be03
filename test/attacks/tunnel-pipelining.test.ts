import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { startService, tunnelApp } from '../support/tunnels.ts'
import { until } from '../support/until.ts'

t.test('what a visitor sends before the answer to what came before', async (t) => {
  const { open, connect: dial, visit, server } = await tunnelApp(t)
  const { name, token } = await open({ max_streams: 20 })
  const endless = new Set<ServerResponse>()
  const service = await startService(t, ({ url }, response) => {
    if (url !== '/endless') return void setTimeout(() => response.end(`answer of ${url}`), url === '/slow' ? 300 : 0)
    endless.add(response)
    response.once('close', () => endless.delete(response))
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      response.once('drain', more)
    }
    more()
  })
  service.on('upgrade', ({ url }, socket) => {
    if (url === '/no') return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\nUPGRADED')
  })
  await dial(token, service, { sessions: 1 })
  const head = `Host: ${name}\r\n`
  const upgrade = `${head}Connection: Upgrade\r\nUpgrade: foo\r\n\r\n`
  const slow = `GET /slow HTTP/1.1\r\n${head}\r\n`
  const raw = async (bytes: string): Promise<string> => {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(bytes)
    return text(socket)
  }

  await t.test('an upgrade goes on in HTTP, and the answers come in order', async (t) => {
    for (const path of ['/yes', '/no']) {
      const [, first, second] = (await raw(`${slow}GET ${path} HTTP/1.1\r\n${upgrade}`)).split('HTTP/1.1 ')
      t.match(first, /^200 OK\r\n[\s\S]*answer of \/slow$/)
      t.match(second, new RegExp(`^200 OK\r\n[\\s\\S]*Connection: close[\\s\\S]*answer of ${path}$`))
    }
    const unknown = await raw(`${slow}GET /x HTTP/1.1\r\n${upgrade.replace(name, 'nobody')}`)
    t.match(unknown, /answer of \/slowHTTP\/1\.1 404 /)
    t.match(await raw(`GET /no HTTP/1.1\r\n${upgrade}`), / 403 /, 'by itself it is one')
  })

  await t.test('CONNECT ends the connection', async (t) => {
    t.equal(await raw(`${slow}CONNECT x:80 HTTP/1.1\r\n${head}\r\n`), '')
    t.match(await raw(`CONNECT x:80 HTTP/1.1\r\n${head}\r\n`), /^HTTP\/1\.1 400 /)
  })

  await t.test('who leaves takes along what waited for its turn', async (t) => {
    for (const bytes of ['', `CONNECT x:80 HTTP/1.1\r\n${head}\r\n`])
      for (let i = 0; i < 10; i++) {
        const socket = connect(server.port, '127.0.0.1')
        socket.on('error', () => {})
        socket.write(`GET /endless HTTP/1.1\r\n${head}\r\n`.repeat(5))
        await until(async () => endless.size >= 5)
        socket.write(bytes)
        if (bytes === '') socket.destroy()
        else await once(socket.resume(), 'close')
        await until(async () => endless.size === 0, 5000)
      }
    t.equal((await visit(name, '/')).status, 200, 'nobody of them takes a place')
  })

  t.same(server.errors, [])
})

t.test('agents dial in behind a request in HTTP alone', async (t) => {
  const { open, app } = await tunnelApp(t)
  const { token } = await open()
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  const dial = `GET /api/v1/tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: hyperspeed-tunnel\r\nAuthorization: Bearer ${token}\r\n\r\n`
  socket.write(`GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n${dial}`)
  let got = ''
  socket.on('data', (chunk) => {
    got += chunk
  })
  await until(async () => / 426 [\s\S]*\r\n\r\n/.test(got), 5000)
  t.match(got, /^HTTP\/1\.1 200 OK[\s\S]*HTTP\/1\.1 426 /)
  socket.destroy()
})

t.test('nobody follows a space for a connection that has gone', async (t) => {
  const { app, organizationId, spaceId, owner } = await tunnelApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const path = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/events`
  const follow = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${owner.token}\r\n\r\n`
  for (const bytes of ['', 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n']) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}).resume()
    socket.write(follow.repeat(3))
    await until(async () => app.spaceFeed.size === 3)
    socket.write(bytes)
    if (bytes === '') socket.destroy()
    await until(async () => app.spaceFeed.size === 0, 5000)
  }
  t.pass()
})
