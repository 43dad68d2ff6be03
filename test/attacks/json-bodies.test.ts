import { deflateSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { testApp } from '../support/app.ts'

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth)
const keys = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 0])))
const config = (json: string) => `{"name":"n","kind":"webhook","config":{"a":${json}}}`

t.test('bodies of every odd shape are refused, or taken as what they say', async (t) => {
  const { app, send, owner, organizationId, spaceId, db } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const post = (body: unknown, headers?: Record<string, string>) => send(owner, 'POST', base, body, headers)
  const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)))

  t.test('what is not JSON in UTF-8', async (t) => {
    const bodies = [
      '',
      ' ',
      '{',
      '{"name":"n",}',
      "{'name':'n'}",
      '{"name":"n"}{}',
      '{"name":NaN}',
      '{"name":0x10}',
      '{"name":"a\nb"}',
      '// x\n{}',
      'name=n&kind=webhook',
      bytes('{"name":"', [0xc0, 0x80], '"}'),
      bytes('{"name":"', [0xed, 0xa0, 0x80], '"}'),
      bytes('{"name":"', [0xff], '"}'),
      Buffer.from('{"name":"n","kind":"webhook"}', 'utf16le'),
      nested(100_000, '[', ']'),
      nested(50_000, '{"a":', '1}').replace('1}', '1'),
    ]
    for (const body of bodies) t.match(await post(body), { status: 400 }, String(body).slice(0, 40))
  })

  t.test('depth, width, length and numbers beyond the limits, each with its path', async (t) => {
    const cases: [json: string, path: string][] = [
      [nested(40, '[', ']'), `/config/a${'/0'.repeat(30)}`],
      [`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, `/config/a${'/a'.repeat(30)}`],
      [keys(1001), '/config/a'],
      [JSON.stringify(Array.from({ length: 10_001 }, () => 0)), '/config/a'],
      [`{"${'k'.repeat(257)}":1}`, `/config/a/${'k'.repeat(256)}`],
      [JSON.stringify('x'.repeat(262_145)), '/config/a'],
      ['1e309', '/config/a'],
      ['-1e400', '/config/a'],
      [`1${'0'.repeat(400)}`, '/config/a'],
      ['"\\u0000"', '/config/a'],
      ['["\\udc00\\ud800"]', '/config/a/0'],
      ['{"x\\u0000":1}', '/config/a/x\u0000'],
      ['{"__proto__":{"admin":true}}', '/config/a/__proto__'],
      ['{"constructor":{"prototype":{"admin":true}}}', '/config/a/constructor/prototype'],
      ['{"\\u005f_proto__":1}', '/config/a/__proto__'],
    ]
    for (const [json, path] of cases)
      t.match(await post(config(json)), { status: 400, body: { details: [{ path }] } }, json.slice(0, 40))
    t.equal(Object.hasOwn(Object.prototype, 'admin'), false)
  })

  t.test('what only looks like JSON to somebody', async (t) => {
    const gzip = { 'content-encoding': 'gzip' }
    // 100 MB of spaces in 100 kB: it is never unpacked.
    t.equal((await post(gzipSync(Buffer.alloc(100 * 1024 * 1024, ' ')), gzip)).status, 415)
    t.equal((await post(deflateSync('{}'), { 'content-encoding': 'deflate' })).status, 415)
    t.equal((await post('{}', { 'content-encoding': 'identity, gzip' })).status, 415)
    for (const type of [
      '',
      'text/json',
      'application/jsonp',
      'application/json-patch+json',
      'application/json, text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'json',
      '*/*',
    ])
      t.equal((await post('{}', { 'content-type': type })).status, 415, type)
    t.equal((await post(gzipSync('{}'))).body.code, 'invalid_json', 'packed, and not said so')
  })

  t.test('more than a mebibyte, said or not', async (t) => {
    const large = JSON.stringify({
      name: 'n',
      kind: 'webhook',
      config: { a: 'x'.repeat(200_000) },
      b: 'y'.repeat(900_000),
    })
    t.equal((await post(large)).status, 413)
    const wrong = await app.inject({
      method: 'POST',
      url: base,
      headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json', 'content-length': '2' },
      payload: '{"name":"n"}',
    })
    t.equal(wrong.statusCode, 400, 'more than it said')
  })

  t.test('nothing of all that was written', async (t) => {
    t.same(await db.selectFrom('automations').select('id').execute(), [])
  })

  t.test('of a key that comes twice the last one counts, for the digest and the answer alike', async (t) => {
    const { status, body } = await post('{"name":"a","kind":"webhook","config":{"x":1,"x":2},"name":"b"}')
    t.match({ status, body }, { status: 201, body: { automation: { name: 'b', config: { x: 2 } } } })
    const escaped = await post('{"n\\u0061me":"c","kind":"webhook"}')
    t.equal(escaped.body.automation.name, 'c')
  })

  t.test('constructor and prototype are words like others, and the keys come back', async (t) => {
    const odd = {
      constructor: 'McLaren',
      prototype: { constructor: { name: 'Ada' } },
      toString: 1,
      hasOwnProperty: null,
    }
    const { status, body } = await post({ name: 'n', kind: 'webhook', config: odd })
    t.equal(status, 201)
    t.same(body.automation.config, odd)
    await send(owner, 'PATCH', `${base}/${body.automation.id}`, { config: { prototype: [] } })
    const path = `${base}/${body.automation.id}/revisions/2/diff`
    const { changes } = (await send(owner, 'GET', path)).body.diff
    t.match(changes, [
      { path: '/config/constructor', op: 'remove', before: 'McLaren' },
      { path: '/config/prototype', op: 'replace' },
      { path: '/config/toString', op: 'remove', before: 1 },
      { path: '/config/hasOwnProperty', op: 'remove', before: null },
    ])
  })

  t.test('type and charset in any case, and a byte order mark, are taken', async (t) => {
    const body = { name: 'n', kind: 'webhook' }
    for (const type of ['APPLICATION/JSON', 'application/json; charset=UTF-8', 'application/json;charset="utf-8"'])
      t.equal((await post(body, { 'content-type': type })).status, 201, type)
    t.equal((await post(bytes([0xef, 0xbb, 0xbf], JSON.stringify(body)))).status, 201)
    t.equal((await post(body, { 'content-encoding': 'identity' })).status, 201)
  })
})
