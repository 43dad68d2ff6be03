import { getEventListeners, once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { ConfigError, readConfig } from '../../../src/config.ts'
import { EgressError, type EgressErrorCode } from '../../../src/egress/error.ts'
import { createEgress, type Egress, type EgressRequest, METHODS } from '../../../src/egress/guard.ts'
import { startReceiver, startTcpReceiver } from '../../support/receiver.ts'
import { until } from '../../support/until.ts'

const PLAIN = { method: 'POST', timeoutMs: 2000, maxBytes: 1000 } as const

async function failureOf(egress: Egress, request: Partial<EgressRequest> & { url: string }): Promise<EgressError> {
  const error = await egress.request({ ...PLAIN, ...request }).then(
    (answer) => new Error(`answered ${answer.status}`),
    (reason: unknown) => reason,
  )
  if (error instanceof EgressError) return error
  throw error
}

/** A port of loopback where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

t.test('a request arrives as it was meant, and the answer comes back as it was given', async (t) => {
  const { authority, received } = await startReceiver(t, (_request, response) => {
    response.writeHead(201, { 'content-type': 'text/plain', 'x-twice': ['a', 'b'] }).end('made')
  })
  const egress = createEgress({ allow: [authority] })
  for (const method of METHODS) {
    const body = method === 'GET' || method === 'HEAD' ? undefined : '{"ü":1}'
    const answer = await egress.request({
      ...PLAIN,
      method,
      url: `http://${authority}/a/b?c=d#e`,
      headers: { 'X-Kind': 'test' },
      body,
    })
    t.equal(answer.status, 201)
    t.equal(answer.body.toString(), method === 'HEAD' ? '' : 'made')
    t.equal(answer.truncated, false)
    t.match(answer.headers, { 'content-type': 'text/plain', 'x-twice': 'a,b' })
    const sent = received.at(-1)
    t.match(sent, { method, url: '/a/b?c=d', body: body ?? '' })
    t.match(sent?.headers, { host: authority, 'x-kind': 'test', 'accept-encoding': 'identity', connection: 'close' })
  }
})

t.test('a name is looked up once and its address connected to, with the name in Host', async (t) => {
  const { port, received } = await startReceiver(t, (_request, response) => response.end('ok'))
  const asked: string[] = []
  const lookup = async (name: string) => {
    asked.push(name)
    return [{ address: '127.0.0.1' }]
  }
  const egress = createEgress({ allow: [`Receiver.Example:${port}`], lookup })
  const answer = await egress.request({ ...PLAIN, url: `http://RECEIVER.example:${port}/` })
  t.equal(answer.status, 200)
  t.strictSame(asked, ['receiver.example'])
  t.equal(received[0]?.headers.host, `receiver.example:${port}`)
})

t.test('TLS asks for the name, not the address', async (t) => {
  let hello = ''
  const { port } = await startTcpReceiver(t, (socket) => {
    socket.on('data', (chunk) => {
      hello += chunk.toString('latin1')
      socket.destroy()
    })
  })
  const egress = createEgress({
    allow: [`receiver.example.:${port}`],
    lookup: async () => [{ address: '127.0.0.1' }],
  })
  const error = await failureOf(egress, { url: `https://receiver.example.:${port}/` })
  t.match(error, { code: 'tls', mayHaveBeenReceived: false })
  t.ok(hello.includes('receiver.example'))
  t.notOk(hello.includes('receiver.example.'), 'without the trailing dot')
  t.notOk(hello.includes('h2'), 'and for HTTP/1.1 alone')
})

t.test('reading stops at the cap', async (t) => {
  let written = 0
  const { authority } = await startReceiver(t, (_request, response) => {
    const write = () => {
      while (written < 10_000_000 && response.write(Buffer.alloc(65_536, 'x'))) written += 65_536
    }
    response.on('drain', write)
    write()
  })
  const egress = createEgress({ allow: [authority] })
  const answer = await egress.request({ ...PLAIN, url: `http://${authority}/` })
  t.equal(answer.body.length, PLAIN.maxBytes)
  t.equal(answer.truncated, true)
  t.ok(written < 10_000_000)
})

t.test('an answer that is exactly as long as the cap is whole', async (t) => {
  const { authority } = await startReceiver(t, (_request, response) => response.end('12345'))
  const answer = await createEgress({ allow: [authority] }).request({
    ...PLAIN,
    maxBytes: 5,
    url: `http://${authority}`,
  })
  t.match(answer, { truncated: false, body: Buffer.from('12345') })
})

t.test('nothing is decompressed', async (t) => {
  const { authority } = await startReceiver(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('not really')
  })
  const answer = await createEgress({ allow: [authority] }).request({ ...PLAIN, url: `http://${authority}` })
  t.equal(answer.body.toString(), 'not really')
})

t.test('a deadline covers every part of the exchange', async (t) => {
  const silent = await startTcpReceiver(t, () => {})
  const hanging = await startReceiver(t, () => {})
  const dripping = await startReceiver(t, (_request, response) => {
    const timer = setInterval(() => response.write('.'), 20)
    response.on('close', () => clearInterval(timer))
  })
  const never = () => new Promise<never>(() => {})
  const cases: [string, Egress, string, boolean][] = [
    ['the name', createEgress({ allow: [], lookup: never }), 'http://slow.example/', false],
    ['TLS', createEgress({ allow: [silent.authority] }), `https://${silent.authority}`, false],
    ['the headers', createEgress({ allow: [hanging.authority] }), `http://${hanging.authority}`, true],
    ['the body', createEgress({ allow: [dripping.authority] }), `http://${dripping.authority}`, true],
  ]
  for (const [part, egress, url, mayHaveBeenReceived] of cases) {
    const began = Date.now()
    t.match(await failureOf(egress, { url, timeoutMs: 100 }), { code: 'timeout', mayHaveBeenReceived }, part)
    t.ok(Date.now() - began < 1000, `${part} ends by the deadline`)
  }
})

t.test('each failure says what it was, and whether the request may have arrived', async (t) => {
  const cutting = await startTcpReceiver(t, (socket) => socket.once('data', () => socket.resetAndDestroy()))
  const babbling = await startTcpReceiver(t, (socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')))
  const half = await startReceiver(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('half', () => response.destroy())
  })
  const closed = `127.0.0.1:${await closedPort()}`
  const all = [cutting, babbling, half].map(({ authority }) => authority)
  const egress = createEgress({
    allow: [...all, closed],
    lookup: async () => {
      throw Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })
    },
  })
  const cases: [string, EgressErrorCode, boolean][] = [
    ['http://nowhere.example/', 'dns', false],
    [`http://${closed}/`, 'connect', false],
    [`https://${cutting.authority}/`, 'tls', false],
    [`https://${babbling.authority}/`, 'tls', false],
    [`http://${cutting.authority}/`, 'reset', true],
    [`http://${babbling.authority}/`, 'reset', true],
    [`http://${half.authority}/`, 'reset', true],
  ]
  for (const [url, code, mayHaveBeenReceived] of cases) {
    const error = await failureOf(egress, { url: `${url}path?token=canary` })
    t.match(error, { code, mayHaveBeenReceived }, url)
    t.notMatch(error.message, /canary/)
  }
})

t.test('a name without addresses is a failure of the name', async (t) => {
  const egress = createEgress({ allow: [], lookup: async () => [] })
  t.match(await failureOf(egress, { url: 'http://empty.example/' }), { code: 'dns', mayHaveBeenReceived: false })
})

t.test('the caller can stop a request, and closing stops all', async (t) => {
  const { authority, received } = await startReceiver(t, () => {})
  const egress = createEgress({ allow: [authority] })
  const url = `http://${authority}/`
  t.match(await failureOf(egress, { url, signal: AbortSignal.abort() }), {
    code: 'aborted',
    mayHaveBeenReceived: false,
  })

  const stopping = new AbortController()
  const stopped = failureOf(egress, { url, signal: stopping.signal })
  await until(async () => received.length === 1)
  stopping.abort()
  t.match(await stopped, { code: 'aborted', mayHaveBeenReceived: true })
  t.equal(getEventListeners(stopping.signal, 'abort').length, 0, 'nothing is left at a signal that lives on')

  const cutOff = failureOf(egress, { url })
  await until(async () => received.length === 2)
  await egress.close()
  t.match(await cutOff, { code: 'aborted', mayHaveBeenReceived: true })
  t.match(await failureOf(egress, { url }), { code: 'aborted', mayHaveBeenReceived: false })
})

t.test('a connection is gone when its request is over', async (t) => {
  let open = 0
  const { authority } = await startTcpReceiver(t, (socket) => {
    open += 1
    socket.on('close', () => {
      open -= 1
    })
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
  })
  const egress = createEgress({ allow: [authority] })
  for (const _ of [1, 2, 3]) t.match(await egress.request({ ...PLAIN, url: `http://${authority}` }), { status: 200 })
  t.ok(await until(async () => open === 0))
})

t.test('a flood of headers or of interim answers ends', async (t) => {
  const flooding = await startTcpReceiver(t, (socket) => {
    socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(1000)}\r\n`.repeat(100)}`))
  })
  const interim = await startTcpReceiver(t, (socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 10)
    socket.on('close', () => clearInterval(timer))
  })
  const egress = createEgress({ allow: [flooding.authority, interim.authority] })
  t.match(await failureOf(egress, { url: `http://${flooding.authority}` }), { code: 'reset' })
  t.match(await failureOf(egress, { url: `http://${interim.authority}`, timeoutMs: 100 }), { code: 'timeout' })
})

t.test('a URL can be checked before it is used', async (t) => {
  const egress = createEgress({ allow: ['127.0.0.1:9000', '[::1]:80'] })
  for (const fine of ['https://example.com/x?y=z', 'http://127.0.0.1:9000/', 'http://[::1]/', 'http://localhost/'])
    t.equal(egress.check(fine), undefined, fine)
  const wrong: [string, RegExp][] = [
    ['', /whole URL/],
    ['example.com/path', /whole URL/],
    ['ftp://example.com/', /https:\/\//],
    ['https://me:secret@example.com/', /user or password/],
    ['http://127.0.0.1:9001/', /127\.0\.0\.1 is not a public address/],
    [`https://example.com/${'x'.repeat(9000)}`, /longer/],
  ]
  for (const [url, message] of wrong) t.match(egress.check(url), message, url.slice(0, 40))
  t.notMatch(egress.check('https://me:secret@example.com/'), /secret/)
})

t.test('EGRESS_ALLOW takes host:port with commas between', async (t) => {
  t.strictSame(readConfig({}).egressAllow, [])
  t.strictSame(readConfig({ EGRESS_ALLOW: ' LocalHost:9000, 10.0.0.5:80 ,[::1]:443,' }).egressAllow, [
    'localhost:9000',
    '10.0.0.5:80',
    '[::1]:443',
  ])
  for (const wrong of [
    'localhost',
    'http://localhost:80',
    'a b:80',
    'host:99999',
    'me@host:80',
    'host:80/path',
    '::1:80',
  ])
    t.throws(
      () => readConfig({ EGRESS_ALLOW: wrong }),
      new ConfigError(`EGRESS_ALLOW: takes host:port with commas between, not "${wrong}"`),
      wrong,
    )
  t.throws(() => createEgress({ allow: ['nonsense'] }), TypeError)
})
