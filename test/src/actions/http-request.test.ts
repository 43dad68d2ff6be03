import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { createHttpRequestAction, type HttpRequestConfig } from '../../../src/actions/http-request.ts'
import { createEgress } from '../../../src/egress/guard.ts'
import { actionFor, answering, fill, RUN_ID, SCOPE, SECRET } from '../../support/http-action.ts'
import { type Receiver, startReceiver, startTcpReceiver } from '../../support/receiver.ts'

t.test('url, header values and the strings of a body are filled in', async (t) => {
  const { receiver, run } = await answering(t, 200, { 'x-request-id': 'abc', 'x-other': 'kept back' }, 'thanks')
  const result = await run({
    url: `http://${receiver.authority}/{{ event.body.path }}?run={{ run.id }}`,
    headers: { 'X-Name': '{{ automation.kind }}\n' },
    body: { name: '{{ automation.name }}', '{{ run.id }}': [1, null, { deep: '{{ event.body.path }}' }] },
  })
  t.match(result, {
    ok: true,
    output: { status: 200, headers: { 'x-request-id': 'abc' }, body: 'thanks', truncated: false },
  })
  t.notMatch(JSON.stringify(result), 'kept back')
  const [sent] = receiver.received
  t.match(sent, { method: 'POST', url: `/orders?run=${RUN_ID}` })
  t.match(sent?.headers, { 'x-name': 'scheduled', 'content-type': 'application/json', 'idempotency-key': RUN_ID })
  t.strictSame(JSON.parse(sent?.body ?? ''), { name: 'Digest "A"', '{{ run.id }}': [1, null, { deep: 'orders' }] })
})

t.test('a string is sent as it is, and what the config sets stays', async (t) => {
  const { receiver, run } = await answering(t, 200)
  await run({ body: '{"a":"{{ event.body.path }}"}' })
  await run({ body: 'x', headers: { 'Content-Type': 'text/csv', 'IDEMPOTENCY-KEY': 'mine' } })
  await run({ method: 'GET' })
  await run({ method: 'PUT', body: null })
  const [text, csv, get, put] = receiver.received
  t.match(text, { body: '{"a":"orders"}', headers: { 'content-type': 'text/plain; charset=utf-8' } })
  t.match(csv?.headers, { 'content-type': 'text/csv', 'idempotency-key': 'mine' })
  t.strictSame([get?.headers['idempotency-key'], get?.headers['content-type'], get?.body], [undefined, undefined, ''])
  t.match(put, { body: 'null', headers: { 'idempotency-key': RUN_ID } })
})

t.test('a signed request holds against the reference implementation', async (t) => {
  const { receiver, run } = await answering(t, 200)
  for (const body of [{ text: 'grüße {{ run.id }}' }, '{"plain":true}', undefined])
    t.match(await run({ body, signing: 'standard_webhooks' }), { ok: true })
  t.equal(receiver.received.length, 3)
  for (const { headers, body } of receiver.received) {
    const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
    t.doesNotThrow(() => new Webhook(SECRET).verify(body, flat))
    t.throws(() => new Webhook(SECRET).verify(`${body} `, flat))
    t.equal(headers['webhook-id'], RUN_ID)
  }
})

t.test('without a secret nothing is sent unsigned', async (t) => {
  const { receiver } = await answering(t, 200)
  const { run } = actionFor(receiver, '')
  await t.rejects(run({ signing: 'standard_webhooks' }), /secret is empty/)
  const without = createHttpRequestAction({
    egress: createEgress({ allow: [receiver.authority] }),
    signingSecrets: async () => [],
  })
  const none = { secrets: {}, secretVersions: {}, sentBefore: null, sending: async () => {} }
  const context = { automationId: 'a', runId: RUN_ID, scope: SCOPE, fill, signal: AbortSignal.timeout(1000) }
  const result = await without.run(
    { type: 'http_request', url: `http://${receiver.authority}/`, signing: 'standard_webhooks' },
    { organizationId: 'o', spaceId: 's', attempt: 1, ...none, ...context },
  )
  t.match(result, { ok: false, retry: 'no', error: /no signing secret/ })
  t.equal(receiver.received.length, 0)
})

t.test('each status has its outcome', async (t) => {
  const inAnHour = () => new Date(Date.now() + 90 * 60_000).toUTCString()
  const cases: [number, Record<string, string>, unknown][] = [
    [200, {}, 'ok'],
    [204, {}, 'ok'],
    [302, { location: 'http://127.0.0.1/' }, 'no'],
    [400, {}, 'no'],
    [401, {}, 'no'],
    [404, { 'retry-after': '5' }, 'no'],
    [408, {}, 'yes'],
    [410, {}, 'no'],
    [425, {}, 'yes'],
    [429, {}, 'yes'],
    [429, { 'retry-after': '7' }, { afterSeconds: 7 }],
    [429, { 'retry-after': '0' }, { afterSeconds: 0 }],
    [429, { 'retry-after': '999999999999999999999' }, { afterSeconds: 3600 }],
    [429, { 'retry-after': 'soon' }, 'yes'],
    [429, { 'retry-after': '-3' }, 'yes'],
    [429, { 'retry-after': '1.5' }, 'yes'],
    [500, { 'retry-after': '5' }, 'yes'],
    [503, { 'retry-after': inAnHour() }, { afterSeconds: 3600 }],
    [503, { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' }, { afterSeconds: 0 }],
    [503, {}, 'yes'],
    [599, {}, 'yes'],
  ]
  for (const [status, headers, outcome] of cases) {
    const { run } = await answering(t, status, headers, status === 204 ? '' : 'why')
    const result = await run({})
    t.strictSame(result.ok ? 'ok' : result.retry, outcome, `${status} ${JSON.stringify(headers)}`)
    t.match(result.output, { status })
    if (!result.ok) t.match(result.error, new RegExp(`^127\\.0\\.0\\.1:\\d+ answered ${status}`))
  }
})

t.test('a date says how long to wait', async (t) => {
  const { run } = await answering(t, 503, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() })
  const result = await run({})
  const retry = result.ok ? undefined : result.retry
  t.ok(typeof retry === 'object' && retry.afterSeconds >= 50 && retry.afterSeconds <= 60)
})

t.test('expected statuses replace the usual ones', async (t) => {
  const { run } = await answering(t, 503)
  t.match(await run({ expect_status: [200, 503] }), { ok: true, output: { status: 503 } })
  const { run: ask } = await answering(t, 200)
  t.match(await ask({ expect_status: [201] }), { ok: false, retry: 'no' })
})

t.test('of a long answer the beginning is kept, cut between characters', async (t) => {
  const { run } = await answering(t, 200, {}, Buffer.alloc(10_000_000, '€'))
  const { output } = await run({})
  t.match(output, { truncated: true })
  t.match(output?.body, /^€+$/)
  t.equal(Buffer.byteLength(String(output?.body)), 4095)
})

t.test('what is no text is left out', async (t) => {
  const { run } = await answering(t, 200, {}, Buffer.from('a\u0000b'))
  t.match((await run({})).output, { body: null, truncated: false })
  const { run: ask } = await answering(t, 200, { 'content-encoding': 'gzip' }, 'xyz')
  t.match((await ask({})).output, { body: null })
  const { run: mangled } = await answering(t, 200, {}, Buffer.from([0x61, 0xff, 0x62]))
  t.match((await mangled({})).output, { body: 'a\ufffdb' })
})

t.test('a receiver that hangs, drips or cuts off is asked again', async (t) => {
  const hanging = await startReceiver(t, () => {})
  const dripping = await startReceiver(t, (_request, response) => {
    const timer = setInterval(() => response.write('.'), 1000)
    response.write('.')
    response.on('close', () => clearInterval(timer))
  })
  const cutting = await startTcpReceiver(t, (socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', () => socket.resetAndDestroy()),
    )
  })
  const cases: [Receiver, RegExp][] = [
    [hanging, /took too long/],
    [dripping, /took too long/],
    [cutting, /broke off/],
  ]
  for (const [receiver, error] of cases)
    t.match(await actionFor(receiver).run({ timeout_seconds: 0.2 }), { ok: false, retry: 'yes', error })
})

t.test('what the guard refuses is not tried again', async (t) => {
  const { run } = actionFor()
  const cases: [Partial<HttpRequestConfig>, RegExp][] = [
    [{ url: 'http://127.0.0.1/' }, /not a public address/],
    [{ url: 'http://{{ event.body.host }}/latest/meta-data' }, /not a public address/],
    [{ url: '{{ event.body.path }}' }, /whole URL/],
    [{ headers: { x: '{{ event.body.evil }}' } }, /"x" takes printable ASCII/],
    [{ headers: { host: 'other' } }, /"host" is set by the program/],
    [{ url: 'http://a.example/{% broken %}' }, /template \/url can't be filled in: .*tag "broken" not found/],
    [{ body: ['{% broken %}'] }, /template \/body\/0 can't be filled in/],
    [{ body: Array(110).fill('x'.repeat(10_000)) }, /larger than/],
  ]
  for (const [config, error] of cases) t.match(await run(config), { ok: false, retry: 'no', error })
})

t.test('a run that is stopped ends at once', async (t) => {
  const { run } = actionFor(await startReceiver(t, () => {}))
  t.match(await run({ timeout_seconds: 60 }, { signal: AbortSignal.timeout(50) }), { ok: false, error: /stopped/ })
})

t.test('a preview shows the request and warns, without sending it', async (t) => {
  const { receiver, preview } = await answering(t, 200)
  const shown = await preview({
    headers: { authorization: 'Bearer abcdef', accept: '*/*' },
    body: { text: '{{ event.body.path }} abcdef' },
    signing: 'standard_webhooks',
  })
  t.strictSame(shown.action, {
    type: 'http_request',
    method: 'POST',
    url: `http://${receiver.authority}/`,
    headers: {
      'idempotency-key': RUN_ID,
      'content-type': 'application/json',
      authorization: '•••',
      accept: '*/*',
      'webhook-id': RUN_ID,
      'webhook-timestamp': '•••',
      'webhook-signature': '•••',
    },
    body: { text: 'orders •••' },
  })
  t.match(shown.warnings, [/header authorization carries a credential in clear/, /not encrypted/])
  t.strictSame(await preview({ url: 'https://example.com/', method: 'GET' }), {
    action: { type: 'http_request', method: 'GET', url: 'https://example.com/', headers: {} },
    hosts: ['example.com'],
    warnings: [],
  })
  t.match((await preview({ url: 'https://{{ event.body.host }}/' })).warnings, [/would be refused: 169\.254\.169\.254/])
  t.equal(receiver.received.length, 0)
})

t.test('what is sure to fail is said when it is saved', async (t) => {
  const { validate } = actionFor()
  const wrong: [Partial<HttpRequestConfig>, string, RegExp][] = [
    [{ url: 'http://10.0.0.1/{{ event.body.path }}' }, '/url', /not a public address/],
    [{ url: 'http://me:secret@example.com/' }, '/url', /user or password/],
    [{ url: 'ftp://{{ event.body.host }}/' }, '/url', /https/],
    [{ url: 'example.com' }, '/url', /whole URL/],
    [{ url: 'https://example.com/{% broken' }, '/url', /not closed/],
    [{ headers: { 'a/b': '1' } }, '/headers/a~1b', /not a name/],
    [{ headers: { Host: 'x' } }, '/headers/Host', /set by the program/],
    [{ headers: { a: '1', A: '2' } }, '/headers/A', /twice/],
    [{ headers: { a: 'x\r\ny: 1' } }, '/headers/a', /line end/],
    [{ headers: { 'Webhook-Id': 'x' }, signing: 'standard_webhooks' }, '/headers/Webhook-Id', /set by signing/],
    [{ method: 'GET', body: {} }, '/body', /no body/],
    [{ body: { a: [{ b: '{% broken' }] } }, '/body/a/0/b', /not closed/],
  ]
  for (const [config, path, message] of wrong) t.match(validate(config), [{ path, message }], JSON.stringify(config))
  const fine: Partial<HttpRequestConfig>[] = [
    { url: '{{ event.url }}' },
    { url: 'https://{{ event.body.host }}/x' },
    { url: 'https://a{{ event.body.host }}.example.com/x' },
    { url: 'https://example.com/{{ event.body.path }}' },
    { headers: { 'Webhook-Id': 'x' }, body: [1, '{{ run.id }}'] },
  ]
  for (const config of fine) t.strictSame(validate(config), [], JSON.stringify(config))
})
