import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { createClientAddress } from '../../plugins/client-address.ts'
import { newToken } from '../../src/access/tokens.ts'
import { listening } from '../support/listening.ts'
import { startService, tunnelApp } from '../support/tunnels.ts'
import { until } from '../support/until.ts'

t.test('tunnels under attack', async (t) => {
  const on = await tunnelApp(t)
  const { open, connect: dial, visit, server, send, owner, base } = on
  const seen: string[] = []
  const service = createServer(async (request, response) => {
    const body = await text(request)
    seen.push(`${request.method} ${request.url} ${request.rawHeaders.join('|')} ${body}`)
    response.setHeader('set-cookie', ['own=1', 'up=1; Domain=localhost', 'wide=1; domain=.example.com; Path=/'])
    response.end('from the service')
  })
  service.on('upgrade', ({ url, rawHeaders }, socket) => {
    seen.push(`UPGRADE ${url} ${rawHeaders.join('|')}`)
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  })
  await listening(t, service)
  const { name, token } = await open()
  await dial(token, service, { sessions: 2 })
  /** What comes back for bytes as they are, until the connection ends. */
  const raw = async (bytes: string): Promise<string> => {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(bytes, 'latin1')
    const cut = setTimeout(() => socket.destroy(), 5000)
    return text(socket)
      .catch(() => 'cut')
      .finally(() => clearTimeout(cut))
  }
  const last = `Host: ${name}\r\nConnection: close\r\n`

  t.test('HTTP that could be read in two ways is refused, and the service sees none of it', async (t) => {
    const before = seen.length
    for (const [what, bytes] of [
      [
        'length and chunks',
        `POST / HTTP/1.1\r\n${last}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      ],
      ['two lengths', `POST / HTTP/1.1\r\n${last}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
      ['an odd length', `POST / HTTP/1.1\r\n${last}Content-Length: +1\r\n\r\na`],
      ['an odd encoding', `POST / HTTP/1.1\r\n${last}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
      ['two encodings', `POST / HTTP/1.1\r\n${last}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
      ['an odd chunk', `POST / HTTP/1.1\r\n${last}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`],
      ['bare line feeds', `GET / HTTP/1.1\nHost: ${name}\n\n`],
      ['folded headers', `GET / HTTP/1.1\r\n${last}X: a\r\n b\r\n\r\n`],
      ['a space before the colon', `GET / HTTP/1.1\r\n${last}X : a\r\n\r\n`],
      ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
      ['two hosts', `GET / HTTP/1.1\r\nHost: other\r\n${last}\r\n`],
      ['the same host twice', `GET / HTTP/1.1\r\nHost: ${name}\r\n${last}\r\n`],
      ['an absolute target', `GET http://${name}/ HTTP/1.1\r\n${last}\r\n`],
      ['another absolute target', `GET http://other/ HTTP/1.1\r\n${last}\r\n`],
      ['CONNECT', `CONNECT ${name}:80 HTTP/1.1\r\n${last}\r\n`],
      ['a target that is none', `GET nothing HTTP/1.1\r\n${last}\r\n`],
      [
        'an upgrade with a body',
        `POST / HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade\r\nUpgrade: echo\r\nContent-Length: 4\r\n\r\nGET `,
      ],
      [
        'an upgrade with chunks',
        `POST / HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade\r\nUpgrade: echo\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      ],
      [
        'an upgrade to h2c',
        `GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
      ],
    ] as const)
      t.match(await raw(bytes), /^HTTP\/1\.1 400 /, what)
    t.equal(seen.length, before)
    t.match(await raw(`GET / HTTP/1.1\r\n${last}X: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
    const many = Array.from({ length: 3000 }, (_, i) => `X${i}: \r\n`).join('')
    t.match(await raw(`GET / HTTP/1.1\r\n${last}${many}\r\n`), /^HTTP\/1\.1 431 /)
    t.equal(seen.length, before)
    t.equal((await visit(name, '/')).body, 'from the service', 'others are served as before')
  })

  t.test('bytes behind an upgrade are never a request of their own', async (t) => {
    const before = seen.length
    const answer = await raw(
      `GET /up HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: ${name}\r\n\r\n`,
    )
    t.match(answer, /^HTTP\/1\.1 101 /)
    t.match(seen.slice(before), [/^UPGRADE \/up /])
    t.equal(seen.length, before + 1)
  })

  t.test('no credential of this API reaches a service', async (t) => {
    const before = seen.length
    const canaries = [owner.token, newToken('sa_'), newToken('rt_'), newToken('tun_'), newToken('inv_'), token]
    const { body } = await send(owner, 'POST', `${base}/${(await open({ access: 'token' })).id}/tunnel/access-token`)
    canaries.push(body.token)
    for (const canary of canaries)
      for (const headers of [
        { authorization: `Bearer ${canary}` },
        { authorization: `bearer   ${canary}` },
        { 'tunnel-access-token': canary },
        { 'x-forwarded-authorization': `Bearer ${canary}` },
        { cookie: `a=1; session=${canary}; __Host-tunnel-access=${canary}` },
        { 'proxy-authorization': `Bearer ${canary}` },
      ] as Record<string, string>[]) {
        if (canary === owner.token && !('authorization' in headers || 'proxy-authorization' in headers)) continue
        t.equal((await visit(name, '/canary', { headers })).status, 200)
      }
    const all = seen.slice(before).join('\n')
    t.equal(seen.length, before + 6 * 6 + 3)
    for (const canary of canaries) t.notMatch(all, canary)
    await visit(name, '/', { headers: { authorization: 'Basic dXNlcjpwYXNz', 'x-api-key': 'of the service' } })
    t.match(seen.at(-1), /Basic dXNlcjpwYXNz.*of the service/, 'what is between the visitor and the service passes')
  })

  t.test('a visitor can not say who asks, and a service sets cookies for itself alone', async (t) => {
    const headers = {
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-host': 'bank.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '443',
      forwarded: 'for=1.2.3.4',
      connection: 'close, x-secret',
      'x-secret': '1',
    }
    const { headers: answered } = await visit(name, '/', { headers })
    const { 1: raws = '' } = /^GET \/ (.*) $/.exec(seen.at(-1) ?? '') ?? []
    t.notMatch(raws, /1\.2\.3\.4|bank|443|x-secret/i)
    t.match(raws, /X-Forwarded-For\|127\.0\.0\.1\|X-Forwarded-Host\|t\d\.localhost\|X-Forwarded-Proto\|http\|/)
    t.same(answered['set-cookie'], ['own=1', 'up=1', 'wide=1; Path=/'])
  })

  t.test('behind a proxy that is believed, what no proxy replaces is not', async (t) => {
    const { port } = await on.startServer({ clientOf: createClientAddress(1) })
    const forged = ['x-real-ip', 'true-client-ip', 'x-forwarded-prefix', 'x_forwarded_for', 'x-forwarded_proto']
    const headers = {
      ...Object.fromEntries(forged.map((each) => [each, '6.6.6.6'])),
      forwarded: 'for=6.6.6.6',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-proto': 'https',
    }
    t.equal((await visit(name, '/proxied', { headers, port })).status, 200)
    t.notMatch(seen.at(-1), '6.6.6.6')
    t.match(seen.at(-1), /x-forwarded-for\|1\.2\.3\.4\|x-forwarded-proto\|https\|.*for=1\.2\.3\.4;/i)
  })

  t.test('what shows the token of visitors is nothing for the service', async (t) => {
    const closed = await open({ access: 'token' })
    await dial(closed.token, service, { sessions: 1 })
    const { body } = await send(owner, 'POST', `${base}/${closed.id}/tunnel/access-token`)
    const before = seen.length
    const headers = { 'tunnel-access-token': body.token }
    const link = `/.well-known/tunnel-access?token=${body.token}`
    t.equal((await visit(closed.name, link, { method: 'HEAD', headers })).status, 303)
    t.equal((await visit(closed.name, link, { method: 'POST', headers })).status, 405)
    t.equal((await visit(closed.name, link.replace('l-access', 'l%2Daccess'), { headers })).status, 303)
    const asking = `GET ${link} HTTP/1.1\r\nHost: ${closed.name}\r\nTunnel-Access-Token: ${body.token}\r\n`
    t.match(await raw(`${asking}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n`), /^HTTP\/1\.1 405 /)
    t.equal(seen.length, before)
  })

  t.test('a gate lets in whom the config says', async (t) => {
    const gated = await open({ access: 'token', allowed_paths: ['/in'], requests_per_minute: 30 })
    await dial(gated.token, service, { sessions: 1 })
    const made = (await send(owner, 'POST', `${base}/${gated.id}/tunnel/access-token`)).body
    const pass = { 'tunnel-access-token': made.token as string }
    const ask = (path: string, headers: Record<string, string> = {}) => visit(gated.name, path, { headers })
    t.match(await ask('/in'), { status: 401, json: { code: 'access_token_required' } })
    t.match(await ask('/in', { 'tunnel-access-token': newToken('vis_') }), { status: 401 })
    t.match(await ask('/in', { 'tunnel-access-token': gated.token }), { status: 401 }, 'that of the agents is none')
    t.match(await ask('/in', pass), { status: 200 })
    t.match(await ask('/out', pass), { status: 404, json: { code: 'path_not_allowed' } })
    t.match(await ask('/in/%2e%2e/out', pass), { status: 400, json: { code: 'invalid_url' } })
    const link = new URL(made.link)
    t.match(link.href, new RegExp(`^http://${gated.name}\\.localhost:8081/\\.well-known/tunnel-access\\?token=vis_`))
    for (const [to, location] of [
      ['/in?a=b', '/in?a=b'],
      ['//evil.example/x', '/'],
      ['https://evil.example/', '/'],
      ['/\\evil.example', '/'],
      ['javascript:alert(1)', '/'],
      ['', '/'],
    ] as const) {
      const entered = await visit(gated.name, `${link.pathname}${link.search}&to=${encodeURIComponent(to)}`)
      t.match(entered, { status: 303, headers: { location, 'referrer-policy': 'no-referrer' } }, to)
      const [cookie = ''] = entered.headers['set-cookie'] ?? []
      t.match(cookie, /^__Host-tunnel-access=vis_\S+; Path=\/; .*Secure; HttpOnly; SameSite=Lax$/)
    }
    t.match(await ask(`${link.pathname}?token=vis_no`), { status: 401 })
    const cookie = `__Host-tunnel-access=${made.token}`
    t.match(await ask('/in', { cookie }), { status: 200 })
    for (let i = 0; i < 30; i++) await ask('/in', pass)
    const limited = await ask('/in', pass)
    t.match(limited, { status: 429, json: { code: 'rate_limited' } })
    t.ok(Number(limited.headers['retry-after']) > 0)

    const far = await open({ allowed_networks: ['203.0.113.0/24', '2001:db8::/32'] })
    t.match(await visit(far.name, '/'), { status: 403, json: { code: 'network_not_allowed' } })
    const near = await open({ allowed_networks: ['127.0.0.0/8'] })
    t.match(await visit(near.name, '/'), { status: 502 })
    const page = await visit('nobody', '/', { headers: { accept: 'text/html,*/*' } })
    t.match(page, { status: 404, headers: { 'content-type': 'text/html; charset=utf-8' }, body: /No such tunnel\./ })
    for (const host of [`${name}.localhost:8081`, `${name.toUpperCase()}.LOCALHOST.`, `${name}.anything.example:1`])
      t.equal((await visit(name, '/', { host })).status, 200, host)
    for (const host of ['localhost', '127.0.0.1:8081', '[::1]:8081', '', `x.${name}.localhost`])
      t.equal((await visit(name, '/', { host })).status, 404, host)
  })

  t.test('no more streams than may be', async (t) => {
    const narrow = await open({ max_streams: 2 })
    const finish: (() => void)[] = []
    await dial(narrow.token, await startService(t, (_, response) => void finish.push(() => response.end())), {
      sessions: 1,
    })
    const waiting = [visit(narrow.name, '/'), visit(narrow.name, '/')]
    await until(async () => finish.length === 2)
    t.match(await visit(narrow.name, '/'), {
      status: 503,
      headers: { 'retry-after': '1' },
      json: { code: 'tunnel_busy' },
    })
    for (const end of finish) end()
    t.same(
      (await Promise.all(waiting)).map(({ status }) => status),
      [200, 200],
    )
    const third = visit(narrow.name, '/')
    await until(async () => finish.length === 3)
    finish[2]?.()
    t.equal((await third).status, 200)
  })

  t.test('an agent that floods loses its session, and harms nobody', async (t) => {
    const { token: rogueToken, name: rogueName } = await open()
    /** A connection that a server upgraded, as an agent has it. */
    const upgraded = async () => {
      const socket = connect(Number(server.agents.port), '127.0.0.1')
      socket.on('error', () => {})
      socket.write(
        `GET /api/v1/tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: hyperspeed-tunnel\r\nAuthorization: Bearer ${rogueToken}\r\n\r\n`,
      )
      const [first] = (await once(socket, 'data')) as [Buffer]
      t.match(String(first), /^HTTP\/1\.1 101 /)
      return socket
    }
    const frame = (type: number, flags: number, stream: number, payload: Buffer) => {
      const head = Buffer.alloc(9)
      head.writeUIntBE(payload.length, 0, 3)
      head[3] = type
      head[4] = flags
      head.writeUInt32BE(stream, 5)
      return Buffer.concat([head, payload])
    }
    const settings = frame(4, 0, 0, Buffer.alloc(0))
    const rst = (stream: number) => frame(3, 0, stream, Buffer.from([0, 0, 0, 8]))
    const floods: Record<string, (i: number) => Buffer> = {
      SETTINGS: () => settings,
      PING: () => frame(6, 0, 0, Buffer.alloc(8)),
      'streams of its own': (i) => frame(1, 4, 2 * i + 2, Buffer.from([0x82])),
      'resets of what is not there': (i) => rst(2 * i + 1001),
      'resets of one stream': () => rst(1),
      WINDOW_UPDATE: () => frame(8, 0, 0, Buffer.from([0, 0, 0, 1])),
      GOAWAY: () => frame(7, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])),
      CONTINUATION: (i) => (i === 0 ? frame(1, 0, 1, Buffer.from([0x88])) : frame(9, 0, 1, Buffer.alloc(100, 0x40))),
      'no HTTP/2 at all': () => Buffer.alloc(1000, 0x41),
    }
    for (const [what, flood] of Object.entries(floods)) {
      const socket = await upgraded()
      socket.write(settings)
      let i = 0
      let isClosed = false
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      void closed.then(() => {
        isClosed = true
      })
      const deadline = performance.now() + 10_000
      while (!isClosed && performance.now() < deadline) {
        const frames = Buffer.concat(Array.from({ length: 500 }, () => flood(i++)))
        if (!socket.write(frames)) await Promise.race([once(socket, 'drain').catch(() => {}), closed, wait(1000)])
        await wait(1)
      }
      t.ok(isClosed, `${what}: closed after ${i} frames`)
      t.equal((await visit(name, '/')).status, 200)
      socket.destroy()
    }
    t.equal((await visit(rogueName, '/')).status, 502)
    const mute = await upgraded()
    const began = performance.now()
    t.match(await visit(rogueName, '/'), { status: 502, json: { code: 'agent_away' } })
    t.ok(performance.now() - began < 5000, 'nobody waits for an agent that says nothing')
    mute.destroy()
  })
  t.same(server.errors, [])
})
