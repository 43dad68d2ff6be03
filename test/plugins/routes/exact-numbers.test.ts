import t from 'tap'
import { createEgress } from '../../../src/egress/guard.ts'
import { createExecutor } from '../../../src/engine/executor.ts'
import { actionsBy } from '../../support/actions.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'
import { makeHook } from '../../support/webhooks.ts'

const ID = '8202522731445525542'
const JSON_TYPE = { 'content-type': 'application/json' }
const exact = JSON.rawJSON

t.test('numbers keep their digits', async (t) => {
  const on = await testApp(t)
  const { send, owner, organizationId, spaceId, serviceAccount, db, jobsSent, kinds, cipher } = on
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const { port, received } = await startReceiver(t, (_request, response) => response.end('ok'))
  const authority = `receiver.test:${port}`
  const egress = createEgress({ allow: [authority], lookup: async () => [{ address: '127.0.0.1' }] })
  const actions = actionsBy(t, on, egress)
  const execute = createExecutor({ db, queue: { send: async () => {} }, actions, kinds, cipher })
  const { signal } = new AbortController()
  const drain = async () => {
    for (let job = jobsSent.shift(); job; job = jobsSent.shift()) await execute({ ...job, signal })
  }
  const create = async (config: object, kind = 'scheduled') =>
    send(owner, 'POST', base, { name: 'n', kind, config, status: 'active' })
  const messages = () => db.selectFrom('chat_messages').select('content').orderBy('id', 'desc').limit(1).execute()

  t.test('in a config, as it is stored, shown, compared and sent', async (t) => {
    const action = { type: 'http_request', url: `http://${authority}/`, body: { p_id: exact(ID), n: [1, 0.5] } }
    const created = await create({ every: 'P1D', other: { n: exact('12345678901234567890') }, action })
    t.equal(created.status, 201)
    const { id } = created.body.automation
    const has = (text: string) => t.ok(text.includes(ID) && text.includes('{"n":12345678901234567890}'), text)
    has(created.text)
    has((await send(owner, 'GET', `${base}/${id}`)).text)
    has((await send(owner, 'GET', base)).text)
    has((await send(owner, 'PATCH', `${base}/${id}`, { name: 'another' })).text)
    has((await send(owner, 'GET', `${base}/${id}/revisions/1`)).text)
    t.match((await send(owner, 'GET', `${base}/${id}/preview`)).text, `"body":{"p_id":${ID},"n":[1,0.5]}`)

    const { run } = (await send(owner, 'POST', `${base}/${id}/run`)).body
    await drain()
    t.equal((await send(owner, 'GET', `${base}/${id}/runs/${run.id}`)).body.run.status, 'succeeded')
    t.equal(received.at(-1)?.body, `{"p_id":${ID},"n":[1,0.5]}`)

    const staff = await serviceAccount(['files.read', 'files.write'])
    const config = { every: 'P1D', other: { n: exact('12345678901234567891') }, action }
    await send(staff, 'PATCH', `${base}/${id}`, { config })
    const { text } = await send(owner, 'GET', `/api/v1/organizations/${organizationId}/reviews`)
    t.match(text, '"before":12345678901234567890,"after":12345678901234567891')
    const approval = await send(owner, 'POST', `${base}/${id}/approve`, { digest: created.body.automation.digest })
    t.match([approval.status, approval.text], [409, '"before":12345678901234567890,"after":12345678901234567891'])
    const asked = await send(owner, 'GET', `${base}/${id}/revisions/3/diff?against=1`)
    t.match(asked.text, '"before":12345678901234567890,"after":12345678901234567891')
  })

  t.test('in what an idempotency key stands for', async (t) => {
    const headers = { 'idempotency-key': 'digits' }
    const post = (n: string) =>
      send(owner, 'POST', base, `{"name":"n","kind":"scheduled","config":{"n":${n}}}`, headers)
    const first = await post('9007199254740993')
    t.match([first.status, first.text], [201, '"config":{"n":9007199254740993}'])
    t.equal((await post('9007199254740993.0')).text, first.text, 'an equal number is the same request')
    t.equal((await post('9007199254740992')).status, 422)
  })

  t.test('in the input of a run', async (t) => {
    const { id } = (await create({ every: 'P1D', message: '{{ run.input.event.body.id }} {{ event.body.id }}' })).body
      .automation
    const asked = await send(owner, 'POST', `${base}/${id}/run`, { event: { body: { id: exact(ID) } } })
    t.match(asked.text, `"input":{"event":{"body":{"id":${ID}}}}`)
    await drain()
    t.match((await send(owner, 'GET', `${base}/${id}/runs`)).text, `"input":{"event":{"body":{"id":${ID}}}}`)
    t.match(await messages(), [{ content: `${ID} ${ID}` }])
    const again = await send(owner, 'POST', `${base}/${id}/runs/${asked.body.run.id}/retry`)
    t.match([again.status, again.text], [202, `"input":{"event":{"body":{"id":${ID}}}}`])
    await drain()
  })

  t.test('in an event, and in the filter that it meets', async (t) => {
    const hook = await makeHook(on, {
      config: {
        verification: 'none',
        message: '{{ event.body.id }}',
        filter: [{ path: '$.id', equals: exact('9007199254740993') }],
      },
    })
    // What is larger is read and filled in by another process.
    for (const padding of ['', 'x'.repeat(200_000)]) {
      const post = async (id: string) =>
        (await hook.post(`{"id":${id},"padding":"${padding}"}`, JSON_TYPE)).body.event_id
      const [other, same] = [await post('9007199254740992'), await post('9007199254740993')]
      const event = (id: string) => send(owner, 'GET', `${base}/${hook.id}/events/${id}`)
      t.equal((await event(other)).body.event.status, 'filtered')
      const accepted = await event(same)
      t.equal(accepted.body.event.status, 'accepted')
      t.match(accepted.text, '"id":9007199254740993,')
      await drain()
      t.match(await messages(), [{ content: '9007199254740993' }])
      await db.deleteFrom('chat_messages').execute()
      t.equal((await send(owner, 'POST', `${base}/${hook.id}/events/${same}/replay`)).status, 202)
      await drain()
      t.match(await messages(), [{ content: '9007199254740993' }])
    }
  })

  t.test('and where this program calculates with one it must be one that it can calculate with', async (t) => {
    const action = { type: 'http_request', url: `http://${authority}/` }
    for (const wrong of ['99999999999999999999', '5.00000000000000000001', '1e400']) {
      const { status, body } = await create({ every: 'P1D', action: { ...action, timeout_seconds: exact(wrong) } })
      t.equal(status, 400, wrong)
      t.match(body.details[0].path, /timeout_seconds$/)
    }
    const { status, body } = await create({ every: 'P1D', n: exact('1e400') })
    t.match([status, body.details], [400, [{ path: '/config/n', message: 'the number is too large' }]])
    const tiny = await create({ every: 'P1D', n: exact('1e-400') })
    t.match([tiny.status, tiny.body.details], [400, [{ path: '/config/n', message: 'the number is too small' }]])
    t.equal((await send(owner, 'POST', base, `{"name":${ID},"kind":"scheduled"}`)).status, 400, 'nor is it a text')
  })
})

t.test('keys come back in the order in which they were sent, but for those that are whole numbers', async (t) => {
  const { send, owner, organizationId, spaceId } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const config = '{"zeta":1,"10":"ten","alpha":2,"2":"two"}'
  const { text } = await send(owner, 'POST', base, `{"name":"n","kind":"scheduled","config":${config}}`)
  t.match(text, '"config":{"2":"two","10":"ten","zeta":1,"alpha":2}')
})
