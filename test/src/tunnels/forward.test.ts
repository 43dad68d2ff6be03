import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as ask, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { startTunnel } from '../../support/tunnel.ts'
import { until } from '../../support/until.ts'

/** Everything that comes back for bytes that are sent as they are, until the connection ends. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  return text(socket)
}

t.test('requests and answers pass as they are', async (t) => {
  const { base, port } = await startTunnel(t, (request, response) => {
    response.setHeader('set-cookie', ['a=1; Domain=example; Path=/', 'b=2; Domain=demo.tunnels.example', 'c=3'])
    response.setHeader('connection', 'x-of-this-hop')
    response.setHeader('x-of-this-hop', '1')
    response.writeHead(207, 'Just So', { 'content-type': 'application/json' })
    response.end(JSON.stringify({ method: request.method, url: request.url, raw: request.rawHeaders }))
  })
  const answer = await fetch(`${base}/a%2Fb/../c?q=%20`, {
    method: 'OPTIONS',
    headers: { 'x-one': 'é', authorization: 'Basic eDp5', 'x-forwarded-for': '1.1.1.1', te: 'trailers' },
  })
  t.equal(answer.status, 207)
  t.equal(answer.statusText, 'Just So')
  t.same(answer.headers.getSetCookie(), ['a=1; Path=/', 'b=2; Domain=demo.tunnels.example', 'c=3'])
  t.equal(answer.headers.get('x-of-this-hop'), null)
  const seen = (await answer.json()) as { method: string; url: string; raw: string[] }
  t.match(seen, { method: 'OPTIONS', url: '/c?q=%20' })
  const headers = Object.fromEntries(
    seen.raw.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), seen.raw[i + 1]]] : [])),
  )
  t.match(headers, {
    host: `127.0.0.1:${port}`,
    'x-one': 'é',
    authorization: 'Basic eDp5',
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-proto': 'https',
    forwarded: `for=203.0.113.7;host="127.0.0.1:${port}";proto=https`,
    te: 'trailers',
  })
  const odd = await raw(
    port,
    'GET //a/%2e%2e?x HTTP/1.1\r\nHost: demo\r\nConnection: close, x-mine\r\nX-Mine: 1\r\nX-MiXeD: 2\r\n\r\n',
  )
  t.match(odd, /"url":"\/\/a\/%2e%2e\?x"/)
  t.match(odd, /"X-MiXeD","2"/, 'as they were written')
  t.notMatch(odd, /X-Mine/)
})

t.test('bodies of any size pass both ways, whole', async (t) => {
  const size = 64 * 1024 * 1024
  const down = randomBytes(1024 * 1024)
  const { base } = await startTunnel(t, async (request, response) => {
    if (request.method === 'POST') {
      const hash = createHash('sha256')
      for await (const chunk of request) hash.update(chunk)
      return void response.end(hash.digest('hex'))
    }
    for (let i = 0; i < 64; i++) if (!response.write(down)) await once(response, 'drain')
    response.end()
  })
  const chunk = randomBytes(1024 * 1024)
  const up = createHash('sha256')
  const body = new ReadableStream({
    pull(controller) {
      up.update(chunk)
      controller.enqueue(chunk)
      sent += chunk.length
      if (sent === size) controller.close()
    },
  })
  let sent = 0
  const posted = await fetch(base, { method: 'POST', body, duplex: 'half' } as RequestInit)
  t.equal(await posted.text(), up.digest('hex'))
  const got = createHash('sha256')
  const wanted = createHash('sha256')
  for (let i = 0; i < 64; i++) wanted.update(down)
  for await (const part of (await fetch(base)).body ?? []) got.update(part)
  t.equal(got.digest('hex'), wanted.digest('hex'))
})

t.test('a body never becomes another request, whatever the method', async (t) => {
  const seen: string[] = []
  const { port } = await startTunnel(t, async (request, response) => {
    seen.push(`${request.method} ${request.url} ${await text(request)}`)
    response.end()
  })
  const inner = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
  const chunked = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`
  await raw(
    port,
    `GET /one HTTP/1.1\r\nHost: demo\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
  )
  await raw(
    port,
    `DELETE /two HTTP/1.1\r\nHost: demo\r\nConnection: close\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
  )
  t.same(seen, [`GET /one ${inner}`, `DELETE /two ${inner}`])
  for (const bytes of [
    `POST / HTTP/1.1\r\nHost: demo\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\nHost: demo\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345`,
    `POST / HTTP/1.1\r\nHost: demo\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: demo\r\n folded: 1\r\n\r\n',
  ])
    t.match(await raw(port, bytes), /^HTTP\/1\.1 400 /, bytes)
  t.equal(seen.length, 2)
})

t.test('nothing is held: events, early hints, trailers and 100-continue come when they are sent', async (t) => {
  const { base, port } = await startTunnel(t, async (request, response) => {
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
      await wait(300)
      return void response.end('data: 2\n\n')
    }
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.writeHead(200, { trailer: 'x-sum' })
    response.write(`${await text(request)}|${JSON.stringify(request.trailers)}`)
    response.addTrailers({ 'x-sum': 'abc' })
    response.end()
  })
  const events = await fetch(`${base}/events`)
  const reader = events.body?.getReader()
  const first = await reader?.read()
  const started = performance.now()
  t.equal(new TextDecoder().decode(first?.value), 'data: 1\n\n')
  await reader?.read()
  t.ok(performance.now() - started > 150, 'the first came before there was a second')

  const out = ask({ port, host: '127.0.0.1', method: 'PUT', headers: { expect: '100-continue', trailer: 'x-up' } })
  const hints: number[] = []
  out.on('information', ({ statusCode }) => hints.push(statusCode))
  out.flushHeaders()
  await once(out, 'continue')
  out.addTrailers({ 'x-up': 'def' })
  out.end('body')
  const [answer] = (await once(out, 'response')) as [IncomingMessage]
  t.equal(await text(answer), 'body|{"x-up":"def"}')
  t.match(answer.trailers, { 'x-sum': 'abc' })
  t.ok(hints.includes(103))
})

t.test('another protocol passes once the service agrees, with what was sent before', async (t) => {
  const { port, origin } = await startTunnel(t, (_request, response) => response.writeHead(418).end('no'))
  origin.on('upgrade', async ({ url }, socket) => {
    if (url === '/refuse') return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nnever')
    await wait(100)
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello ')
    socket.pipe(socket)
  })
  const upgrade = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: demo\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly`
  const socket = connect(port, '127.0.0.1')
  socket.write(upgrade('/'))
  let all = ''
  socket.on('data', (chunk) => {
    all += chunk
  })
  await until(async () => all.includes('early'))
  t.match(all, /^HTTP\/1\.1 101 Switching Protocols\r\n[\s\S]*Upgrade: echo[\s\S]*\r\n\r\nhello early$/)
  socket.end(' bye')
  await until(async () => all.endsWith('bye'))
  t.match(await raw(port, upgrade('/refuse')), /^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*never$/)
})

t.test('a visitor who leaves is let go of behind, and so is a service', async (t) => {
  let open = 0
  const { base, agent, troubles, port } = await startTunnel(t, ({ url }, response) => {
    open++
    response.on('close', () => open--)
    if (url === '/cut') return void response.write('half', () => response.destroy())
    response.write('x'.repeat(100_000))
  })
  const leaving = new AbortController()
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(base, { signal: leaving.signal })))
  t.equal(answers.length, 20)
  t.equal(open, 20)
  leaving.abort()
  await until(async () => open === 0 && agent().load().openStreams === 0)
  t.match(await raw(port, 'GET /cut HTTP/1.1\r\nHost: demo\r\n\r\n'), /half\r\n$/, 'cut, and not ended as if whole')
  t.same(troubles, [])
})

t.test('without a service, an answer or an agent there is a word for it', async (t) => {
  const { base, origin, troubles, held, dial } = await startTunnel(t, () => {}, { answerWithinMs: 300 })
  t.equal((await fetch(base)).status, 504)
  origin.closeAllConnections()
  origin.close()
  t.equal((await fetch(base)).status, 502)
  held[0]?.cut()
  await held[0]?.ended
  t.equal((await fetch(base)).status, 502)
  t.same(troubles, ['no_answer', 'no_service', 'no_agent'])
  await dial()
  t.equal((await fetch(base)).status, 502)
  t.equal(troubles.at(-1), 'no_service', 'another session is used at once')
})
