import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import t, { type Test } from 'tap'
import { backoff } from '../../agent/backoff.ts'
import { type DialOptions, dial } from '../../agent/dial.ts'
import { listening } from '../support/listening.ts'

async function startServer(t: Test, listener: RequestListener) {
  const server = createServer(listener)
  return { server, url: new URL(`http://127.0.0.1:${await listening(t, server)}/prefix/`) }
}

/** Dials by an upgrade, and says nothing of itself. */
const ask = (options: Pick<DialOptions, 'server' | 'token' | 'signal'>) =>
  dial({ says: {}, transport: 'upgrade', ...options })

t.test('a server that upgrades gives its socket, with what it has said already', async (t) => {
  const { server, url } = await startServer(t, (_, response) => response.writeHead(400).end())
  server.on('upgrade', ({ url: path, headers }, socket) => {
    t.equal(path, '/prefix/api/v1/tunnel')
    t.match(headers, { upgrade: 'hyperspeed-tunnel', authorization: 'Bearer tun_x' })
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: hyperspeed-tunnel\r\n\r\nfirst')
  })
  const { socket } = await ask({ server: url, token: 'tun_x', signal: new AbortController().signal })
  const [first] = await once(socket, 'data')
  t.equal(String(first), 'first')
  socket.destroy()
})

t.test('whatever else a server says is told, and what to do about it', async (t) => {
  const answers: [
    status: number,
    headers: Record<string, string>,
    body: string,
    error: { name: string; [key: string]: unknown },
  ][] = [
    [
      401,
      {},
      '{"error":"the token is not one"}',
      { name: 'RefusedError', message: /answered 401: the token is not one$/ },
    ],
    [401, {}, '<html>', { name: 'DialError', message: /answered 401$/ }],
    [403, {}, '{"error":"not from there"}', { name: 'DialError', message: /not from there/ }],
    [503, { 'retry-after': '7' }, '', { name: 'DialError', afterSeconds: 7, isUnknownUpgrade: false }],
    [429, { 'retry-after': 'soon' }, '', { name: 'DialError', afterSeconds: undefined }],
    [200, {}, 'x'.repeat(100_000), { name: 'DialError', isUnknownUpgrade: true, message: /answered 200$/ }],
    [426, {}, '', { name: 'DialError', isUnknownUpgrade: true }],
  ]
  const { signal } = new AbortController()
  for (const [status, headers, body, error] of answers) {
    const { url } = await startServer(t, (_, response) => response.writeHead(status, headers).end(body))
    await t.rejects(ask({ server: url, token: 'tun_x', signal }), error, String(status))
  }
  const { server, url } = await startServer(t, () => {})
  server.on('upgrade', (_, socket) => socket.destroy())
  await t.rejects(ask({ server: url, token: 'tun_x', signal }), { name: 'DialError', message: /./ })
  await t.rejects(ask({ server: new URL('http://127.0.0.1:1'), token: 'x', signal }), { message: /ECONNREFUSED/ })
  const stop = new AbortController()
  server.removeAllListeners('upgrade').on('upgrade', () => stop.abort(new Error('stopped')))
  await t.rejects(ask({ server: url, token: 'tun_x', signal: stop.signal }), { message: 'stopped' })
})

t.test('the wait before another try grows to half a minute, and is drawn from all of that', async (t) => {
  t.same(
    [0, 1, 2, 6, 50].map((tries) => backoff(tries, () => 1)),
    [500, 1000, 2000, 30_000, 30_000],
  )
  t.equal(
    backoff(3, () => 0),
    0,
  )
})
