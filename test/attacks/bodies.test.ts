import { gzipSync } from 'node:zlib'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { makeHook, SENDERS } from '../support/webhooks.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const wide = (keys: number) => JSON.stringify(Object.fromEntries(Array.from({ length: keys }, (_, i) => [`k${i}`, 1])))
const big = (bytes: number) => JSON.stringify({ parts: Array.from({ length: bytes / 1000 }, () => 'x'.repeat(997)) })

/** What is wrong with a body of JSON, and how it is refused wherever JSON is wanted. */
const BAD_JSON: [what: string, body: string | Buffer, answer: string][] = [
  ['nothing like JSON', '{', '400 invalid_json'],
  ['two values', '{}{}', '400 invalid_json'],
  ['single quotes', "{'a':1}", '400 invalid_json'],
  ['not a number', '{"a":NaN}', '400 invalid_json'],
  ['nested a hundred thousand deep', deep(100_000), '400 invalid_request'],
  ['nested 33 deep', `{"a":${deep(33)}}`, '400 invalid_request'],
  ['1,001 keys', wide(1001), '400 invalid_request'],
  ['10,001 items', JSON.stringify({ a: Array(10_001).fill(0) }), '400 invalid_request'],
  ['a number beyond double precision', '{"a":1e999}', '400 invalid_request'],
  ['U+0000', '{"a":"\\u0000"}', '400 invalid_request'],
  ['a lone surrogate', '{"a":"\\ud800"}', '400 invalid_request'],
  ['a key with U+0000', '{"\\u0000":1}', '400 invalid_request'],
  ['__proto__', '{"a":{"__proto__":{"b":1}}}', '400 invalid_request'],
  ['constructor.prototype', '{"constructor":{"prototype":{}}}', '400 invalid_request'],
  ['a text of 300,000 characters', JSON.stringify({ a: 'x'.repeat(300_000) }), '400 invalid_request'],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), '400 invalid_json'],
  ['UTF-8 with an overlong form', Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]), '400 invalid_json'],
  ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), '400 invalid_json'],
  ['more than 1 MiB', big(1_100_000), '413 body_too_large'],
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

  t.test('JSON that can’t be taken has one answer, in the API and at a hook, and leaves nothing behind', async (t) => {
    const before = (await events()).length
    for (const [what, body, answer] of BAD_JSON) {
      t.equal(said(await create(body)), answer, `the API: ${what}`)
      t.equal(said(await hook.post(body, JSON_TYPE)), answer, `a hook: ${what}`)
    }
    t.equal((await events()).length, before)
  })

  t.test('what is wrong is told only to who proved it', async (t) => {
    for (const [what, body, answer] of BAD_JSON) {
      const expected = answer.startsWith('413') ? answer : '401 webhook_not_verified'
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
    const body = '{"a":"\\ud800","a":1, "a" : 12345678901234567890.10}'
    const { event_id } = (await hook.post(body, JSON_TYPE)).body
    t.match((await send(owner, 'GET', `${base}/${hook.id}/events/${event_id}`)).text, `"body":${body}`)
  })

  t.test('other content types', async (t) => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp'])
      t.equal((await create('{"name":"n","kind":"webhook"}', { 'content-type': type })).status, 415, type)
    const bodyOf = async (body: string | Buffer, type: string) => {
      const { status, body: receipt } = await hook.post(body, { 'content-type': type })
      if (status !== 202) return `${status} ${receipt.code}`
      return (await send(owner, 'GET', `${base}/${hook.id}/events/${receipt.event_id}`)).body.event.body
    }
    t.equal(await bodyOf('a=1&b=%20', 'application/x-www-form-urlencoded'), 'a=1&b=%20')
    t.equal(await bodyOf('12', 'text/plain'), '12', 'text that happens to be a number stays text')
    t.same(await bodyOf('{"a":[1]}', 'text/plain'), { a: [1] })
    t.same(await bodyOf('{"a":1}', 'application/vnd.github+json; charset=utf-8'), { a: 1 })
    t.same(await bodyOf('[1', 'text/plain'), '[1')
    t.equal(await bodyOf('', 'text/plain'), null)
    t.equal(await bodyOf('', 'application/json'), '400 invalid_json')
    t.equal(await bodyOf('a\u0000b', 'text/plain'), '400 invalid_request')
    t.equal(await bodyOf(Buffer.from([0xff, 0xfe]), 'text/plain'), '400 invalid_request')
    t.equal(await bodyOf('{"a":"\\u0000"}', 'text/plain'), '400 invalid_request')
    t.equal(await bodyOf('\ufeff{"a":1}', 'application/json').then(JSON.stringify), '{"a":1}')
    t.equal(await bodyOf('x', 'not a content type'), '415 unsupported_media_type')
  })

  t.test('keys of events that are none', async (t) => {
    for (const key of ['x'.repeat(256), 'é', 'a\tb'])
      t.equal(said(await hook.post('{}', { ...JSON_TYPE, 'idempotency-key': key })), '400 invalid_request', key)
  })
})
