import t, { type Test } from 'tap'
import { createExecutor } from '../../../src/engine/executor.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

const KEY = 'sk_live_canary_4eC39HqLyjWDarjtT1zdp7dc'
const OTHER_KEY = 'sk_live_canary_9uZ11Wq0oPLmNbVcXsAqWerT'

/** An app with a receiver that its requests may reach, which says what it was told. */
async function appWithReceiver(t: Test) {
  const receiver = await startReceiver(t, (request, response) =>
    response.end(JSON.stringify({ echo: [request.url, request.headers, receiver.received.at(-1)?.body] })),
  )
  const test = await testApp(t, {}, { egressAllow: [receiver.authority] })
  const { send, owner, organizationId, spaceId, jobsSent } = test
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const queue = {
    send: async (_trx: unknown, jobs: readonly (typeof jobsSent)[number][]) => void jobsSent.push(...jobs),
  }
  const execute = createExecutor({ ...test, queue, backoff: () => 0 })
  const action = (more: object = {}) => ({
    type: 'http_request',
    url: `http://${receiver.authority}/hook`,
    headers: { authorization: 'Bearer {{ secrets.stripe_key }}' },
    ...more,
  })
  const body = (more: object = {}) => ({
    name: 'Charge',
    kind: 'scheduled',
    config: { cron: '0 9 * * *', action: action(more) },
  })
  const create = async (more: object = {}) => (await send(owner, 'POST', base, body(more))).body.automation
  const set = (id: string, name = 'stripe_key', value = KEY) =>
    send(owner, 'PUT', `${base}/${id}/secrets/${name}`, { value })
  const get = async (id: string) => (await send(owner, 'GET', `${base}/${id}`)).body.automation
  const secretsOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}/secrets`)).body.secrets
  const run = async (id: string, input = {}) => {
    const { run } = (await send(owner, 'POST', `${base}/${id}/run`, input)).body
    for (let job = jobsSent.shift(); job; job = jobsSent.shift())
      await execute({ ...job, signal: new AbortController().signal })
    return (await send(owner, 'GET', `${base}/${id}/runs/${run.id}`)).body.run
  }
  return { ...test, receiver, base, action, body, create, set, get, secretsOf, run }
}

t.test('named secrets', async (t) => {
  const on = await appWithReceiver(t)
  const { send, owner, serviceAccount, person, receiver, base, action, body, create, set, get, secretsOf, run } = on
  const staff = await serviceAccount(['files.read', 'files.write'])
  const policy = (require_whole_config: boolean) =>
    send(owner, 'PATCH', `/api/v1/organizations/${on.organizationId}/automation-policy`, { require_whole_config })

  t.test('one is set, listed without its value, sent, and never shown', async (t) => {
    const { id, digest } = await create({
      headers: { authorization: 'Bearer {{ secrets.stripe_key }}', 'x-plain': '{{ secrets.stripe_key }}' },
      url: `http://${receiver.authority}/{{ secrets.stripe_key | url_encode }}`,
      body: { text: 'key={{ secrets.stripe_key }}', twisted: '{{ secrets.stripe_key | upcase | base64_encode }}' },
    })
    const answer = await set(id)
    t.match(answer, { status: 200, body: { secret: { name: 'stripe_key', version: 1, set_by_user_id: owner.id } } })
    t.equal(answer.body.secret.state, 'in_use')
    const active = (await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })).body.automation
    t.not(active.digest, digest, 'its version is part of the digest')
    const ended = await run(id)
    t.match(ended, { status: 'succeeded' })
    const [request] = receiver.received.splice(0)
    t.equal(request?.url, `/${KEY}`)
    t.match(request?.headers, { authorization: `Bearer ${KEY}`, 'x-plain': KEY })
    const twisted = Buffer.from(KEY.toUpperCase()).toString('base64')
    t.same(JSON.parse(request?.body ?? ''), { text: `key=${KEY}`, twisted })
    t.match(ended.output.body, '•••', 'the receiver says it all again, and it is masked')
    const texts = [
      answer.text,
      JSON.stringify(ended),
      JSON.stringify(await get(id)),
      JSON.stringify(await secretsOf(id)),
    ]
    texts.push(
      (await send(owner, 'GET', `${base}/${id}/preview`)).text,
      (await send(owner, 'GET', `${base}/${id}/revisions`)).text,
    )
    for (const text of texts) for (const secret of [KEY, twisted, 'canary']) t.notMatch(text, secret)
  })

  t.test('a preview shows where it would stand', async (t) => {
    const { id } = await create({
      url: `http://${receiver.authority}/{{ secrets.stripe_key }}/x`,
      body: 'k {{ secrets.stripe_key | upcase }}',
    })
    await set(id)
    const { preview } = (await send(owner, 'GET', `${base}/${id}/preview`)).body
    t.match(preview.action, {
      url: `http://${receiver.authority}/•••/x`,
      body: 'k •••',
      headers: { authorization: '•••' },
    })
    t.notMatch(preview.warnings, [/in clear/])
    const unsaved = (await send(staff, 'POST', `${base}/preview`, { kind: 'scheduled', config: body().config })).body
      .preview
    t.match(unsaved, { problems: [], action: { headers: { authorization: '•••' } } })
    t.ok(unsaved.warnings.some((warning: string) => warning.includes('it uses the secret "stripe_key"')))
  })

  t.test('what names one that is not there says so and does not run, as long as it is not there', async (t) => {
    const { id } = await create()
    const activate = () => send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })
    const lacks = [
      {
        path: '/config/action/headers/authorization',
        message: 'the secret "stripe_key" is not there: a person sets it',
      },
    ]
    const refused = { status: 409, body: { code: 'config_not_whole', details: lacks } }
    const idle = { status: 'active', problems: lacks, next_run_at: null, last_error: null }
    await policy(true)
    t.match(await activate(), { status: 400, body: { details: lacks } })
    t.equal((await send(owner, 'POST', base, { ...body(), status: 'active' })).status, 400)
    await policy(false)
    t.match((await activate()).body.automation, idle)
    t.match(await send(owner, 'POST', `${base}/${id}/run`), refused)
    await set(id)
    t.match(await get(id), { problems: [], next_run_at: /Z$/ }, 'from then on it is due')
    t.match(await run(id), { status: 'succeeded' })
    t.equal((await send(owner, 'DELETE', `${base}/${id}/secrets/stripe_key`)).status, 204)
    t.same(await secretsOf(id), [])
    t.match(await get(id), idle, 'taking it away is taking hold')
    t.match(await send(owner, 'POST', `${base}/${id}/run`), refused)
    const again = await set(id)
    t.equal(again.body.secret.version, 2, 'no version is given twice')
    t.match(await get(id), { problems: [], next_run_at: /Z$/ })
    t.match(await run(id), { status: 'succeeded' })
    receiver.received.length = 0
  })

  t.test('a new value has a new version and digest, and is the one that is sent', async (t) => {
    const { id } = await create()
    await set(id)
    const before = (await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })).body.automation
    t.equal((await set(id, 'stripe_key', OTHER_KEY)).body.secret.version, 2)
    const after = await get(id)
    t.equal(after.revision, before.revision + 1)
    t.equal(after.approved_digest, after.digest)
    t.not(after.digest, before.digest)
    t.equal(after.next_run_at, before.next_run_at)
    t.same(
      (await secretsOf(id)).map(({ version }: { version: number }) => version),
      [2],
      'what was replaced is destroyed',
    )
    await run(id)
    t.equal(receiver.received.splice(0)[0]?.headers.authorization, `Bearer ${OTHER_KEY}`)
    const { revisions } = (await send(owner, 'GET', `${base}/${id}/revisions`)).body
    t.match(revisions, [{ secret_versions: { stripe_key: 2 } }, { secret_versions: { stripe_key: 1 } }, {}])
    const { diff } = (await send(owner, 'GET', `${base}/${id}/revisions/${after.revision}/diff`)).body
    t.same(diff.changes, [{ path: '/secret_versions/stripe_key', op: 'replace', before: 1, after: 2 }])
  })

  t.test('one that nothing uses changes no revision, and is there when it is named', async (t) => {
    const { id, revision } = await create({ headers: {} })
    t.equal((await set(id, 'spare')).body.secret.state, 'unused')
    await set(id, 'spare', OTHER_KEY)
    t.match(await secretsOf(id), [{ name: 'spare', version: 2, state: 'unused' }])
    t.equal((await get(id)).revision, revision)
    const config = { cron: '0 9 * * *', action: action({ headers: { 'x-api-key': '{{ secrets.spare }}' } }) }
    await send(owner, 'PATCH', `${base}/${id}`, { config, status: 'active' })
    t.match(await secretsOf(id), [{ name: 'spare', version: 2, state: 'in_use' }])
    await run(id)
    t.equal(receiver.received.splice(0)[0]?.headers['x-api-key'], OTHER_KEY)
  })

  t.test('what AI staff proposes with one is approved with the version that the reviewer saw', async (t) => {
    const { id, digest } = (await send(staff, 'POST', base, body())).body.automation
    await policy(true)
    t.match(await send(owner, 'POST', `${base}/${id}/approve`), { status: 400 }, 'the secret is not there')
    await policy(false)
    await set(id)
    t.match(await send(owner, 'POST', `${base}/${id}/approve`), { status: 428 }, 'the proposal is another one now')
    t.match(await send(owner, 'POST', `${base}/${id}/approve`, { digest }), { status: 409 })
    const now = await get(id)
    t.equal(now.status, 'pending_approval')
    t.match(await send(owner, 'POST', `${base}/${id}/approve`, { digest: now.digest }), { status: 200 })
    t.match(await run(id), { status: 'succeeded' })
    receiver.received.length = 0
  })

  t.test('a change beside what runs gets the secret that it wants, and its author may go on with it', async (t) => {
    const { id } = await create({ headers: {} })
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })
    await send(staff, 'PATCH', `${base}/${id}`, { config: body().config })
    const { pending_revision: proposed } = await get(id)
    t.match((await set(id)).body.secret, { version: 1, state: 'proposed' })
    const { pending_revision: pending } = await get(id)
    t.not(pending.digest, proposed.digest)
    t.equal((await send(staff, 'PATCH', `${base}/${id}`, { name: 'Charge them' })).status, 200)
    const last = (await get(id)).pending_revision
    t.match(await send(owner, 'POST', `${base}/${id}/approve`, { digest: last.digest }), { status: 200 })
    t.match(await secretsOf(id), [{ version: 1, state: 'in_use' }])
    t.match(await run(id), { status: 'succeeded' })
    receiver.received.length = 0
  })

  t.test('a change that was turned down leaves the old value working, and its own is destroyed', async (t) => {
    const { id } = await create({ headers: {} })
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })
    await send(staff, 'PATCH', `${base}/${id}`, { config: body().config })
    await set(id)
    await set(id, 'stripe_key', OTHER_KEY)
    t.match(await secretsOf(id), [{ version: 2, state: 'proposed' }])
    await send(owner, 'POST', `${base}/${id}/reject`)
    t.match(await run(id), { status: 'succeeded' })
    receiver.received.length = 0
  })

  t.test('they are for people who may write, in requests alone', async (t) => {
    const { id } = await create()
    const path = `${base}/${id}/secrets/stripe_key`
    t.match(await send(staff, 'PUT', path, { value: 'x' }), { status: 403, body: { code: 'people_only' } })
    t.match(await send(staff, 'DELETE', path), { status: 403 })
    t.match(await send(staff, 'GET', `${base}/${id}/secrets`), { status: 200, body: { secrets: [] } })
    const reader = await person(['files.read'])
    t.match(await send(reader, 'PUT', path, { value: 'x' }), { status: 403, body: { code: 'forbidden' } })
    const messages = [
      { message: '{{ secrets.stripe_key }}' },
      { action: { type: 'message', channel: 'c', text: 'x {{ secrets.a }}' } },
    ]
    for (const config of messages)
      t.match(await send(owner, 'POST', base, { name: 'n', kind: 'scheduled', config }), {
        status: 400,
        body: {
          details: [{ message: /a secret can be used in url, headers and body of an http_request, and nowhere else/ }],
        },
      })
    for (const headers of [
      { a: '{{ secrets }}' },
      { a: '{{ secrets.A }}' },
      { a: '{{ secrets[run.id] }}' },
      { a: '{% assign s = secrets.a %}{{ s }}' },
      { a: '{% if secrets.a == "x" %}yes{% endif %}' },
      { a: '{% capture s %}{{ secrets.a }}{% endcapture %}{{ s | upcase }}' },
      { a: '{% assign x = ["secr\\u0065ts"].a %}{{ x }}' },
    ])
      t.match(
        await send(owner, 'POST', base, body({ headers })),
        { status: 400, body: { details: [{ path: '/config/action/headers/a' }] } },
        headers.a,
      )
  })

  t.test('no other way leads to them, whatever the sender of an event chooses', async (t) => {
    const { id } = await create()
    await set(id)
    for (const text of [
      '{{ [event.body.n][event.body.m] | split: "" | join: "-" }}',
      '{{ [event.body.n] | json | split: "" | join: " " }}',
      '{% for i in (1..3) %}{{ [event.body.n][event.body.m] | slice: i }}{% endfor %}',
    ]) {
      const config = { cron: '0 9 * * *', action: action({ body: `>${text}<` }) }
      t.equal((await send(owner, 'PATCH', `${base}/${id}`, { config, status: 'active' })).status, 200, text)
      const event = { body: { n: 'secrets', m: 'stripe_key' } }
      await run(id, { event })
      t.match(receiver.received.splice(0)[0]?.body, /^>[- ]*<$|^>null<$/, text)
    }
  })

  t.test('white space around a value, and short ones, show no more than others', async (t) => {
    for (const value of [`${KEY}\n`, ` ${KEY} `]) {
      const more = { repeat: 'ask', url: `http://${receiver.authority}/?k={{ secrets.stripe_key }}` }
      const { id } = await create({
        ...more,
        headers: { 'user-agent': '{{ secrets.stripe_key }}', 'x-a': 'a {{ secrets.stripe_key }}' },
      })
      await set(id, 'stripe_key', value)
      await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })
      t.notMatch(JSON.stringify(await run(id)), 'canary')
    }
    receiver.received.length = 0
  })

  t.test('none is a part of the host, because who approves it has to see where it goes', async (t) => {
    for (const url of [
      '{{ secrets.a }}',
      'https://{{ secrets.a }}/x',
      'https://api.example.com{{ secrets.a }}/x',
      '{{ event.body.scheme }}://x{{ secrets.a }}.example.com',
    ])
      t.match(
        await send(owner, 'POST', base, body({ url })),
        {
          status: 400,
          body: { details: [{ path: '/config/action/url', message: /must not be a part of the host/ }] },
        },
        url,
      )
    t.equal(
      (await send(owner, 'POST', base, body({ url: 'https://{{ event.body.host }}/{{ secrets.a }}' }))).status,
      201,
    )
  })

  t.test('a name that every object has is one like any other', async (t) => {
    const { id } = await create({ headers: { 'x-a': '{{ secrets.constructor }}' } })
    const lacks = { problems: [{ message: /the secret "constructor" is not there/ }] }
    t.match((await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })).body.automation, lacks)
    await set(id, 'constructor')
    t.same((await get(id)).problems, [])
    await send(owner, 'DELETE', `${base}/${id}/secrets/constructor`)
    t.match(await get(id), lacks)
  })

  t.test('names and values that are none are refused', async (t) => {
    const { id } = await create()
    const put = (name: string, value: unknown) =>
      send(owner, 'PUT', `${base}/${id}/secrets/${encodeURIComponent(name)}`, { value })
    for (const name of ['A', '1a', '_a', 'a-b', 'a.b', 'ä', 'a'.repeat(65), 'a b', '%00', '__proto__'])
      t.match(await put(name, 'x'), { status: 400, body: { details: [{ path: 'params/name' }] } }, name)
    t.equal((await put('a'.repeat(64), 'x')).status, 200)
    for (const value of ['', 'a\u0000b', 'x\ud800', 'x'.repeat(16_385), 'ä'.repeat(8193), 7, null, ['x'], undefined])
      t.match(
        await put('a', value),
        { status: 400, body: { details: [{ path: '/value' }] } },
        String(value).slice(0, 20),
      )
    t.equal((await put('a', 'ä'.repeat(8192))).status, 200)
    t.match(await send(owner, 'PUT', `${base}/${id}/secrets/a`, { value: 'x', version: 7 }), { status: 400 })
    t.match(await send(owner, 'DELETE', `${base}/${id}/secrets/never_set`), {
      status: 404,
      body: { code: 'secret_not_found' },
    })
    for (let i = 0; i < 48; i++) t.equal((await put(`s${i}`, 'x')).status, 200)
    t.match(await put('one_more', 'x'), { status: 409, body: { code: 'too_many_secrets' } })
    t.equal((await put('s0', 'y')).status, 200, 'another value is no other secret')
    await send(owner, 'DELETE', `${base}/${id}/secrets/s0`)
    t.equal((await put('one_more', 'x')).status, 200)
  })

  t.test('If-Match holds a change to what was read, and two at once are two versions', async (t) => {
    const { id } = await create()
    const { headers } = await send(owner, 'GET', `${base}/${id}`)
    const put = (etag: string) =>
      send(owner, 'PUT', `${base}/${id}/secrets/stripe_key`, { value: KEY }, { 'if-match': etag })
    t.equal((await put('"999"')).status, 412)
    t.equal((await put(String(headers.etag))).status, 200)
    t.equal((await put(String(headers.etag))).status, 412)
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => set(id, 'stripe_key', `value ${i} canary`)))
    t.same(
      answers.map(({ body }) => body.secret.version).sort((a, b) => a - b),
      [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    )
    t.match(await secretsOf(id), [{ version: 11, state: 'in_use' }])
  })

  t.test('a credential in clear is a warning in preview and review', async (t) => {
    const clear = [
      { Authorization: 'Bearer abcdef' },
      { Cookie: 'session=abcdef; theme={{ event.body.t }}' },
      { 'X-Api-Key': 'abcdef' },
      { 'x-auth-token': 'abc {{ secrets.a }} def9' },
      { Authorization: 'Basic dXNlcjpwYXNz' },
    ]
    const covered = [
      { Authorization: 'Bearer {{ secrets.a }}' },
      { Cookie: 'session={{ secrets.a }}; id={{ secrets.b }}' },
      { 'X-Api-Key': '{{ event.body.key }}' },
      { Authorization: "Basic {{ 'user:' | append: secrets.a | base64_encode }}" },
      { 'X-Request-Id': 'abcdef' },
      { 'Idempotency-Key': 'abcdef' },
    ]
    const warnings = async (headers: object) =>
      (await send(staff, 'POST', `${base}/preview`, { kind: 'scheduled', config: body({ headers }).config })).body
        .preview.warnings as string[]
    for (const headers of clear)
      t.ok(
        (await warnings(headers)).some((each) => each.includes('in clear')),
        JSON.stringify(headers),
      )
    for (const headers of covered)
      t.notOk(
        (await warnings(headers)).some((each) => each.includes('in clear')),
        JSON.stringify(headers),
      )
    const { id } = (await send(staff, 'POST', base, body({ headers: clear[0] ?? {} }))).body.automation
    const { reviews } = (await send(owner, 'GET', `/api/v1/organizations/${on.organizationId}/reviews`)).body
    const review = reviews.find((each: { automation_id: string }) => each.automation_id === id)
    t.match(review.warnings, [/the header Authorization carries a credential in clear/])
    const lacking = (await send(staff, 'POST', base, body())).body.automation.id
    const { reviews: now } = (await send(owner, 'GET', `/api/v1/organizations/${on.organizationId}/reviews`)).body
    const { problems } = now.find((each: { automation_id: string }) => each.automation_id === lacking)
    t.match(problems, [{ message: /the secret "stripe_key" is not there/ }], 'and what is missing is a problem')
  })

  t.test('setting and taking away is in the audit log, without the value', async (t) => {
    const { id } = await create()
    await set(id)
    await send(owner, 'DELETE', `${base}/${id}/secrets/stripe_key`)
    const log = await send(owner, 'GET', `/api/v1/organizations/${on.organizationId}/audit-log?target_id=${id}`)
    t.match(
      log.body.entries.filter(({ action }: { action: string }) => action.startsWith('automation.secret')),
      [
        {
          action: 'automation.secret_removed',
          actor: { id: owner.id },
          details: { secret: 'stripe_key' },
        },
        { action: 'automation.secret_set', actor: { id: owner.id }, details: { secret: 'stripe_key', version: 1 } },
      ],
    )
    t.notMatch(log.text, 'canary')
  })
})
