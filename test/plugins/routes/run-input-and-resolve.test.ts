import { randomUUID } from 'node:crypto'
import type { RequestListener, ServerResponse } from 'node:http'
import t from 'tap'
import { PERMISSIONS } from '../../../src/access/permissions.ts'
import { createEgress } from '../../../src/egress/guard.ts'
import { createExecutor } from '../../../src/engine/executor.ts'
import type { RunJob } from '../../../src/runs/queue.ts'
import { actionsBy } from '../../support/actions.ts'
import { type Caller, testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'
import { until } from '../../support/until.ts'
import { makeHook } from '../../support/webhooks.ts'

const MADE_UP = {
  type: 'invoice.paid',
  headers: { 'x-source': 'nobody' },
  body: { z: [1, 2.5, null, { 'a/b': 'é “quoted” 😀' }], a: true },
}
const SEEN = '{{ run.input | json }} {{ event | json }} {% if event.made_up == true %}made up{% else %}real{% endif %}'

t.test('what runs are given, and what becomes of those of which nobody knows', async (t) => {
  const on = await testApp(t)
  const { send, owner, organizationId, spaceId, person, serviceAccount, otherOrganization, db, jobsSent } = on
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const writer = await person(['files.read', 'files.write'])
  let answer: RequestListener
  const ok: RequestListener = (_, response) => void response.end('ok')
  const cut: RequestListener = ({ socket }) => void socket.destroy()
  const { port, received } = await startReceiver(t, (request, response) => answer(request, response))
  // By a name, for what the app itself may reach is nothing private.
  const authority = `receiver.test:${port}`
  const egress = createEgress({ allow: [authority], lookup: async () => [{ address: '127.0.0.1' }] })
  const actions = actionsBy(t, on, egress)
  const queue = {
    send: async (_: unknown, jobs: readonly RunJob[]) => void jobsSent.push(...jobs),
  }
  const execute = createExecutor({ db, queue, actions, kinds: on.kinds, cipher: on.cipher, backoff: () => 0 })
  const { signal } = new AbortController()
  const drain = async () => {
    for (let job = jobsSent.shift(); job; job = jobsSent.shift()) await execute({ ...job, signal })
  }
  const create = async (body: object): Promise<string> =>
    (await send(owner, 'POST', base, { name: 'n', kind: 'scheduled', status: 'active', ...body })).body.automation.id
  const calls = (action: object = {}) =>
    create({
      config: { every: 'P1D', action: { type: 'http_request', url: `http://${authority}/`, repeat: 'ask', ...action } },
    })
  const run = (id: string, body?: unknown) => send(owner, 'POST', `${base}/${id}/run`, body)
  const automationOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}`)).body.automation
  const runOf = async (id: string, runId: string) => (await send(owner, 'GET', `${base}/${id}/runs/${runId}`)).body.run
  const order = (id: string, runId: string, what: string, body?: unknown, by: Caller = owner) =>
    send(by, 'POST', `${base}/${id}/runs/${runId}/${what}`, body)
  const resolve = (id: string, runId: string, body: unknown = { outcome: 'happened' }, by: Caller = owner) =>
    order(id, runId, 'resolve', body, by)
  const makeUnknown = async (id: string): Promise<string> => {
    answer = cut
    const { run: made } = (await run(id)).body
    await drain()
    t.equal((await runOf(id, made.id)).status, 'unknown')
    return made.id
  }
  const logOf = async (target: string) =>
    (await send(owner, 'GET', `${organization}/audit-log?target_id=${target}`)).body.entries
      .filter(({ action }: { action: string }) => /^(run|events)\./.test(action))
      .toReversed()
  const user = ({ id }: Caller) => ({ type: 'user', id })
  t.beforeEach(() => {
    answer = ok
    for (const list of [received, jobsSent]) list.length = 0
  })

  t.test('a run is given an event that somebody made up, which is kept, shown and seen by templates', async (t) => {
    const kept = { event: MADE_UP }
    for (const kind of ['scheduled', 'webhook']) {
      const action = { type: 'http_request', url: `http://${authority}/`, body: SEEN }
      const id = await create({ kind, config: { ...(kind === 'scheduled' && { every: 'P1D' }), action } })
      const { status, body } = await run(id, kept)
      t.match([status, body.run.trigger, body.run.event_id], [202, 'manual', null])
      t.equal(JSON.stringify(body.run.input), JSON.stringify(kept), 'as it was sent')
      await drain()
      const shown = await runOf(id, body.run.id)
      t.match(shown, { status: 'succeeded', requested_by_user_id: owner.id })
      t.equal(JSON.stringify(shown.input), JSON.stringify(kept))
      t.same((await send(owner, 'GET', `${base}/${id}/runs`)).body.runs, [shown])
      const event = { id: null, key: null, ...MADE_UP, received_at: shown.created_at, made_up: true }
      t.equal(received.pop()?.body, `${JSON.stringify(kept)} ${JSON.stringify(event)} made up`, kind)
    }
  })

  t.test('what is left out of it is empty, and without it there is none', async (t) => {
    const id = await calls({ body: SEEN })
    for (const body of [{ event: {} }, {}, undefined]) {
      const { status, body: answered } = await run(id, body)
      t.equal(status, 202)
      t.same(answered.run.input, body?.event ? body : null)
      await drain()
      const { created_at: received_at } = answered.run
      const nothing = { id: null, key: null, type: null, headers: {}, body: null, received_at, made_up: true }
      const seen = body?.event ? `{"event":{}} ${JSON.stringify(nothing)} made up` : '{} null real'
      t.equal(received.pop()?.body, seen)
    }
  })

  t.test('a real event is not made up', async (t) => {
    const action = { type: 'http_request', url: `http://${authority}/`, body: SEEN }
    const hook = await makeHook(on, { config: { verification: 'none', action } })
    const { event_id, run_id } = (
      await hook.post('{"made_up":true,"type":"a"}', { 'content-type': 'application/json' })
    ).body
    await drain()
    t.match(received.pop()?.body, /^\{\} \{"id":".* real$/)
    t.match(await runOf(hook.id, run_id), { status: 'succeeded', input: null, event_id })
  })

  t.test('what a kind does not take is refused, and nothing runs', async (t) => {
    const wrong: [body: unknown, path: string][] = [
      [{ nope: 1 }, '/nope'],
      [{ event: { type: 'a' }, items: [] }, '/items'],
      [{ event: { nope: 1 } }, '/event/nope'],
      [{ event: { made_up: false } }, '/event/made_up'],
      [{ event: { type: 5 } }, '/event/type'],
      [{ event: { type: null } }, '/event/type'],
      [{ event: { type: '' } }, '/event/type'],
      [{ event: { type: 'x'.repeat(201) } }, '/event/type'],
      [{ event: { headers: { a: 1 } } }, '/event/headers/a'],
      [{ event: { headers: [] } }, '/event/headers'],
      ...['x', null, [], 5, true].map((event): [unknown, string] => [{ event }, '/event']),
      ...[[], [{ event: {} }], '"text"', '5', 'true', 'null'].map((body): [unknown, string] => [body, '']),
    ]
    for (const kind of ['scheduled', 'webhook']) {
      const id = await create({ kind, config: kind === 'scheduled' ? { every: 'P1D' } : {} })
      for (const [body, path] of wrong) {
        const { status, body: refusal } = await run(id, body)
        t.match([status, refusal.code, refusal.details?.[0].path], [400, 'invalid_request', path], JSON.stringify(body))
      }
      t.match(await run(id, '{"event":'), { status: 400, body: { code: 'invalid_json' } })
      t.same((await send(owner, 'GET', `${base}/${id}/runs`)).body.runs, [])
      t.same(await logOf(id), [])
    }
    t.same(jobsSent, [])
  })

  t.test('kinds that can’t run yet, and what is not active, say so whatever they are given', async (t) => {
    const configs = { reverse_tunnel: {} }
    for (const [kind, config] of Object.entries(configs)) {
      const id = await create({ kind, config })
      for (const body of [undefined, {}, { event: MADE_UP }])
        t.match(await run(id, body), { status: 409, body: { code: 'run_not_implemented' } }, kind)
    }
    const paused = await create({ config: { every: 'P1D' }, status: 'paused' })
    t.match(await run(paused, { event: {} }), { status: 409, body: { code: 'automation_not_active' } })
  })

  t.test('a run that is tried again is given the same', async (t) => {
    const id = await calls({ body: SEEN })
    const first = (await run(id, { event: MADE_UP })).body.run
    await drain()
    const second = (await order(id, first.id, 'retry')).body.run
    t.match(second, { trigger: 'retry', retry_of_run_id: first.id, input: first.input })
    await drain()
    const third = (await order(id, second.id, 'retry')).body.run
    await drain()
    t.same((await runOf(id, third.id)).input, first.input)
    const at = (made: { created_at: string }) =>
      JSON.stringify({ ...MADE_UP, received_at: made.created_at, made_up: true })
    const sent = [first, second, third].map(
      (made) => `${JSON.stringify(first.input)} {"id":null,"key":null,${at(made).slice(1)} made up`,
    )
    t.same(
      received.map(({ body }) => body),
      sent,
    )
  })

  t.test('one that had its effect counts as succeeded', async (t) => {
    for (const external_ref of ['ch_1', undefined]) {
      const id = await calls()
      const runId = await makeUnknown(id)
      const before = await runOf(id, runId)
      const { last_error, last_run_at } = await automationOf(id)
      t.match([last_error, last_run_at], [before.error_message, before.started_at])
      t.match(await order(id, runId, 'retry'), { status: 409, body: { code: 'run_unresolved' } })
      t.match(await order(id, runId, 'cancel'), { status: 409, body: { code: 'run_finished' } })
      const listed = async (status: string) =>
        (await send(owner, 'GET', `${base}/${id}/runs?status=${status}`)).body.runs.length
      t.same([await listed('unknown'), await listed('succeeded')], [1, 0])
      const { status, body } = await resolve(id, runId, { outcome: 'happened', external_ref }, writer)
      t.equal(status, 200)
      const after = { status: 'succeeded', success: true, error_message: null, external_ref: external_ref ?? null }
      t.same(body.run, { ...before, ...after })
      t.same(await runOf(id, runId), body.run)
      t.same([await listed('unknown'), await listed('succeeded')], [0, 1])
      t.match(await automationOf(id), { last_error: null, last_run_at: before.started_at })
      t.match(await resolve(id, runId), { status: 409, body: { code: 'run_not_unknown' } }, 'and once')
      t.match(await resolve(id, runId, { outcome: 'did_not' }), { status: 409, body: { code: 'run_not_unknown' } })
      t.same(await runOf(id, runId), body.run)
    }
  })

  t.test('what a later run has to say of the automation stays', async (t) => {
    const id = await calls()
    const runId = await makeUnknown(id)
    const { started_at } = await runOf(id, runId)
    await until(async () => new Date().toISOString() > started_at)
    await makeUnknown(id)
    const { last_error, last_run_at } = await automationOf(id)
    t.type(last_error, 'string')
    t.equal((await resolve(id, runId)).status, 200)
    t.match(await automationOf(id), { last_error, last_run_at })
  })

  t.test('one that had none counts as failed, and can be run again', async (t) => {
    const id = await calls()
    const runId = await makeUnknown(id)
    const before = await runOf(id, runId)
    const { status, body } = await resolve(id, runId, { outcome: 'did_not' })
    t.equal(status, 200)
    t.same(body.run, { ...before, status: 'failed', success: false })
    t.match(await automationOf(id), { last_error: before.error_message })
    t.match(await resolve(id, runId), { status: 409, body: { code: 'run_not_unknown' } })
    answer = ok
    const again = await order(id, runId, 'retry')
    t.match(again, { status: 202, body: { run: { trigger: 'retry', retry_of_run_id: runId } } })
    await drain()
    t.match(await runOf(id, again.body.run.id), { status: 'succeeded', attempt: 1 })
    t.same(
      received.map(({ headers }) => headers['idempotency-key']),
      [runId, again.body.run.id],
    )
    t.match(await automationOf(id), { last_error: null })
  })

  t.test('a resolution that says something else is refused, and two at once are one', async (t) => {
    const id = await calls()
    const runId = await makeUnknown(id)
    const before = await runOf(id, runId)
    const wrong: [unknown, string][] = [
      [{ outcome: 'did_not', external_ref: 'ch_1' }, '/external_ref'],
      [{}, '/outcome'],
      [{ outcome: 'maybe' }, '/outcome'],
      [{ outcome: null }, '/outcome'],
      [{ outcome: 'happened', external_ref: '' }, '/external_ref'],
      [{ outcome: 'happened', external_ref: null }, '/external_ref'],
      [{ outcome: 'happened', external_ref: 'x'.repeat(1001) }, '/external_ref'],
      [{ outcome: 'happened', note: 'x' }, '/note'],
      ...[[], '"happened"', 'null', undefined].map((body): [unknown, string] => [body, '']),
    ]
    for (const [body, path] of wrong) {
      const refused = await order(id, runId, 'resolve', body)
      t.match([refused.status, refused.body.details?.[0].path], [400, path], JSON.stringify(body))
    }
    t.same(await runOf(id, runId), before)
    const both = await Promise.all(['happened', 'did_not'].map((outcome) => resolve(id, runId, { outcome })))
    t.same(both.map(({ status }) => status).toSorted(), [200, 409])
    const won = both.find(({ status }) => status === 200)
    t.same(await runOf(id, runId), won?.body.run)
    const resolved = (await logOf(id)).filter(({ action }: { action: string }) => action === 'run.resolved')
    t.equal(resolved.length, 1)
  })

  t.test('only what is unknown is resolved', async (t) => {
    const held: ServerResponse[] = []
    const id = await calls()
    const refused = async (runId: string, status: string) => {
      const before = await runOf(id, runId)
      t.equal(before.status, status)
      for (const outcome of ['happened', 'did_not'])
        t.match(await resolve(id, runId, { outcome }), { status: 409, body: { code: 'run_not_unknown' } }, status)
      t.same(await runOf(id, runId), before)
    }
    const succeeded = (await run(id)).body.run.id
    await refused(succeeded, 'queued')
    answer = (_, response) => void held.push(response)
    const underWay = drain()
    await until(async () => held.length === 1)
    await refused(succeeded, 'running')
    t.match(await order(id, succeeded, 'cancel'), { status: 409, body: { code: 'run_sent' } })
    t.match(await order(id, succeeded, 'retry'), { status: 409, body: { code: 'run_not_finished' } })
    held.pop()?.end()
    await underWay
    await refused(succeeded, 'succeeded')
    answer = (_, response) => void response.writeHead(400).end()
    const failed = (await run(id)).body.run.id
    await drain()
    await refused(failed, 'failed')
    const cancelled = (await run(id)).body.run.id
    t.equal((await order(id, cancelled, 'cancel')).status, 200)
    await refused(cancelled, 'cancelled')
    const skipped = (await run(id)).body.run.id
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'paused' })
    await drain()
    await refused(skipped, 'skipped')
  })

  t.test('people who may write resolve, of what is theirs, and nobody else', async (t) => {
    const [id, other] = [await calls(), await calls()]
    const runId = await makeUnknown(id)
    const before = await runOf(id, runId)
    const outcome = { outcome: 'happened' }
    t.match(await resolve(id, runId, outcome, await serviceAccount(PERMISSIONS)), {
      status: 403,
      body: { code: 'people_only' },
    })
    t.match(await resolve(id, runId, outcome, await person(['files.read'])), {
      status: 403,
      body: { code: 'forbidden' },
    })
    t.equal((await send(null, 'POST', `${base}/${id}/runs/${runId}/resolve`, outcome)).status, 401)
    const stranger = await otherOrganization()
    t.equal((await resolve(id, runId, outcome, stranger.owner)).status, 403)
    const spaces = `${organization}/spaces`
    const elsewhere = (await send(owner, 'POST', spaces, { name: 'Elsewhere' })).body.id
    const theirs = `/api/v1/organizations/${stranger.organizationId}/spaces/${stranger.spaceId}/automations`
    for (const [by, path] of [
      [owner, `${base}/${other}/runs/${runId}`],
      [owner, `${base}/${randomUUID()}/runs/${runId}`],
      [owner, `${base}/${id}/runs/${randomUUID()}`],
      [owner, `${base}/${id}/runs/${id}`],
      [owner, `${spaces}/${elsewhere}/automations/${id}/runs/${runId}`],
      [owner, `${spaces}/${randomUUID()}/automations/${id}/runs/${runId}`],
      [stranger.owner, `${theirs}/${id}/runs/${runId}`],
    ] as const)
      for (const [what, body] of [['resolve', outcome], ['retry'], ['cancel']] as const)
        t.equal((await send(by, 'POST', `${path}/${what}`, body)).status, 404, `${path}/${what}`)
    t.same(await runOf(id, runId), before)
    t.match(await logOf(id), [{ action: 'run.requested' }])
    for (const spell of [`{${runId}}`, runId.replaceAll('-', ''), `urn:uuid:${runId}`, `${runId} `, '1'])
      t.equal((await resolve(id, encodeURIComponent(spell))).status, 400, spell)
    t.match((await resolve(id, runId.toUpperCase())).body.run, { id: runId, status: 'succeeded' })
    t.match((await logOf(id)).at(-1), { action: 'run.resolved', details: { run_id: runId } }, 'as it is kept')
  })

  t.test('an event of which nobody knows whether it had its effect is not replayed before somebody says', async (t) => {
    const action = { type: 'http_request', url: `http://${authority}/`, repeat: 'ask' }
    const hook = await makeHook(on, { config: { verification: 'none', action } })
    const path = `${base}/${hook.id}/events`
    answer = cut
    const { event_id, run_id } = (await hook.post('{"n":1}', {})).body
    await drain()
    answer = ok
    const other = (await hook.post('{"n":2}', {})).body.event_id
    await drain()
    const replay = (event: string) => send(owner, 'POST', `${path}/${event}/replay`)
    t.match(await replay(event_id), { status: 409, body: { code: 'run_unresolved' } })
    t.match(await replay(other), { status: 202 })
    const range = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' }
    t.match(await send(owner, 'POST', `${path}/replay`, range), { status: 202, body: { replayed: 1 } })
    await resolve(hook.id, run_id, { outcome: 'did_not' })
    t.match(await replay(event_id), { status: 202 })
    jobsSent.length = 0
  })

  t.test('the audit log says who ran, ran again, cancelled, replayed and resolved', async (t) => {
    const action = { type: 'http_request', url: `http://${authority}/`, repeat: 'ask' }
    const hook = await makeHook(on, { config: { verification: 'none', action } })
    const path = `${base}/${hook.id}`
    const post = async (body: string): Promise<string> =>
      (await hook.post(body, { 'content-type': 'application/json' })).body.event_id
    const [first, second] = [await post('{"n":1}'), await post('{"n":2}')]
    t.same(await logOf(hook.id), [], 'what comes by itself is no deed of anybody')
    const requested = (await send(writer, 'POST', `${path}/run`, { event: MADE_UP })).body.run.id
    await drain()
    const retried = (await order(hook.id, requested, 'retry')).body.run.id
    await order(hook.id, retried, 'cancel', undefined, writer)
    const one = (await send(writer, 'POST', `${path}/events/${first.toUpperCase()}/replay`)).body.run_id
    const range = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' }
    await send(owner, 'POST', `${path}/events/replay`, range)
    const both = jobsSent.slice(-2).map(({ runId }) => runId)
    await send(owner, 'POST', `${path}/events/replay`, { ...range, to: '2020-01-02T00:00:00Z' })
    jobsSent.length = 0
    const unknown = await makeUnknown(hook.id)
    await resolve(hook.id, unknown, { outcome: 'happened', external_ref: 'ch_1' }, writer)
    const entries = await logOf(hook.id)
    const told = entries.map(({ action, actor, details }: Record<string, unknown>) => ({ action, actor, details }))
    const replayed = (n: number, last: string, first_run_id: unknown) => ({
      events: n,
      first_event_id: first,
      last_event_id: last,
      first_run_id,
    })
    t.same(told, [
      { action: 'run.requested', actor: user(writer), details: { run_id: requested } },
      { action: 'run.retried', actor: user(owner), details: { run_id: retried, retry_of_run_id: requested } },
      { action: 'run.cancelled', actor: user(writer), details: { run_id: retried } },
      { action: 'events.replayed', actor: user(writer), details: replayed(1, first, one) },
      { action: 'events.replayed', actor: user(owner), details: replayed(2, second, both[0]) },
      { action: 'run.requested', actor: user(owner), details: { run_id: unknown } },
      {
        action: 'run.resolved',
        actor: user(writer),
        details: { run_id: unknown, outcome: 'happened', external_ref: 'ch_1' },
      },
    ])
    for (const entry of entries)
      t.match(entry, { target: { type: 'automation', id: hook.id }, space_id: spaceId, request_id: /./ })
    t.notMatch(JSON.stringify(entries), /invoice\.paid/, 'and nothing of what was given')
  })
})
