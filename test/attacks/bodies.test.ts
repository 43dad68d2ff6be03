import { gzipSync } from 'node:zlib'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { makeHook, SENDERS } from '../support/webhooks.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const wide = (keys: number) => JSON.stringify(Object.fromEntries(Array.from({ length: keys }, (_, i) => [`k${i}`, 1])))
const big = (bytes: number) => JSON.stringify({ parts: Array.from({ length: bytes / 1000 }, () => 'x'.repeat(997)) })

const ACCEPTED = '202 undefined'

/**
 * What is wrong with a body of JSON, and how it is refused where the API wants JSON. At a hook only what is no JSON is: nobody can
 * be asked to send an event otherwise.
 */
const BAD_JSON: [what: string, body: string | Buffer, answer: string, atHook?: string][] = [
  ['nothing like JSON', '{', '400 invalid_json'],
  ['two values', '{}{}', '400 invalid_json'],
  ['single quotes', "{'a':1}", '400 invalid_json'],
  ['not a number', '{"a":NaN}', '400 invalid_json'],
  ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), '400 invalid_json'],
  ['nested a hundred thousand deep', deep(100_000), '400 invalid_request', ACCEPTED],
  ['nested 33 deep', `{"a":${deep(33)}}`, '400 invalid_request', ACCEPTED],
  ['1,001 keys', wide(1001), '400 invalid_request', ACCEPTED],
  ['10,001 items', JSON.stringify({ a: Array(10_001).fill(0) }), '400 invalid_request', ACCEPTED],
  ['a number beyond double precision', '{"a":1e999}', '400 invalid_request', ACCEPTED],
  ['U+0000', '{"a":"\\u0000"}', '400 invalid_request', ACCEPTED],
  ['a lone surrogate', '{"a":"\\ud800"}', '400 invalid_request', ACCEPTED],
  ['a key with U+0000', '{"\\u0000":1}', '400 invalid_request', ACCEPTED],
  ['__proto__', '{"a":{"__proto__":{"b":1}}}', '400 invalid_request', ACCEPTED],
  ['constructor.prototype', '{"constructor":{"prototype":{}}}', '400 invalid_request', ACCEPTED],
  ['a text of 300,000 characters', JSON.stringify({ a: 'x'.repeat(300_000) }), '400 invalid_request', ACCEPTED],
  ['bytes that are not UTF-8', Buffer.from('{"\xff":1}', 'latin1'), '400 invalid_json', ACCEPTED],
  ['UTF-8 with an overlong form', Buffer.from('{"\xc0\xaf":1}', 'latin1'), '400 invalid_json', ACCEPTED],
  ['more than 1 MiB', big(1_100_000), '413 body_too_large', ACCEPTED],
  ['more than 25 MiB', Buffer.alloc(25 * 1024 * 1024 + 1, ' '), '413 body_too_large'],
]

t.test('bodies', async (t) => {
  const app = await testApp(t)
  const { send, owner, organizationId, spaceId, db } = app
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const hook = await makeHook(app, { config: { verification: 'none' } })
  const signed = await makeHook(app, SENDERS.github)
  const create = (body: string | Buffer, headers = {}) => send(owner, 'POST', base, body, headers)
  const events = () => db.selectFrom('webhook_events').selectAll().execute()
  const said = ({ status, body }: { status: number; body: { code: string } }) => `${status} ${body.code}`

  t.test('JSON that can’t be taken is refused by the API, and at a hook only where it is none', async (t) => {
    const before = (await events()).length
    for (const [what, body, answer, atHook = answer] of BAD_JSON) {
      t.equal(said(await create(body)), answer, `the API: ${what}`)
      t.equal(said(await hook.post(body, JSON_TYPE)), atHook, `a hook: ${what}`)
    }
    t.equal((await events()).length - before, BAD_JSON.filter(([, , , atHook]) => atHook === ACCEPTED).length)
    t.equal(Object.hasOwn(Object.prototype, 'b'), false)
  })

  t.test('what is wrong is told only to who proved it', async (t) => {
    for (const [what, body, answer, atHook = answer] of BAD_JSON) {
      const expected = atHook.startsWith('413') ? atHook : '401 webhook_not_verified'
      t.equal(said(await signed.post(body, JSON_TYPE)), expected, what)
    }
    const body = '{'
    const proof = { ...JSON_TYPE, ...(await SENDERS.github.sign(body)) }
    t.equal(said(await signed.post(body, proof)), '400 invalid_json')
  })

  t.test('compressed bodies are not unpacked, however small they pretend to be', async (t) => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'GZIP', 'gzip, identity', '']) {
      const headers = { ...JSON_TYPE, 'content-encoding': encoding }
      t.equal((await create(bomb, headers)).status, 415, `the API: ${encoding}`)
      t.equal(said(await hook.post(bomb, headers)), '415 compressed_body', `a hook: ${encoding}`)
      t.equal((await signed.post(bomb, headers)).status, 415)
    }
    t.equal((await hook.post('{}', { ...JSON_TYPE, 'content-encoding': 'identity' })).status, 202)
  })

  t.test('duplicate keys: the last one counts, and what came is kept as it came', async (t) => {
    const config = '{"name":"n","kind":"webhook","status":"draft","name":"m"}'
    t.equal((await create(config)).body.automation.name, 'm')
    const body = '{"a":"\\u00e9","a":1, "a" : 12345678901234567890.10}'
    const { event_id } = (await hook.post(body, JSON_TYPE)).body
    t.match((await send(owner, 'GET', `${base}/${hook.id}/events/${event_id}`)).text, `"body":${body}`)
  })

  t.test('other content types', async (t) => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp'])
      t.equal((await create('{"name":"n","kind":"webhook"}', { 'content-type': type })).status, 415, type)
    const bodyOf = async (body: string | Buffer, type?: string) => {
      const headers = type === undefined ? {} : { 'content-type': type }
      const { statusCode, body: answer } = await app.app.inject({
        method: 'POST',
        url: hook.path,
        headers,
        payload: body,
      })
      const receipt = JSON.parse(answer)
      if (statusCode !== 202) return `${statusCode} ${receipt.code}`
      const { event } = (await send(owner, 'GET', `${base}/${hook.id}/events/${receipt.event_id}`)).body
      return event.body_replaced ? ['replaced', event.body] : event.body
    }
    const form = 'application/x-www-form-urlencoded'
    const latin = (text: string) => Buffer.from(text, 'latin1')
    const cases: [body: string | Buffer, type: string | undefined, seen: unknown][] = [
      ['12', 'text/plain', '12'],
      ['12', undefined, '12'],
      ['[1', 'text/plain', '[1'],
      ['{"a":[1]}', 'text/plain', { a: [1] }],
      ['{"a":1}', undefined, { a: 1 }],
      ['{"a":1}', '', { a: 1 }],
      ['{"a":1}', 'application/vnd.github+json; charset=utf-8', { a: 1 }],
      ['{"a":1}', 'application/cloudevents+json', { a: 1 }],
      ['{"a":1}', 'application/json,application/json', { a: 1 }],
      ['"a"', 'application/json; charset=utf-8, application/json; charset=utf-8', 'a'],
      ['\ufeff{"a":1}', 'application/json', { a: 1 }],
      ['<a>é</a>', 'application/xml', '<a>é</a>'],
      ['x', 'not a content type', 'x'],
      ['', 'text/plain', null],
      ['', 'application/json', null],
      ['', form, null],
      ['a\u0000b', 'text/plain', ['replaced', 'a\ufffdb']],
      [
        '{"a\\u0000":"\\udc00\\ud800\\ud83d\\ude00\\\\u0000"}',
        'text/plain',
        ['replaced', { 'a\ufffd': '\ufffd\ufffd😀\\u0000' }],
      ],
      [Buffer.from([0xff, 0xfe]), 'application/octet-stream', ['replaced', '\ufffd\ufffd']],
      [latin('{"a":"\xff"}'), 'application/json', ['replaced', { a: '\ufffd' }]],
      [latin('{"a":"\xe9"}'), 'application/json; charset=ISO-8859-1', { a: 'é' }],
      ['{"a":"é"}', 'application/json; charset=ISO-8859-1', { a: 'é' }],
      ['{"a":"é"}', 'application/json; charset=nonsense', { a: 'é' }],
      [Buffer.from('é', 'utf16le'), 'text/plain; charset="utf-16le"', 'é'],
      ['a=1&b=%20&c&a=2&a=x%3Dy+z&&=n', form, { a: ['1', '2', 'x=y z'], b: ' ', c: '', '': 'n' }],
      ['a=%C3%A9&b=100%&__proto__=1', `${form}; charset=utf-8`, JSON.parse('{"a":"é","b":"100%","__proto__":"1"}')],
      ['a=%E9&b=%F0%9F%90%8E', `${form}; charset=windows-1252`, { a: 'é', b: '🐎' }],
      ['a=%E9&b=%00', form, ['replaced', { a: '\ufffd', b: '\ufffd' }]],
      ['payload=%7B%22ref%22%3A%22main%22%7D', form, { ref: 'main' }],
      ['payload=%5B%22%5Cu0000%22%5D', form, ['replaced', ['\ufffd']]],
      ['payload=%7B%22ref%22', form, { payload: '{"ref"' }],
      ['payload=%7B%7D&more=1', form, { payload: '{}', more: '1' }],
    ]
    for (const [body, type, seen] of cases) t.same(await bodyOf(body, type), seen, `${type}: ${body}`)
    t.equal(await bodyOf(deep(501), 'application/json'), deep(501), 'what is too deep for Postgres is kept as text')
    t.same(await bodyOf(deep(500), 'application/json'), JSON.parse(deep(500)))
  })

  t.test('keys of events that are none', async (t) => {
    for (const key of ['x'.repeat(256), 'é', 'a\tb'])
      t.equal(said(await hook.post('{}', { ...JSON_TYPE, 'idempotency-key': key })), '400 invalid_request', key)
  })
})
