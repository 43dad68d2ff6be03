import t from 'tap'
import { createExecutor } from '../../../src/engine/executor.ts'
import { sweep } from '../../../src/maintenance.ts'
import { testApp } from '../../support/app.ts'
import { makeHook } from '../../support/webhooks.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

t.test('events', async (t) => {
  const app = await testApp(t)
  const { send, owner, organizationId, spaceId, db, actions, kinds, cipher, jobsSent, otherOrganization } = app
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const none = { verification: 'none', event_types: ['a'], message: '{{ event.body.n }}' }
  const execute = createExecutor({ db, queue: { send: async () => {} }, actions, kinds, cipher })
  const drain = async () => {
    for (let job = jobsSent.shift(); job; job = jobsSent.shift())
      await execute({ ...job, signal: new AbortController().signal })
  }
  t.afterEach(() => {
    jobsSent.length = 0
  })

  t.test('are listed newest first, page by page, and by status', async (t) => {
    const hook = await makeHook(app, { config: none })
    for (let n = 1; n <= 5; n++) await hook.post(JSON.stringify({ type: n === 3 ? 'b' : 'a', n }), JSON_TYPE)
    const list = async (query: string) => (await send(owner, 'GET', `${base}/${hook.id}/events?${query}`)).body
    const numbers = ({ events }: { events: { body: { n: number } }[] }) => events.map(({ body }) => body.n)
    const first = await list('limit=2')
    t.same(numbers(first), [5, 4])
    const second = await list(`limit=2&cursor=${first.next_cursor}`)
    t.same(numbers(second), [3, 2])
    const last = await list(`limit=2&cursor=${second.next_cursor}`)
    t.same([numbers(last), last.next_cursor], [[1], null])
    t.same(numbers(await list('status=filtered')), [3])
    t.equal((await send(owner, 'GET', `${base}/${hook.id}/events?cursor=x`)).body.code, 'invalid_cursor')
  })

  t.test('a page of large bodies ends early and goes on', async (t) => {
    const hook = await makeHook(app, { config: { verification: 'none' } })
    const large = JSON.stringify({ parts: Array.from({ length: 4 }, () => 'x'.repeat(250_000)) })
    for (let n = 0; n < 6; n++) await hook.post(large, JSON_TYPE)
    const first = (await send(owner, 'GET', `${base}/${hook.id}/events`)).body
    t.equal(first.events.length, 4)
    const rest = (await send(owner, 'GET', `${base}/${hook.id}/events?cursor=${first.next_cursor}`)).body
    t.same([rest.events.length, rest.next_cursor], [2, null])
    // More than may be shown at a time: they wait for one another.
    const request = { url: `${base}/${hook.id}/events`, headers: { authorization: `Bearer ${owner.token}` } }
    const answers = await Promise.all(Array.from({ length: 17 }, () => app.app.inject(request)))
    t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]))
  })

  t.test('one runs again as it came, with what is approved now, whatever the filter says', async (t) => {
    const hook = await makeHook(app, { config: none, status: 'paused' })
    const { event_id } = (await hook.post('{"type":"b","n":7}', { ...JSON_TYPE, 'idempotency-key': 'k' })).body
    const replay = () => send(owner, 'POST', `${base}/${hook.id}/events/${event_id}/replay`)
    t.match(await replay(), { status: 409, body: { code: 'automation_not_active' } })
    await send(owner, 'PATCH', `${base}/${hook.id}`, { status: 'active' })
    const first = await replay()
    t.match(first, { status: 202, body: { event_id } })
    const second = await replay()
    t.not(second.body.run_id, first.body.run_id)
    await drain()
    const { runs } = (await send(owner, 'GET', `${base}/${hook.id}/runs`)).body
    const run = { status: 'succeeded', trigger: 'webhook', event_id, requested_by_user_id: owner.userId }
    t.match(runs, [run, run])
    const { event } = (await send(owner, 'GET', `${base}/${hook.id}/events/${event_id}`)).body
    t.match(event, { status: 'ignored', run_id: first.body.run_id })
  })

  t.test('those of a time run again, oldest first, in parts', async (t) => {
    const hook = await makeHook(app, { config: none })
    await hook.post('{"type":"a","n":0}', JSON_TYPE)
    await send(owner, 'PATCH', `${base}/${hook.id}`, { status: 'paused' })
    for (let i = 0; i < 12; i++)
      await Promise.all(Array.from({ length: 50 }, () => hook.post('{"type":"a","n":1}', JSON_TYPE)))
    await hook.post('{"type":"a","n":2}', JSON_TYPE)
    await send(owner, 'PATCH', `${base}/${hook.id}`, { status: 'active' })
    await hook.post('{"type":"b","n":3}', JSON_TYPE)
    jobsSent.length = 0
    const range = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00+01:00' }
    const replay = (body: object) => send(owner, 'POST', `${base}/${hook.id}/events/replay`, body)
    const ignored = await replay({ ...range, status: 'ignored' })
    t.match(ignored, { status: 202, body: { replayed: 500, next_cursor: /./ } })
    const rest = await replay({ ...range, status: 'ignored', cursor: ignored.body.next_cursor })
    t.match(rest.body, { replayed: 101, next_cursor: null })
    t.equal(new Set(jobsSent.map(({ runId }) => runId)).size, 601)
    t.match((await replay({ ...range, status: 'filtered' })).body, { replayed: 1 })
    t.match((await replay({ from: range.from, to: '2020-01-02T00:00:00Z' })).body, { replayed: 0, next_cursor: null })
    t.match((await replay({ from: '1632-07-09T13:46:32Z', to: '1632-07-10T00:00:00Z' })).body, { replayed: 0 })
    t.match((await replay({ ...range, from: '2016-12-31T23:59:60Z' })).body.details, [{ path: '/from' }])
    for (const body of [{}, { from: 'x', to: 'y' }, { ...range, cursor: '!' }, { ...range, status: 'lost' }])
      t.equal((await replay(body)).status, 400)
  })

  t.test('a run whose event is gone is skipped', async (t) => {
    const hook = await makeHook(app, { config: none })
    await hook.post('{"type":"a"}', JSON_TYPE)
    await db.deleteFrom('webhook_events').where('automation_id', '=', hook.id).execute()
    await drain()
    const { runs } = (await send(owner, 'GET', `${base}/${hook.id}/runs`)).body
    t.match(runs, [{ status: 'skipped', error_message: /not kept any more/ }])
  })

  t.test('are removed in time', async (t) => {
    const hook = await makeHook(app, { config: none })
    const { event_id } = (await hook.post('{"type":"a"}', JSON_TYPE)).body
    const status = async () => (await send(owner, 'GET', `${base}/${hook.id}/events/${event_id}`)).status
    const sweepAfter = (days: number) =>
      sweep(db, { means: app, retentionDays: 90 }, new Date(Date.now() + days * 86_400_000))
    await sweepAfter(89)
    t.equal(await status(), 200)
    await sweepAfter(91)
    t.equal(await status(), 404)
  })

  t.test('are of their automation and organization alone', async (t) => {
    const [hook, other] = [await makeHook(app, { config: none }), await makeHook(app, { config: none })]
    const { event_id } = (await hook.post('{"type":"a"}', JSON_TYPE)).body
    const stranger = await otherOrganization()
    const theirs = `/api/v1/organizations/${stranger.organizationId}/spaces/${stranger.spaceId}/automations`
    for (const at of ['', '/replay']) {
      const method = at === '' ? 'GET' : 'POST'
      t.equal((await send(owner, method, `${base}/${other.id}/events/${event_id}${at}`)).body.code, 'event_not_found')
      t.equal((await send(stranger.owner, method, `${theirs}/${hook.id}/events/${event_id}${at}`)).status, 404)
      t.equal((await send(stranger.owner, method, `${base}/${hook.id}/events/${event_id}${at}`)).status, 403)
    }
    t.equal((await send(stranger.owner, 'GET', `${theirs}/${hook.id}/events`)).body.code, 'automation_not_found')
    t.equal((await send(stranger.owner, 'POST', `${theirs}/${hook.id}/webhook/secret`)).status, 404)
  })
})
