import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { newToken } from '../../src/access/tokens.ts'
import { tunnelApp } from '../support/tunnels.ts'
import { until } from '../support/until.ts'

/** A service that answers with bytes as they are. @param answer for the bytes of a request, once its head is there. */
async function rawService(t: Test, answer: (request: string, socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let got = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
      if (!got.includes('\r\n\r\n')) return
      const request = got
      got = ''
      answer(request, socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

t.test('what a service or a visitor sends harms nobody else', async (t) => {
  const { open, connect: dial, visit, server, send, owner, base } = await tunnelApp(t, { answerWithinMs: 1500 })
  const { name, token } = await open()
  let respond: (request: string, socket: Socket) => void = (_, socket) => socket.write(OK)
  const seen: string[] = []
  const service = await rawService(t, (request, socket) => {
    seen.push(request)
    respond(request, socket)
  })
  await dial(token, service, { sessions: 2 })
  const say = (bytes: string) => {
    respond = (_, socket) => socket.write(Buffer.from(bytes, 'latin1'))
  }
  /** What comes back for bytes as they are, until the connection ends or nothing comes any more. */
  const raw = async (bytes: string, forMs = 1000): Promise<string> => {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    let got = ''
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
    })
    socket.write(Buffer.from(bytes, 'latin1'))
    await Promise.race([once(socket, 'close'), wait(forMs)])
    socket.destroy()
    return got
  }
  const head = `Host: ${name}\r\n`
  const isWell = async (what: string) => {
    say(OK)
    t.equal((await visit(name, '/well')).body, 'ok', `others are served after: ${what}`)
    t.same(server.errors, [], what)
  }

  await t.test('a body keeps its framing, whatever Connection names', async (t) => {
    const inner = `GET /smuggled HTTP/1.1\r\nHost: internal\r\n\r\n`
    for (const method of ['GET', 'DELETE', 'POST']) {
      seen.length = 0
      await raw(
        `${method} /a HTTP/1.1\r\n${head}Connection: content-length, host, close\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
      )
      t.equal(seen.length, 1)
      t.match(
        seen[0],
        new RegExp(`^${method} /a HTTP/1\\.1\\r\\nHost: ${name}\\r\\nContent-Length: ${inner.length}\\r\\n`),
      )
    }
    await isWell('a body without its length')
  })

  await t.test('no answer of a service ends the server', async (t) => {
    const answers: [what: string, bytes: string, status: number][] = [
      ['trailers announced for a length', 'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nContent-Length: 2\r\n\r\nok', 200],
      ['a control character in the reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok', 200],
      ['status 000', 'HTTP/1.1 000 No\r\nContent-Length: 2\r\n\r\nok', 502],
      ['status 099', 'HTTP/1.1 099 No\r\nContent-Length: 2\r\n\r\nok', 502],
      ['an odd hint', `HTTP/1.1 103 Early Hints\r\nLink: foo\r\n\r\n${OK}`, 200],
      ['joined hints', `HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload, </b>; as="a,b"\r\n\r\n${OK}`, 200],
      ['no HTTP', 'hello\r\n\r\n', 502],
    ]
    for (const [what, bytes, status] of answers) {
      say(bytes)
      const visited = await visit(name, '/', { method: 'POST', body: 'x' }).catch((error) => ({
        status: error.message,
      }))
      t.equal(visited.status, status, what)
      say(bytes)
      t.match(
        await raw(`GET / HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n`),
        new RegExp(`HTTP/1\\.1 ${status} `),
        `${what}, to an upgrade`,
      )
      await isWell(what)
    }
    say('HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: abc\r\n\r\n')
    t.match(
      await raw(`GET / HTTP/1.0\r\n${head}\r\n`),
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/,
      'and an old visitor',
    )
    say('HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n')
    t.equal((await visit(name, '/', { method: 'HEAD' })).status, 200, 'a HEAD of what has trailers')
    say(OK)
    t.match(
      await raw(`GET / HTTP/1.1\r\n${head}Trailer: X-Sum\r\nConnection: close\r\n\r\n`),
      /^HTTP\/1\.1 200 /,
      'for no body',
    )
    await isWell('trailers')
  })

  await t.test('answers before the answer come as they are, and no more than a visitor takes', async (t) => {
    say(`HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX-Other: 1\r\n\r\nHTTP/1.1 104 Later\r\n\r\n${OK}`)
    t.match(
      await raw(`GET / HTTP/1.1\r\n${head}Connection: close\r\n\r\n`),
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>; rel=preload\r\nX-Other: 1\r\n\r\nHTTP\/1\.1 104 Later\r\n\r\nHTTP\/1\.1 200 OK/,
    )
    t.notMatch(await raw(`GET / HTTP/1.0\r\n${head}\r\n`), /103/)
    respond = (_, socket) => {
      const hint = `HTTP/1.1 103 Early Hints\r\nLink: <${'x'.repeat(4000)}>\r\n\r\n`
      for (let i = 0; i < 1000; i++) socket.write(hint)
      socket.write(OK)
    }
    const all = await raw(`GET / HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
    t.ok((all.match(/HTTP\/1\.1 103/g)?.length ?? 0) <= 100)
    t.match(all, /HTTP\/1\.1 200 OK/)
    await isWell('hints without end')
  })

  await t.test('bytes of headers are what they were', async (t) => {
    say('HTTP/1.1 200 \xc3\xa9\r\nX-A: \xc3\xa9 \xe9\r\nContent-Length: 2\r\n\r\nok')
    const answer = await raw(`GET / HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
    t.match(answer, /^HTTP\/1\.1 200 \xc3\xa9\r\nX-A: \xc3\xa9 \xe9\r\n/)
    const many = Array.from({ length: 1500 }, (_, i) => `X${i}: 1\r\n`).join('')
    say(`HTTP/1.1 200 OK\r\n${many}Content-Length: 2\r\n\r\nok`)
    t.match(await raw(`GET / HTTP/1.1\r\n${head}Connection: close\r\n\r\n`), /X1499: 1\r\n/)
  })

  await t.test('what may have been done is not asked for twice', async (t) => {
    for (const [method, times] of [
      ['POST', 1],
      ['DELETE', 1],
      ['GET', 2],
    ] as const) {
      await isWell('a connection that is kept')
      seen.length = 0
      respond = (_, socket) => socket.destroy()
      await raw(`${method} /die HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
      t.equal(seen.filter((each) => each.includes('/die')).length, times, method)
    }
  })

  await t.test('a visitor who still sends is answered, and never waits for ever', async (t) => {
    respond = (_, socket) => socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    // As clients do that write all of it before they read.
    const large = connect(server.port, '127.0.0.1').pause()
    large.write(`POST / HTTP/1.1\r\n${head}Content-Length: 20000000\r\n\r\n`)
    for (let i = 0; i < 20; i++)
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(reject, 5000, new Error(`nobody takes part ${i}`))
        large.write(Buffer.alloc(1e6), () => {
          clearTimeout(late)
          resolve()
        })
      })
    const [answer] = await once(large.resume(), 'data')
    t.match(String(answer), /^HTTP\/1\.1 413 /)
    large.destroy()
    // The service waits for the rest, which comes later than it may take to answer.
    respond = (_, socket) => socket.once('data', () => socket.write(OK))
    const slow = connect(server.port, '127.0.0.1')
    slow.write(`POST / HTTP/1.1\r\n${head}Connection: close\r\nContent-Length: 4\r\n\r\nab`)
    await wait(2500)
    slow.write('cd')
    t.match(await text(slow), /^HTTP\/1\.1 200 OK/)
    respond = () => {}
    t.equal((await visit(name, '/')).status, 504, 'who owes nothing waits no longer')
    respond = (_, socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
    t.match(await raw(`GET / HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n`, 5000), /half$/)
  })

  await t.test('the last bytes of an upgraded connection arrive, however late they are read', async (t) => {
    respond = (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.end(Buffer.alloc(5_000_000, 'x'))
    }
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`GET / HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n`)
    await wait(1500)
    const all = await text(socket)
    t.equal(all.length - all.indexOf('\r\n\r\n') - 4, 5_000_000)
  })

  await t.test('what could be read in two ways further on is refused', async (t) => {
    const before = seen.length
    for (const bytes of [
      `GET / HTTP/1.1\r\nHost: ${name}.x";for=6.6.6.6;x="\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: ${name}, evil.example\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: ${name}/../x\r\n\r\n`,
      `GET / HTTP/2.0\r\n${head}\r\n`,
      `POST / HTTP/1.1\r\n${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
      `POST / HTTP/1.0\r\n${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      'GET / HTTP/1.1\r\n\r\n',
      `GET / HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n\r\n`,
      `GET / HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: foo, h2c/2\r\n\r\n`,
    ])
      t.match(await raw(bytes), /^HTTP\/1\.1 400 /, bytes)
    t.equal(seen.length, before)
    say(OK)
    const jwt = owner.token
    const sa = newToken('sa_')
    await raw(
      `POST / HTTP/1.1\r\n${head}Connection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nX_Forwarded_For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n` +
        `X-Forwarded-User: admin\r\nX-Auth: ${jwt}\r\nCookie: a=1; t=${jwt}\r\nReferer: http://x/?t%3D${sa}\r\n\r\n1\r\na\r\n0\r\n` +
        `X-Sum: 1\r\nAuthorization: Bearer ${sa}\r\nX-Forwarded-For: 6.6.6.6\r\nTunnel-Access-Token: ${sa}\r\n\r\n`,
    )
    const last = seen.slice(before).join('')
    t.match(last, /X-Sum: 1\r\n/)
    t.notMatch(last, new RegExp(`6\\.6\\.6\\.6|admin|${sa}|${jwt.replaceAll('.', '\\.')}`))
  })

  await t.test('garbage behind a request is not written into its answer', async (t) => {
    respond = (_, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf')
    }
    t.notMatch(await raw(`GET / HTTP/1.1\r\n${head}\r\n\x00\x01garbage\r\n\r\n`), /half[\s\S]*HTTP\/1\.1 400/)
  })

  await t.test('what has no body gets none', async (t) => {
    respond = (_, socket) => socket.write(OK)
    for (const method of ['POST', 'PUT', 'PATCH', 'QUERY', 'GET', 'DELETE']) {
      seen.length = 0
      await raw(`${method} /bare HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
      t.match(seen, [/\r\n\r\n$/], method)
      t.notMatch(seen[0], /Transfer-Encoding/i, method)
    }
    let after = ''
    respond = (_, socket) => {
      socket.on('data', (chunk) => {
        after += chunk
      })
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    }
    await raw(`POST / HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: echo\r\n\r\nown bytes`)
    t.equal(after, 'own bytes', 'of the other protocol')
  })

  await t.test('all trailers pass', async (t) => {
    say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n')
    seen.length = 0
    const bytes = `POST / HTTP/1.1\r\n${head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: 1\r\nY: 2\r\n\r\n`
    t.match(await raw(bytes), /0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n$/)
    await until(async () => seen.join('').endsWith('0\r\nX: 1\r\nY: 2\r\n\r\n'))
  })

  await t.test('what comes behind an answer is of nobody', async (t) => {
    for (const [bytes, got] of [
      ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nA1EXTRA', /200 OK[\s\S]*\r\n\r\nA1$/],
      [`${OK}HTTP/1.1 200 OK\r\nX-Evil: 1\r\n\r\n`, /200 OK[\s\S]*\r\n\r\nok$/],
      ['HTTP/1.1 204 No Content\r\n\r\nhello', /204 No Content\r\n[\s\S]*\r\n\r\n$/],
      ['HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\nhello', /304 Not Modified\r\n[\s\S]*\r\n\r\n$/],
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nEXTRA', /2\r\nok\r\n0\r\n\r\n$/],
    ] as const) {
      say(bytes)
      const answer = await raw(`GET / HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
      t.match(answer, got, bytes)
      t.notMatch(answer, /X-Evil/)
    }
    say('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
    t.match(await raw(`HEAD / HTTP/1.1\r\n${head}Connection: close\r\n\r\n`), /Content-Length: 5\r\n[\s\S]*\r\n\r\n$/)
    await isWell('bytes behind answers')
  })

  await t.test(
    'another protocol than was asked for is no answer, and neither is a coding that nobody undoes',
    async (t) => {
      const upgrading = `GET / HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n`
      for (const bytes of [
        'HTTP/1.1 101 Switching Protocols\r\n\r\n',
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      ]) {
        say(bytes)
        t.match(await raw(`GET / HTTP/1.1\r\n${head}Connection: close\r\n\r\n`), /^HTTP\/1\.1 502 /, bytes)
      }
      say('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      t.match(await raw(upgrading), /^HTTP\/1\.1 502 /)
      await isWell('a 101')
    },
  )

  await t.test('who is refused does not keep the connection', async (t) => {
    const open = () => new Promise<number>((resolve) => server.tunnels.visitors.getConnections((_, n) => resolve(n)))
    const before = await open()
    for (const bytes of [`CONNECT x:80 HTTP/1.1\r\n${head}\r\n`, `GET nothing HTTP/1.1\r\n${head}\r\n`]) {
      const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
      socket
        .on('error', () => {})
        .resume()
        .write(bytes)
      await once(socket, 'end')
      await until(async () => (await open()) <= before, 5000)
      socket.destroy()
    }
    t.pass()
  })

  await t.test('a health check that can not be asked for is refused, and one under way is enough', async (t) => {
    const config = { access: 'public', health_check: { path: '/a b' } }
    const made = await send(owner, 'POST', base, { name: 'H', kind: 'reverse_tunnel', config })
    t.match(made, { status: 400, body: { details: [{ path: '/config/health_check/path' }] } })
    const checked = await open({ health_check: { path: '/silent', interval_seconds: 5 } })
    const asked: string[] = []
    const silent = await rawService(t, (request) => void asked.push(request))
    await dial(checked.token, silent, { sessions: 1 })
    await wait(3000)
    t.equal(asked.length, 1)
    t.match(asked[0], /^GET \/silent HTTP\/1\.1\r\n/)
  })

  await t.test('one agent that shakes hands wrongly does not disturb the next', async (t) => {
    const port = Number(server.agents.port)
    const hand = (more: string) =>
      `GET /api/v1/tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: hyperspeed-tunnel\r\nAuthorization: Bearer ${token}\r\n${more}\r\n`
    const greet = async (bytes: Buffer | string) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {}).end(bytes)
      return text(socket).catch(() => '')
    }
    for (let i = 0; i < 50; i++) t.match(await greet(hand('')), /^HTTP\/1\.1 400 /)
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    const zeros = Buffer.concat([Buffer.from([0x82, 0xfe, 0x03, 0xe8, 0, 0, 0, 0]), Buffer.alloc(1000)])
    for (let i = 0; i < 5; i++) await greet(Buffer.concat([Buffer.from(hand(key)), zeros]))
    const { events } = await dial(token, service, { transport: 'websocket', sessions: 1 })
    t.match(events[0], { event: 'connected', transport: 'websocket' })
    await isWell('bad handshakes')
  })
})
