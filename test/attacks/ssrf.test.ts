import t from 'tap'
import { isPublicAddress } from '../../src/egress/address.ts'
import { EgressError, type EgressErrorCode } from '../../src/egress/error.ts'
import { createEgress, type EgressRequest, type Method } from '../../src/egress/guard.ts'
import { startReceiver } from '../support/receiver.ts'

// Somebody who may write an automation tries to reach what only this machine reaches.

const PLAIN = { method: 'GET', timeoutMs: 5000, maxBytes: 1000 } as const

type Refusal = { code: EgressErrorCode | 'answered'; mayHaveBeenReceived: boolean }

async function refusalOf(
  egress: ReturnType<typeof createEgress>,
  request: Partial<EgressRequest> & { url: string },
): Promise<Refusal> {
  try {
    await egress.request({ ...PLAIN, ...request })
    return { code: 'answered', mayHaveBeenReceived: true }
  } catch (error) {
    if (error instanceof EgressError) return { code: error.code, mayHaveBeenReceived: error.mayHaveBeenReceived }
    throw error
  }
}

const BLOCKED: Refusal = { code: 'blocked_address', mayHaveBeenReceived: false }

t.test('no spelling of an address that is not public gets through', async (t) => {
  const { port, received } = await startReceiver(t, (_request, response) => response.end('secret'))
  // As every resolver should answer for localhost and what is below it (RFC 6761); some don't know `localhost.`.
  const egress = createEgress({ allow: [], lookup: async () => [{ address: '127.0.0.1' }] })
  const hosts = [
    ...['127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7F.1', '0177.0.0.1', '017700000001'],
    ...[
      '0177.0x0.0.1',
      '127.0.0.1.',
      '127.255.255.254',
      '0',
      '0.0.0.0',
      '0x0',
      '00000.0',
      '１２７.０.０.１',
      '127。0。0。1',
    ],
    ...['①②⑦.⓪.⓪.①', '%31%32%37.0.0.1', '%6c%6f%63%61%6c%68%6f%73%74'],
    ...['localhost', 'LOCALHOST', 'localhost.', 'ⓛocalhost'],
    ...['[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[0000::0001]', '[::127.0.0.1]', '[::7f00:1]'],
    ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:127.0.0.1]', '[::ffff:0:127.0.0.1]'],
    ...['[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2001:0:7f00:1::]'],
  ]
  for (const host of hosts)
    for (const scheme of ['http', 'https'])
      t.strictSame(await refusalOf(egress, { url: `${scheme}://${host}:${port}/` }), BLOCKED, `${scheme}://${host}`)
  t.equal(received.length, 0)
})

t.test('only the public Internet is public', async (t) => {
  const inside = [
    ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1'],
    ...['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', '192.0.0.192', 'fd00:ec2::254'],
    ...['172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.168.0.1', '198.18.0.1', '198.51.100.1'],
    ...['203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '192.88.99.1'],
    ...['::', '::1', '::2', '::8.8.8.8', '::ffff:8.8.8.8', '::ffff:10.0.0.1', '64:ff9b::8.8.8.8', '64:ff9b:1::1'],
    ...['2002::1', '2001::1', '2001:db8::1', '3fff::1', '100::1', 'fc00::1', 'fdff::1', 'fe80::1', 'fe80::1%eth0'],
    ...['fec0::1', 'ff02::1', '5f00::1', '4000::1', '', 'localhost', '127.1', '0177.0.0.1', '8.8', 'example.com'],
  ]
  for (const address of inside) t.equal(isPublicAddress(address), false, address)
  for (const address of ['1.1.1.1', '8.8.8.8', '93.184.215.14', '172.32.0.1', '2606:4700::1111', '2a00:1450::8'])
    t.equal(isPublicAddress(address), true, address)
})

t.test('a name is judged by every address that it has', async (t) => {
  const { port, received } = await startReceiver(t, (_request, response) => response.end('secret'))
  const answers = [
    ['127.0.0.1'],
    ['93.184.215.14', '127.0.0.1'],
    ['127.0.0.1', '93.184.215.14'],
    ['2606:4700::1111', '::1'],
    ['93.184.215.14', '::ffff:127.0.0.1'],
    ['169.254.169.254'],
    ['fe80::1%lo'],
    ['not an address'],
    ['0177.0.0.1'],
  ]
  for (const addresses of answers) {
    const lookup = async () => addresses.map((address) => ({ address }))
    for (const name of ['evil.example', 'printer.local', 'db.internal', 'x.localhost'])
      t.strictSame(
        await refusalOf(createEgress({ allow: [], lookup }), { url: `http://${name}:${port}/` }),
        BLOCKED,
        `${name} → ${addresses}`,
      )
  }
  t.equal(received.length, 0)
})

t.test('a name that rebinds after the check is not asked again', async (t) => {
  const { port, received } = await startReceiver(t, (_request, response) => response.end('secret'))
  // 2001:4860::/32 is public, and nothing answers there: what matters is where no connection goes.
  const answers = [[{ address: '2001:4860:dead::1' }], [{ address: '127.0.0.1' }]]
  let asked = 0
  const lookup = async () => answers[Math.min(asked++, 1)] ?? []
  const egress = createEgress({ allow: [], lookup })
  const first = await refusalOf(egress, { url: `http://rebind.example:${port}/`, timeoutMs: 200 })
  t.match(first.code, /^(connect|timeout)$/)
  t.equal(first.mayHaveBeenReceived, false)
  t.equal(asked, 1, 'one lookup for check and connection together')
  t.strictSame(
    await refusalOf(egress, { url: `http://rebind.example:${port}/` }),
    BLOCKED,
    'the next one is checked anew',
  )
  t.equal(received.length, 0)
})

t.test('a request that was let through does not open a way for the next', async (t) => {
  const { port, received } = await startReceiver(t, (_request, response) => response.end('ok'))
  const egress = createEgress({ allow: [`hooks.example:${port}`], lookup: async () => [{ address: '127.0.0.1' }] })
  t.equal((await refusalOf(egress, { url: `http://hooks.example:${port}/` })).code, 'answered')
  const others = [`other.example:${port}`, `hooks.example.:${port}`, `127.0.0.1:${port}`, `x.hooks.example:${port}`]
  for (const authority of [...others, 'hooks.example', `hooks.example:${port - 1}`])
    t.strictSame(await refusalOf(egress, { url: `http://${authority}/` }), BLOCKED, authority)
  t.equal(received.length, 1)
})

t.test('a redirect is an answer and is not followed', async (t) => {
  const inner = await startReceiver(t, (_request, response) => response.end('secret'))
  for (const status of [301, 302, 303, 307, 308]) {
    const outer = await startReceiver(t, (_request, response) => {
      response.writeHead(status, { location: `http://${inner.authority}/` }).end()
    })
    const egress = createEgress({ allow: [outer.authority, inner.authority] })
    const answer = await egress.request({ ...PLAIN, url: `http://${outer.authority}/` })
    t.equal(answer.status, status)
    t.equal(outer.received.length, 1)
  }
  t.equal(inner.received.length, 0)
})

t.test('nothing but a plain http or https URL is taken', async (t) => {
  const { authority, received } = await startReceiver(t, (_request, response) => response.end('secret'))
  const egress = createEgress({ allow: [authority] })
  const urls = [
    ...[`http://example.com@${authority}/`, `http://example.com:80@${authority}/`, `http://:x@${authority}/`],
    ...['file:///etc/passwd', 'gopher://127.0.0.1:25/_HELO', 'ftp://127.0.0.1/', 'data:text/plain,x', 'javascript:1'],
    ...[
      `ws://${authority}/`,
      `unix:/var/run/docker.sock`,
      'http+unix://%2Fvar%2Frun%2Fdocker.sock/',
      `//${authority}/`,
    ],
    ...['http://', 'https://', 'http:///', '', ' ', 'http://[::1', 'http://[fe80::1%25lo]/', 'http://256.1.1.1/'],
    ...['http://1.2.3.4.5/', 'http://example.com:99999/', 'http://exa mple.com/', 'http://a\u0000b/', authority],
    ...[
      `http://${authority}/\r\nX-Evil: 1`,
      `http://${authority}/a\nb`,
      `http://${authority}\r\n/`,
      `ht\ttp://${authority}/`,
    ],
    ...[`http://${authority}/\u0085`, `http://${authority}/\u007f`],
  ]
  for (const url of urls) {
    t.strictSame(await refusalOf(egress, { url }), { code: 'invalid_url', mayHaveBeenReceived: false }, encodeURI(url))
    t.type(egress.check(url), 'string', encodeURI(url))
  }
  t.equal(received.length, 0)
})

t.test('a backslash or a fragment does not hide another host', async (t) => {
  const { authority, received } = await startReceiver(t, (_request, response) => response.end('secret'))
  const egress = createEgress({ allow: [], lookup: async () => [{ address: '2001:4860:dead::1' }] })
  for (const url of [
    `http://${authority}\\@example.com/`,
    `http:\\\\${authority}/`,
    `http:${authority}`,
    `http:/${authority}`,
  ])
    t.strictSame(await refusalOf(egress, { url }), BLOCKED, url)
  for (const url of [`http://example.com#@${authority}/`, `http://example.com?@${authority}/`])
    t.match(await refusalOf(egress, { url, timeoutMs: 50 }), { code: /^(connect|timeout)$/ }, url)
  t.equal(received.length, 0)
})

t.test('no line end reaches the wire', async (t) => {
  const { authority, received } = await startReceiver(t, (_request, response) => response.end('ok'))
  const egress = createEgress({ allow: [authority] })
  const url = `http://${authority}/%0d%0aX-Evil:%201`
  t.equal((await refusalOf(egress, { url })).code, 'answered', 'percent-encoded it is harmless')
  t.equal(received[0]?.url, '/%0d%0aX-Evil:%201')
  const headers: Record<string, string>[] = [
    ...['a\r\nX-Evil: 1', 'a\nb', 'a\rb', 'a\u0000b', 'a\tb', 'a\u007fb', 'a\u2028b', 'å', '\u{1f600}'].map(
      (value) => ({ x: value }),
    ),
    ...['x\r\ny', 'x:y', 'x y', '', 'ü', 'x\u0000', ' x'].map((name) => ({ [name]: 'v' })),
    ...['Host', 'content-length', 'Transfer-Encoding', 'Connection', 'upgrade', 'TE', 'Trailer', 'Expect'].map(
      (name) => ({
        [name]: '1',
      }),
    ),
    ...['Keep-Alive', 'proxy-authorization', 'Proxy-Connection', 'accept-encoding'].map((name) => ({ [name]: '1' })),
    { Accept: 'a', accept: 'b' },
  ]
  for (const each of headers)
    t.strictSame(
      await refusalOf(egress, { url: `http://${authority}/`, headers: each }),
      { code: 'invalid_header', mayHaveBeenReceived: false },
      encodeURI(JSON.stringify(each)),
    )
  t.equal(received.length, 1)
})

t.test('only plain methods are sent', async (t) => {
  const { authority, received } = await startReceiver(t, (_request, response) => response.end('ok'))
  const egress = createEgress({ allow: [authority] })
  for (const method of ['CONNECT', 'TRACE', 'OPTIONS', 'get', 'GET / HTTP/1.1\r\nX:', ''])
    t.match(await refusalOf(egress, { url: `http://${authority}/`, method: method as Method }), {
      code: 'invalid_method',
    })
  t.equal(received.length, 0)
})

t.test('a refusal does not tell what a name resolves to', async (t) => {
  t.match(
    await refusalOf(createEgress({ allow: [] }), { url: 'http://localhost/' }),
    BLOCKED,
    "by the system's resolver",
  )
  const egress = createEgress({ allow: [], lookup: async () => [{ address: '10.1.2.3' }] })
  const error = await egress.request({ ...PLAIN, url: 'http://intranet.example/' }).catch((reason: Error) => reason)
  t.match(error, { message: 'intranet.example is not a public address' })
})
