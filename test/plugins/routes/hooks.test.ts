import t from 'tap'
import { createExecutor } from '../../../src/engine/executor.ts'
import { testApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { makeHook, SENDERS, type Signed } from '../../support/webhooks.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

t.test('webhooks', async (t) => {
  const app = await testApp(t)
  const { send, owner, organizationId, spaceId, db, actions, kinds, cipher, jobsSent, serviceAccount } = app
  const space = `/api/v1/organizations/${organizationId}/spaces/${spaceId}`
  const base = `${space}/automations`
  const eventsOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}/events`)).body.events
  const runsOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}/runs`)).body.runs
  const execute = createExecutor({ db, queue: { send: async () => {} }, actions, kinds, cipher })
  const drain = async () => {
    for (let job = jobsSent.shift(); job; job = jobsSent.shift())
      await execute({ ...job, signal: new AbortController().signal })
  }
  t.afterEach(() => {
    jobsSent.length = 0
  })

  for (const name of Object.keys(SENDERS) as Signed[]) {
    t.test(`${name}: what is genuine is stored with its run before it is answered, once`, async (t) => {
      const { config, secret } = SENDERS[name]
      const hook = await makeHook(app, { config, secret })
      const body = JSON.stringify({ id: 'evt_1', event_id: 'Ev1', type: 'invoice.paid', text: 'é' })
      const headers = await SENDERS[name].sign(body)
      const first = await hook.post(body, headers)
      t.match(first, { status: 202, body: { duplicate: false } })
      const { event_id, run_id } = first.body
      t.match(jobsSent, [{ runId: run_id, organizationId }])
      t.match(await runsOf(hook.id), [{ id: run_id, trigger: 'webhook', status: 'queued', event_id }])
      t.same((await hook.post(body, headers)).body, { event_id, run_id, duplicate: true })
      const events = await eventsOf(hook.id)
      t.equal(events.length, 1)
      t.match(events[0], { id: event_id, run_id, status: 'accepted', body: JSON.parse(body) })
      t.type(events[0].event_key, 'string')
      for (const value of Object.values(headers))
        if (value.length > 40 || value === secret) t.notMatch(JSON.stringify(events), value)
      t.equal(jobsSent.length, 1)
    })
  }

  t.test('the event is in the message, and run, event and output can be told from one another', async (t) => {
    const message = '{{ event.type }} {{ event.key }}: {{ event.body.items[0].name }} by {{ event.headers.user-agent }}'
    const hook = await makeHook(app, { config: { verification: 'none', channel: 'orders', message } })
    const event = { type: 'order', items: [{ name: 'Tea' }] }
    const headers = { ...JSON_TYPE, 'idempotency-key': 'k1', 'user-agent': 'shop/1' }
    const { event_id, run_id } = (await hook.post(JSON.stringify(event), headers)).body
    await drain()
    const { run } = (await send(owner, 'GET', `${base}/${hook.id}/runs/${run_id}`)).body
    t.match(run, { status: 'succeeded', event_id, output: { channel: 'orders', message_id: run_id } })
    const rooms = (await send(owner, 'GET', `${space}/chat-rooms`)).body.chat_rooms
    const room = rooms.find((each: { name: string }) => each.name === 'orders')
    const { messages } = (await send(owner, 'GET', `${space}/chat-rooms/${room.id}/messages`)).body
    t.match(messages, [{ content: 'order k1: Tea by shop/1' }])
    const retried = await send(owner, 'POST', `${base}/${hook.id}/runs/${run_id}/retry`)
    t.match(retried.body.run, { trigger: 'retry', event_id })
  })

  t.test('only the types and values that the config wants run; the others are there to see', async (t) => {
    const config = {
      ...SENDERS.stripe.config,
      event_types: ['invoice.paid', 'customer.*'],
      filter: [
        { path: '$.data.object["currency"]', equals: 'eur' },
        { path: '$.data.lines[-1]', equals: 2 },
      ],
    }
    const hook = await makeHook(app, { config, secret: SENDERS.stripe.secret })
    const statusOf = async (id: string, type: string, currency: string, lines: number[]) => {
      const body = JSON.stringify({ id, type, data: { object: { currency }, lines } })
      const { event_id, run_id } = (await hook.post(body, await SENDERS.stripe.sign(body))).body
      const { event } = (await send(owner, 'GET', `${base}/${hook.id}/events/${event_id}`)).body
      t.equal(run_id === null, event.status === 'filtered')
      return event.status
    }
    t.equal(await statusOf('e1', 'invoice.paid', 'eur', [1, 2]), 'accepted')
    t.equal(await statusOf('e2', 'customer.created', 'eur', [2]), 'accepted')
    t.equal(await statusOf('e3', 'invoice.voided', 'eur', [1, 2]), 'filtered')
    t.equal(await statusOf('e4', 'invoice.paid', 'usd', [1, 2]), 'filtered')
    t.equal(await statusOf('e5', 'invoice.paid', 'eur', []), 'filtered')
  })

  t.test('many at once with one key: one event, one run', async (t) => {
    const hook = await makeHook(app, { config: { verification: 'none' } })
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => hook.post('{}', { ...JSON_TYPE, 'idempotency-key': 'same' })),
    )
    t.equal(new Set(answers.map(({ body }) => body.run_id)).size, 1)
    t.equal(answers.filter(({ body }) => !body.duplicate).length, 1)
    t.equal(jobsSent.length, 1)
    await Promise.all(Array.from({ length: 20 }, () => hook.post('{}', JSON_TYPE)))
    t.equal((await eventsOf(hook.id)).length, 21, 'without a key nothing is the same')
  })

  t.test('paused: stored and ignored; a draft, a proposal, a hook without a secret: not there', async (t) => {
    const none = { verification: 'none' }
    const paused = await makeHook(app, { config: none, status: 'paused' })
    t.match(await paused.post('{}', JSON_TYPE), { status: 202, body: { run_id: null } })
    t.match(await eventsOf(paused.id), [{ status: 'ignored', run_id: null }])
    const staff = { ...app, owner: await serviceAccount(['files.read', 'files.write']) }
    const proposed = await makeHook(staff, { config: none })
    const broken = { verification: 'hmac', secret: 'a good secret' }
    for (const hook of [
      await makeHook(app, { config: none, status: 'draft' }),
      proposed,
      await makeHook(app, {}),
      await makeHook(app, { config: broken, status: 'paused' }),
    ])
      t.match(await hook.post('{}', JSON_TYPE), { status: 401, body: { code: 'webhook_not_verified' } })
    await send(owner, 'POST', `${base}/${proposed.id}/approve`)
    t.equal((await proposed.post('{}', JSON_TYPE)).status, 202, 'from the next request on')
    t.equal(jobsSent.length, 1)
    await send(owner, 'DELETE', `${base}/${proposed.id}`)
    t.equal((await proposed.post('{}', JSON_TYPE)).status, 401)
  })

  t.test('Slack asks whether somebody is there', async (t) => {
    const hook = await makeHook(app, SENDERS.slack)
    const body = JSON.stringify({ type: 'url_verification', challenge: 'abc', token: 'old' })
    t.match(await hook.post(body, await SENDERS.slack.sign(body)), { status: 200, body: { challenge: 'abc' } })
    t.equal((await hook.post(body, JSON_TYPE)).status, 401)
    t.same(await eventsOf(hook.id), [])
  })

  t.test('response: wait answers with the result, or without it after a while', async (t) => {
    const wait = { verification: 'none', response: 'wait', wait_seconds: 30, channel: 'c', message: 'm' }
    const hook = await makeHook(app, { config: wait })
    const headers = { ...JSON_TYPE, 'idempotency-key': 'w' }
    const answer = hook.post('{}', headers)
    await until(async () => jobsSent.length > 0)
    await drain()
    const { status, body } = await answer
    t.equal(status, 200)
    t.match(body.run, { status: 'succeeded', error_message: null, output: { channel: 'c' } })
    t.match(await hook.post('{}', headers), { status: 200, body: { duplicate: true, run: { status: 'succeeded' } } })
    const impatient = await makeHook(app, { config: { ...wait, wait_seconds: 1 } })
    const late = await impatient.post('{}', JSON_TYPE)
    t.equal(late.status, 202)
    t.notOk('run' in late.body)
  })

  t.test('a secret is shown once, rotated with grace, and cut off', async (t) => {
    const hook = await makeHook(app, {})
    const set = (body?: object) => send(owner, 'POST', `${base}/${hook.id}/webhook/secret`, body)
    const sign = (secret: string) => SENDERS.standard_webhooks.sign('{}', { secret })
    const statusWith = async (secret: string) => (await hook.post('{}', await sign(secret))).status
    const first = (await set()).body
    t.match(first, { secret: /^whsec_[A-Za-z0-9+/]{43}=$/, previous_valid_until: null })
    const second = (await set({ grace_seconds: 3600 })).body
    t.ok(new Date(second.previous_valid_until).getTime() > Date.now() + 3_500_000)
    t.same([await statusWith(first.secret), await statusWith(second.secret)], [202, 202])
    const third = (await set({ grace_seconds: 0 })).body
    t.same([await statusWith(first.secret), await statusWith(second.secret)], [401, 401])
    t.equal(await statusWith(third.secret), 202)
    const shown = [
      `${base}/${hook.id}`,
      `${base}/${hook.id}/events`,
      `/api/v1/organizations/${organizationId}/audit-log`,
    ]
    for (const path of shown)
      for (const { secret } of [first, second, third]) t.notMatch((await send(owner, 'GET', path)).text, secret)
    const stored = JSON.stringify(await db.selectFrom('automation_secrets').selectAll().execute())
    t.notMatch(stored, third.secret)
    const log = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/audit-log?target_id=${hook.id}`))
      .text
    t.match(log, /automation\.webhook_secret_set/)
  })

  t.test('what can’t be a secret is refused, and a kind without events has none', async (t) => {
    const hook = await makeHook(app, {})
    for (const secret of ['short', 'whsec_not base64', 'whsec_c2hvcnQ=', 'ends with a space ', 'ž'.repeat(20)]) {
      const { status, body } = await send(owner, 'POST', `${base}/${hook.id}/webhook/secret`, { secret })
      t.match({ status, body }, { status: 400, body: { details: [{ path: '/secret' }] } }, secret)
    }
    const digest = { name: 'd', kind: 'scheduled', config: { cron: '0 9 * * *' } }
    const { automation } = (await send(owner, 'POST', base, digest)).body
    t.equal(automation.trigger, null)
    const refused = await send(owner, 'POST', `${base}/${automation.id}/webhook/secret`)
    t.match(refused, { status: 409, body: { code: 'not_a_webhook' } })
  })

  t.test('the URL stays, whatever is edited', async (t) => {
    const hook = await makeHook(app, { config: { verification: 'none' } })
    await send(owner, 'PATCH', `${base}/${hook.id}`, {
      name: 'Another',
      config: { verification: 'none', channel: 'x' },
    })
    t.equal((await hook.post('{}', JSON_TYPE)).status, 202)
    const listed = (await send(owner, 'GET', base)).body.automations
    const { trigger } = listed.find((each: { id: string }) => each.id === hook.id)
    t.match(trigger.url, /^http:\/\/127\.0\.0\.1:8080\/api\/v1\/hooks\/wh_[\w-]{43}$/)
  })

  t.test('a config that is wrong is refused', async (t) => {
    const bad: [object, string][] = [
      [{ verification: 'md5' }, '/config/verification'],
      [{ verification: 'hmac', header: 7 }, '/config/header'],
      [{ verification: 'token', header: 'not a name' }, '/config/header'],
      [{ filter: [{ path: '$..secret', equals: 1 }] }, '/config/filter/0/path'],
      [{ filter: [{ path: '$.a' }] }, '/config/filter/0/equals'],
      [{ message: '{% if %}' }, '/config/message'],
      [{ action: { type: 'fly' } }, '/config/action/type'],
      [{ response: 'later' }, '/config/response'],
    ]
    for (const [config, path] of bad) {
      const body = { name: 'n', kind: 'webhook', config, status: 'active' }
      const answer = await send(owner, 'POST', base, body)
      t.match(answer, { status: 400, body: { details: [{ path }] } }, JSON.stringify(config))
    }
  })

  t.test('a reviewer is told what is not verified, and what is missing', async (t) => {
    const preview = async (config: object) =>
      (await send(owner, 'POST', `${base}/preview`, { kind: 'webhook', config })).body.preview
    t.match((await preview({ verification: 'none' })).warnings, [/nothing is verified/])
    const message = 'It is {{ event.type }}'
    t.match(await preview({ event_types: ['push'], message }), { warnings: [], action: { text: 'It is push' } })
    const hook = await makeHook(app, {})
    const of = async () => (await send(owner, 'GET', `${base}/${hook.id}/preview`)).body.preview.warnings
    t.match(await of(), [/no secret yet/])
    await send(owner, 'POST', `${base}/${hook.id}/webhook/secret`)
    t.same(await of(), [])
  })
})
