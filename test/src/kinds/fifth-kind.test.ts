import t from 'tap'
import { listen } from '../../../db/listen.ts'
import { TUNNELS_CHANNEL } from '../../../db/queries/tunnels.ts'
import { createExecutor } from '../../../src/engine/executor.ts'
import { startDue } from '../../../src/engine/scheduler.ts'
import { KINDS } from '../../../src/kinds/index.ts'
import { createKinds } from '../../../src/kinds/registry.ts'
import { emptyApp, testApp } from '../../support/app.ts'
import { echo } from '../../support/fifth-kind/index.ts'
import { until } from '../../support/until.ts'

/** The one line that registers it. */
const FIVE = createKinds([...KINDS.list, echo])

const HELLO = { name: 'Greetings', kind: 'echo', config: { greeting: 'Hello', mood: 'kept' } }

t.test('a fifth kind is a folder and a line', async (t) => {
  const test = await testApp(t, {}, { kinds: FIVE })
  const { app, send, owner, organizationId, spaceId, serviceAccount, db, databaseUrl, jobsSent } = test
  const space = `/api/v1/organizations/${organizationId}/spaces/${spaceId}`
  const base = `${space}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  const queue = {
    send: async (_trx: unknown, jobs: readonly (typeof jobsSent)[number][]) => void jobsSent.push(...jobs),
  }
  const execute = createExecutor({ ...test, queue, backoff: () => 0 })
  const drain = async () => {
    for (let job = jobsSent.shift(); job; job = jobsSent.shift())
      await execute({ ...job, signal: new AbortController().signal })
  }
  const create = async (body: object) => (await send(owner, 'POST', base, body)).body.automation
  const said = async () => {
    const { chat_rooms: rooms } = (await send(owner, 'GET', `${space}/chat-rooms`)).body
    const room = rooms.find(({ name }: { name: string }) => name === 'echo')
    const { messages } = (await send(owner, 'GET', `${space}/chat-rooms/${room.id}/messages`)).body
    return messages.map(({ content }: { content: string }) => content).toReversed()
  }

  t.test('it is found in the document, wherever kinds are', async (t) => {
    const { components } = JSON.parse(JSON.stringify(app.swagger()))
    const { AutomationKind, AutomationConfig, Automation, AutomationCreate, RunInput, ...schemas } = components.schemas
    t.same(AutomationKind.enum, ['scheduled', 'webhook', 'social_post', 'reverse_tunnel', 'echo'])
    t.match(AutomationConfig.description, /or `EchoConfig` says/)
    t.equal(Automation.discriminator.mapping.echo, '#/components/schemas/EchoAutomation')
    t.equal(AutomationCreate.discriminator.mapping.echo, '#/components/schemas/EchoAutomationCreate')
    t.equal(schemas.EchoConfig.properties.greeting.description, 'What it says.')
    t.match(RunInput.properties, { event: {}, text: {}, shout: { description: 'Whom to greet.' } })
    t.match(RunInput.description, /`echo` takes `shout`/)
    t.equal(schemas.AutomationPolicy.properties.kinds_allowed_for_service_accounts.maxItems, 5)
  })

  t.test('it is created, listed, shown with its URL, and planned', async (t) => {
    const made = await create({ ...HELLO, config: { ...HELLO.config, cron: '0 9 * * *' }, status: 'active' })
    t.match(made, { kind: 'echo', status: 'active', config: { mood: 'kept' }, trigger: { url: /\/hooks\/wh_/ } })
    t.match(made.next_run_at, /T09:00:00\.000Z$/)
    const { automations } = (await send(owner, 'GET', `${base}?kind=echo`)).body
    t.same(automations, [made])
    const due = await startDue({ db, queue, kinds: FIVE, now: () => Date.parse(made.next_run_at) })
    t.equal(due, 1)
    await drain()
    t.same(await said(), ['Hello, nobody!'])
    t.match((await send(owner, 'GET', `${base}/${made.id}/runs`)).body.runs, [
      { trigger: 'schedule', status: 'succeeded' },
    ])
  })

  t.test('AI staff proposes it, while the policy lets it, and a person approves', async (t) => {
    const { policy } = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/automation-policy`)).body
    t.ok(policy.kinds_allowed_for_service_accounts.includes('echo'))
    const { id, status } = (await send(staff, 'POST', base, HELLO)).body.automation
    t.equal(status, 'pending_approval')
    const { reviews } = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/reviews`)).body
    t.match(reviews, [{ automation_id: id, kind: 'echo', warnings: [] }])
    t.match(await send(owner, 'POST', `${base}/${id}/approve`), {
      status: 200,
      body: { automation: { status: 'active' } },
    })
    const change = { kinds_allowed_for_service_accounts: ['scheduled'] }
    await send(owner, 'PATCH', `/api/v1/organizations/${organizationId}/automation-policy`, change)
    t.match(await send(staff, 'POST', base, HELLO), { status: 403, body: { code: 'kind_not_allowed' } })
  })

  t.test('it runs with its input, and is refused what it does not take', async (t) => {
    const { id } = await create({ ...HELLO, status: 'active' })
    const run = (body?: unknown) => send(owner, 'POST', `${base}/${id}/run`, body)
    t.match(await run({ shout: 'world' }), { status: 202, body: { run: { input: { shout: 'world' } } } })
    await drain()
    t.equal((await said())[0], 'Hello, world!')
    for (const [body, path] of [
      [{ shout: '' }, '/shout'],
      [{ shout: 7 }, '/shout'],
      [{ whisper: 'x' }, '/whisper'],
      [{ event: {} }, '/event'],
      [{ text: 'of another kind' }, '/text'],
    ] as const)
      t.match(await run(body), { status: 400, body: { details: [{ path }] } }, JSON.stringify(body))
    const other = await create({ name: 'n', kind: 'scheduled', config: { cron: '0 9 * * *' }, status: 'active' })
    t.match(await send(owner, 'POST', `${base}/${other.id}/run`, { shout: 'x' }), {
      status: 400,
      body: { details: [{ path: '/shout', message: 'is not a known key' }] },
    })
  })

  t.test('it is previewed, with its own warnings and problems', async (t) => {
    const preview = async (config: object) =>
      (await send(staff, 'POST', `${base}/preview`, { kind: 'echo', config })).body.preview
    t.match(await preview({ greeting: 'Boo', cron: '0 9 * * *' }), {
      kind: 'echo',
      next_runs: { length: 10 },
      action: { type: 'message', text: 'Boo, hello?!' },
      warnings: ['it frightens people'],
      problems: [],
    })
    t.match(await preview({ cron: '0 25 * * *' }), {
      action: null,
      problems: [{ path: '/config/greeting' }, { path: '/config/cron' }],
    })
  })

  t.test('what is wrong with its config is refused, and a draft may be unfinished', async (t) => {
    const wrong = [
      [{ greeting: 7 }, '/config/greeting'],
      [{ greeting: '{% broken' }, '/config/greeting'],
      [{ cron: 'never' }, '/config/cron'],
    ] as const
    for (const [config, path] of wrong)
      t.match(await send(owner, 'POST', base, { ...HELLO, config }), { status: 400, body: { details: [{ path }] } })
    const { id } = await create({ ...HELLO, config: {} })
    t.match(await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' }), {
      status: 200,
      body: { automation: { problems: [{ path: '/config/greeting', message: 'is required' }] } },
    })
  })

  t.test('events come in at its URL, by its own proof', async (t) => {
    const { id, trigger } = await create({ ...HELLO, config: { ...HELLO.config, password: true }, status: 'active' })
    const path = new URL(trigger.url).pathname
    t.match(await send(owner, 'POST', `${base}/${id}/webhook/secret`, { secret: 'no password' }), { status: 400 })
    const { secret } = (await send(owner, 'POST', `${base}/${id}/webhook/secret`)).body
    t.equal(secret, 'open sesame')
    const deliver = (password: string) =>
      send(null, 'POST', path, 'neighbour', { 'content-type': 'text/plain', 'x-password': password })
    t.match(await deliver('wrong'), { status: 401 })
    t.match(await deliver(secret), { status: 202, body: { duplicate: false } })
    await drain()
    t.equal((await said())[0], 'Hello, neighbour!')
  })

  t.test('whoever holds its connections hears of each change', async (t) => {
    const heard: string[] = []
    const stop = listen(databaseUrl, TUNNELS_CHANNEL, (id) => void heard.push(id), t.error)
    t.teardown(stop)
    await until(async () => heard.length === 1)
    const { id } = await create({ ...HELLO, status: 'active' })
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'paused' })
    await send(owner, 'DELETE', `${base}/${id}`)
    await until(async () => heard.length === 4)
    t.same(heard, ['', id, id, id])
    await create({ name: 'n', kind: 'scheduled' })
    await create(HELLO)
    await until(async () => heard.length === 5)
  })

  t.test('a program that does not know it leaves it alone, and goes on with the rest', async (t) => {
    const made = await create({ ...HELLO, config: { ...HELLO.config, cron: '* * * * *' }, status: 'active' })
    const other = await create({ name: 'n', kind: 'scheduled', config: { cron: '* * * * *' }, status: 'active' })
    const { run } = (await send(owner, 'POST', `${base}/${made.id}/run`)).body
    const now = () => Date.parse(made.next_run_at)
    jobsSent.length = 0
    t.equal(await startDue({ db, queue, kinds: KINDS, now }), 1)
    t.match(jobsSent, [{}], 'the one that it knows')
    jobsSent.length = 0
    const older = createExecutor({ ...test, kinds: KINDS, queue, backoff: () => 0 })
    await older({ runId: run.id, organizationId, signal: new AbortController().signal })
    t.ok(Number(jobsSent[0]?.startAfter) > Date.now(), 'a run of it waits for a worker that knows it')
    const [hook = ''] = made.trigger.url.split('/').slice(-1)
    const old = await emptyApp(t, {}, { database: { db, url: databaseUrl } })
    const refused = { status: 409, body: { code: 'kind_unknown' } }
    for (const [method, path, body] of [
      ['PATCH', made.id, { name: 'renamed' }],
      ['PATCH', made.id, { status: 'active' }],
      ['POST', `${made.id}/run`, {}],
      ['GET', `${made.id}/preview`, undefined],
      ['PUT', `${made.id}/secrets/a`, { value: 'x' }],
      ['POST', `${made.id}/webhook/secret`, {}],
    ] as const) {
      const answer = await old.app.inject({
        method,
        url: `${base}/${path}`,
        headers: { authorization: `Bearer ${owner.token}` },
        ...(body === undefined ? {} : { payload: body }),
      })
      t.match({ status: answer.statusCode, body: answer.json() }, refused, `${method} ${path}`)
    }
    const known = await old.app.inject({ method: 'POST', url: `/api/v1/hooks/${hook}`, payload: {} })
    t.equal(known.statusCode, 401)
    const gone = await old.app.inject({
      method: 'DELETE',
      url: `${base}/${made.id}`,
      headers: { authorization: `Bearer ${owner.token}` },
    })
    t.equal(gone.statusCode, 204)
    await send(owner, 'DELETE', `${base}/${other.id}`)
  })

  t.test('and it is unknown where nobody registered it', async (t) => {
    const { send, owner, organizationId, spaceId } = await testApp(t)
    const answer = await send(
      owner,
      'POST',
      `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`,
      HELLO,
    )
    t.match(answer, { status: 400, body: { error: 'invalid kind' } })
  })
})
