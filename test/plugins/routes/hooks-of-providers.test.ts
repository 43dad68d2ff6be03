import { createHmac } from 'node:crypto'
import t from 'tap'
import { createExecutor } from '../../../src/engine/executor.ts'
import { testApp } from '../../support/app.ts'
import { makeHook, SENDERS } from '../../support/webhooks.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'content-type': 'application/json' }
const MIB = 1024 * 1024

t.test('events as their senders write them', async (t) => {
  const app = await testApp(t)
  const { send, owner, organizationId, spaceId, db, actions, kinds, cipher, jobsSent } = app
  const space = `/api/v1/organizations/${organizationId}/spaces/${spaceId}`
  const base = `${space}/automations`
  const execute = createExecutor({ db, queue: { send: async () => {} }, actions, kinds, cipher })
  let rooms = 0

  /** What is said in the room of a hook once all runs are done. */
  const hookThatSays = async (message: string, { config = {}, secret }: { config?: object; secret?: string }) => {
    const channel = `room-${++rooms}`
    const hook = await makeHook(app, { config: { ...config, channel, message }, ...(secret ? { secret } : {}) })
    const said = async () => {
      for (let job = jobsSent.shift(); job; job = jobsSent.shift())
        await execute({ ...job, signal: new AbortController().signal })
      const { chat_rooms } = (await send(owner, 'GET', `${space}/chat-rooms`)).body
      const room = chat_rooms.find((each: { name: string }) => each.name === channel)
      if (room === undefined) return []
      const { messages } = (await send(owner, 'GET', `${space}/chat-rooms/${room.id}/messages`)).body
      return messages.map(({ content }: { content: string }) => content)
    }
    return { ...hook, said }
  }
  const eventsOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}/events`)).body.events

  t.test('GitHub: words like constructor, a diff with U+0000, and the form that it sends by default', async (t) => {
    const { config, secret, sign } = SENDERS.github
    const message = '{{ event.body.result.constructor }} {{ event.body.repository.custom_properties.prototype }}'
    const words = await hookThatSays(message, { config, secret })
    const body = '{"result":{"constructor":"McLaren"},"repository":{"custom_properties":{"prototype":"yes"}}}'
    t.equal((await words.post(body, { ...JSON_TYPE, ...(await sign(body)) })).status, 202)
    t.same(await words.said(), ['McLaren yes'])

    const diff = await hookThatSays('{{ event.body.diff_hunk }}', { config, secret })
    const hunk = '{"diff_hunk":"a\\u0000b \\udead","n":12345678901234567890}'
    t.equal((await diff.post(hunk, { ...JSON_TYPE, ...(await sign(hunk)) })).status, 202)
    t.same(await diff.said(), ['a\ufffdb \ufffd'])
    const [event] = await eventsOf(diff.id)
    t.match(event, { body_replaced: true, body: { diff_hunk: 'a\ufffdb \ufffd' } })

    const filter = [{ path: '$.ref', equals: 'refs/heads/main' }]
    const form = await hookThatSays('{{ event.type }} to {{ event.body.ref }}', {
      config: { ...config, filter },
      secret,
    })
    const payload = 'payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D'
    t.match(await form.post(payload, { ...FORM, ...(await sign(payload)) }), { status: 202, body: { run_id: /./ } })
    t.same(await form.said(), ['push to refs/heads/main'])
    t.match(await eventsOf(form.id), [{ body: { ref: 'refs/heads/main' }, body_replaced: false }])
  })

  t.test('Slack: commands and buttons are forms', async (t) => {
    const { config, secret, sign } = SENDERS.slack
    const hook = await hookThatSays('{{ event.body.command }} {{ event.body.text }}', { config, secret })
    const command = 'command=%2Fdeploy&text=staging+now'
    t.equal((await hook.post(command, { ...FORM, ...(await sign(command)) })).status, 202)
    const check = 'ssl_check=1&token=old'
    t.match(await hook.post(check, { ...FORM, ...(await sign(check)) }), { status: 202, body: { run_id: null } })
    t.same(await hook.said(), ['/deploy staging now'])
    const wanted = { ...config, event_types: ['block_actions'] }
    const button = await hookThatSays('{{ event.body.actions[0].value }}', { config: wanted, secret })
    const interaction = { type: 'block_actions', actions: [{ value: 'approve & go' }] }
    const pressed = `payload=${encodeURIComponent(JSON.stringify(interaction))}`
    t.equal((await button.post(pressed, { ...FORM, ...(await sign(pressed)) })).status, 202)
    t.same(await button.said(), ['approve & go'])
  })

  t.test(
    'Standard Webhooks under the names that Svix gives the headers; what is not signed names nothing',
    async (t) => {
      const { secret, sign } = SENDERS.standard_webhooks
      const hook = await makeHook(app, { secret })
      const standard = await sign('{}', { id: 'msg_svix' })
      const svix = Object.fromEntries(
        Object.entries(standard).map(([name, value]) => [name.replace('webhook', 'svix'), value]),
      )
      const first = await hook.post('{}', { ...JSON_TYPE, ...svix })
      t.match(first, { status: 202, body: { duplicate: false } })
      t.match(await hook.post('{}', { ...JSON_TYPE, ...svix }), { body: { ...first.body, duplicate: true } })
      t.match(await hook.post('{}', { ...JSON_TYPE, ...standard }), { body: { duplicate: true } })
      t.match(await eventsOf(hook.id), [{ event_key: 'msg_svix' }])
      t.notMatch(JSON.stringify(await eventsOf(hook.id)), svix['svix-signature'] ?? '')
      for (const unsigned of [{ 'webhook-id': 'msg_other' }, { ...standard, 'webhook-id': 'msg_other' }])
        t.equal((await hook.post('{}', { ...JSON_TYPE, ...svix, ...unsigned })).status, 401)
      const { 'svix-id': _, ...nameless } = svix
      t.equal((await hook.post('{}', { ...JSON_TYPE, ...nameless })).status, 401)
    },
  )

  t.test('PagerDuty signs with both secrets while one follows the other', async (t) => {
    const secret = 'the secret of pagerduty'
    const config = { verification: 'hmac', header: 'X-PagerDuty-Signature', prefix: 'v1=' }
    const hook = await makeHook(app, { config, secret })
    const signed = (key: string) => createHmac('sha256', key).update('{}').digest('hex')
    const [right, wrong] = [signed(secret), signed('the one that follows it')]
    const statusOf = async (value: string) =>
      (await hook.post('{}', { ...JSON_TYPE, 'x-pagerduty-signature': value })).status
    for (const value of [`v1=${wrong},v1=${right}`, `v1=${right} v1=${wrong}`, `v0=x, v1=${right.toUpperCase()}`])
      t.equal(await statusOf(value), 202, value)
    for (const value of [`v1=${wrong},v1=${wrong}`, `v1=${wrong},${right}`, `v1=${wrong}v1=${right}`, right, ''])
      t.equal(await statusOf(value), 401, value)
    const scheme = { verification: 'hmac', header: 'Authorization', prefix: 'HMAC ', encoding: 'base64' }
    const teams = await makeHook(app, { config: scheme, secret })
    const authorization = `HMAC ${createHmac('sha256', secret).update('{}').digest('base64')}`
    t.equal((await teams.post('{}', { ...JSON_TYPE, authorization })).status, 202)
  })

  t.test('a token may have been copied with its scheme', async (t) => {
    const config = { verification: 'token', header: 'Authorization' }
    const hook = await makeHook(app, { config, secret: 'Bearer abcdefgh12345' })
    const statusOf = async (authorization: string) => (await hook.post('{}', { ...JSON_TYPE, authorization })).status
    for (const value of ['Bearer abcdefgh12345', 'bearer  abcdefgh12345', 'abcdefgh12345'])
      t.equal(await statusOf(value), 202, value)
    for (const value of ['Bearer', 'Bearer ', 'Bearer abcdefgh1234', 'Bearer Bearer abcdefgh12345', ''])
      t.equal(await statusOf(value), 401, value)
    const refused = await send(owner, 'POST', `${base}/${hook.id}/webhook/secret`, { secret: 'Bearer abc' })
    t.match(refused, { status: 400, body: { details: [{ path: '/secret', message: /after Bearer/ }] } })
  })

  t.test('Jira says twice what it sends', async (t) => {
    const hook = await hookThatSays('{{ event.body.issue.key }}', SENDERS.standard_webhooks)
    const body = '{"issue":{"key":"HS-1"}}'
    const headers = await SENDERS.standard_webhooks.sign(body)
    const type = { 'content-type': 'application/json,application/json' }
    t.equal((await hook.post(body, type)).status, 401)
    t.equal((await hook.post(body, { ...type, ...headers })).status, 202)
    t.same(await hook.said(), ['HS-1'])
  })

  t.test('what never ran runs when it comes again, and what ran does not', async (t) => {
    const { config, secret, sign } = SENDERS.github
    const hook = await hookThatSays('{{ event.body.ref }}', {
      config: { ...config, filter: [{ path: '$.branch', equals: 'main' }] },
      secret,
    })
    const body = '{"ref":"main"}'
    const delivery = { ...JSON_TYPE, ...(await sign(body, { id: 'delivery-1' })) }
    const again = async () => (await hook.post(body, delivery)).body
    const first = await again()
    t.match(first, { run_id: null, duplicate: false })
    t.match(await again(), { event_id: first.event_id, run_id: null, duplicate: true })
    const edit = (change: object) => send(owner, 'PATCH', `${base}/${hook.id}`, change)
    await edit({ status: 'paused', config: { ...config, channel: `room-${rooms}`, message: '{{ event.body.ref }}' } })
    t.match(await again(), { run_id: null, duplicate: true })
    await edit({ status: 'active' })
    // Several times at once, which is one batch.
    const answers = await Promise.all(Array.from({ length: 5 }, again))
    const runs = new Set(answers.map(({ run_id }) => run_id))
    t.equal(runs.size, 1)
    t.equal(answers.filter(({ duplicate }) => !duplicate).length, 1)
    t.same(new Set(answers.map(({ event_id }) => event_id)), new Set([first.event_id]))
    t.same(await hook.said(), ['main'])
    t.match(await again(), { run_id: [...runs][0], duplicate: true })
    const [event, ...others] = await eventsOf(hook.id)
    t.match(event, { id: first.event_id, status: 'accepted', run_id: [...runs][0] })
    t.same(others, [])
    t.equal(jobsSent.length, 0)
  })

  t.test('what a person has run already is a duplicate', async (t) => {
    const { config, secret, sign } = SENDERS.github
    const hook = await makeHook(app, { config, secret, status: 'paused' })
    const delivery = { ...JSON_TYPE, ...(await sign('{}')) }
    const { event_id } = (await hook.post('{}', delivery)).body
    await send(owner, 'PATCH', `${base}/${hook.id}`, { status: 'active' })
    const { run_id } = (await send(owner, 'POST', `${base}/${hook.id}/events/${event_id}/replay`)).body
    t.match((await hook.post('{}', delivery)).body, { event_id, run_id, duplicate: true })
  })

  t.test('GitHub sends up to 25 MB, and templates see all of it', async (t) => {
    const { config, secret, sign } = SENDERS.github
    const filter = [{ path: '$.last', equals: 'one' }]
    const message = '{{ event.body.commits.size }} {{ event.body.last }}'
    const hook = await hookThatSays(message, { config: { ...config, filter }, secret })
    const commits = Array.from({ length: 25 }, (_, i) => ({ i, message: 'x'.repeat(MIB - 100) }))
    const body = JSON.stringify({ commits, last: 'one' })
    const { length } = commits
    t.ok(body.length > 24.9 * MIB)
    const before = jobsSent.length
    const answers = await Promise.all([
      hook.post(body, { ...JSON_TYPE, ...(await sign(body)) }),
      hook.post('{"last":"one"}', { ...JSON_TYPE, ...(await sign('{"last":"one"}')) }),
    ])
    t.match(answers, [{ status: 202 }, { status: 202 }])
    t.equal(jobsSent.length - before, 2)
    t.same((await hook.said()).sort(), [' one', `${length} one`])
    const invalid = `{"last":"one",${' '.repeat(MIB)}`
    const refused = await hook.post(invalid, { ...JSON_TYPE, ...(await sign(invalid)) })
    t.match(refused, { status: 400, body: { code: 'invalid_json' } })
    const other = JSON.stringify({ commits: commits.slice(0, 5) })
    const form = `payload=${other}`
    const filtered = await hook.post(form, { ...FORM, ...(await sign(form)) })
    t.match(filtered, { status: 202, body: { run_id: null } })
    const { events, next_cursor } = (await send(owner, 'GET', `${base}/${hook.id}/events?limit=2`)).body
    t.equal(events.length, 1, 'a page has one event at the least, and no more than fit')
    t.type(next_cursor, 'string')
    const { text } = await send(owner, 'GET', `${base}/${hook.id}/events/${filtered.body.event_id}`)
    t.ok(text.includes(`"body":${other}`))
  })
})
