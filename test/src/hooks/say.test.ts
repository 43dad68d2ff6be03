import { sql } from 'kysely'
import t from 'tap'
import { createExecutor } from '../../../src/engine/executor.ts'
import { createReceiver } from '../../../src/hooks/receiver.ts'
import { createPace } from '../../../src/runs/pace.ts'
import type { RunJob } from '../../../src/runs/queue.ts'
import { NO_QUEUE, testApp } from '../../support/app.ts'
import { isLocked } from '../../support/locks.ts'
import { until } from '../../support/until.ts'
import { makeHook, SENDERS } from '../../support/webhooks.ts'

const { secret, sign } = SENDERS.standard_webhooks
const MESSAGE = '{{ automation.name }} {{ automation.id }} {{ run | json }} {{ event | json }}'

t.test('a run that only says something begins and ends with its event', async (t) => {
  const test = await testApp(t)
  const { send, owner, organizationId, spaceId, db, app, actions, kinds, cipher } = test
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const jobs: RunJob[] = []
  const queue = {
    send: async (_: unknown, sent: readonly RunJob[]) => void jobs.push(...sent),
    sendWithin: async (
      write: (...args: [typeof NO_QUEUE, ReturnType<typeof createPace>]) => Promise<readonly RunJob[]>,
    ) => void jobs.push(...(await write(NO_QUEUE, createPace()))),
  }
  const receiver = (isWorker: boolean, more = {}) =>
    createReceiver({ db, cipher: app.cipher, actions, kinds, queue, isWorker, ...more })
  const receive = receiver(true)
  const patient = receiver(true, { mostWaitMs: 60_000 })
  const execute = createExecutor({ db, queue, actions, kinds, cipher, backoff: () => 0 })
  const { signal } = new AbortController()
  const drain = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) await execute({ ...job, signal })
  }
  /** A hook, and what came of events at it; the room is there. */
  async function hookOf(config: object = { message: MESSAGE }) {
    const hook = await makeHook(test, { secret, config })
    const hookId = hook.path.split('/').at(-1) ?? ''
    const deliver = async (body = '{"n":1}', headers?: Record<string, string>, by = receive) => {
      const delivery = { headers: headers ?? (await sign(body)), bytes: Buffer.from(body) }
      const answer = await by(hookId, delivery, async () => {})
      if (!('receipt' in answer)) throw new Error('no receipt')
      return answer.receipt
    }
    return {
      ...hook,
      deliver,
      automation: async () => (await send(owner, 'GET', `${base}/${hook.id}`)).body.automation,
      runs: async () => (await send(owner, 'GET', `${base}/${hook.id}/runs`)).body.runs,
      events: async () => (await send(owner, 'GET', `${base}/${hook.id}/events`)).body.events,
    }
  }
  const said = (id: string | null) => db.selectFrom('chat_messages').selectAll().where('id', '=', id).executeTakeFirst()
  /** Holds an automation as whoever ends runs of it does, until it is told to let go; then `change` is there. */
  async function hold(id: string, change: (trx: typeof db) => Promise<unknown> = async () => {}) {
    const isHeld = Promise.withResolvers<void>()
    const letGo = Promise.withResolvers<void>()
    const held = db.transaction().execute(async (trx) => {
      await sql`select from automations where id = ${id} for no key update`.execute(trx)
      await change(trx as unknown as typeof db)
      isHeld.resolve()
      await letGo.promise
    })
    await isHeld.promise
    return async () => {
      letGo.resolve()
      await held
    }
  }
  const isWaitedFor = () => until(() => isLocked(db))
  // Makes the room, which a run at once does not.
  await (await hookOf()).deliver()
  t.equal(jobs.length, 1, 'where the room is missing, a job makes it')
  await drain()
  t.afterEach(() => {
    jobs.length = 0
  })

  t.test('and leaves what the executor leaves', async (t) => {
    const hook = await hookOf()
    const body = '{"id": 12345678901234567890, "text": "\\u0000 \\ud83d\\ude00"}'
    const atOnce = await hook.deliver(body)
    t.equal(jobs.length, 0)
    const queued = await hook.deliver(body, undefined, receiver(false))
    t.equal(jobs.length, 1)
    await drain()
    const masked = (text: string, { event_id, run_id }: { event_id: string; run_id: string | null }, key: string) =>
      text
        .replaceAll(event_id, 'EVENT')
        .replaceAll(run_id ?? '', 'RUN')
        .replaceAll(key, 'KEY')
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        // The message has them too, its quotes escaped.
        .replaceAll(/(webhook-timestamp\\?":\\?")\d+/g, '$1SECONDS')
    const traces = []
    for (const receipt of [atOnce, queued]) {
      const { event_id, run_id } = receipt
      const run = (await hook.runs()).find(({ id }: { id: string }) => id === run_id)
      const event = (await hook.events()).find(({ id }: { id: string }) => id === event_id)
      const row = await db.selectFrom('automation_runs').selectAll().where('id', '=', run_id).executeTakeFirstOrThrow()
      const message = await said(run_id)
      t.ok(run.started_at && run.finished_at && run.started_at <= run.finished_at)
      t.match(message?.content, `"created_at":"${run.created_at}"`)
      t.match(message?.content, `"received_at":"${event.received_at}"`)
      traces.push(masked(JSON.stringify({ run, event, row, message }), receipt, event.event_key))
    }
    t.match(traces[0], /"status":"succeeded"/)
    t.equal(traces[0], traces[1])
  })

  t.test('is noted for its automation, and told to those who follow', async (t) => {
    const hook = await hookOf()
    const failed = { consecutive_failures: 2, last_error: 'no' }
    await db.updateTable('automations').set(failed).where('id', '=', hook.id).execute()
    const before = await hook.automation()
    const { run_id } = await hook.deliver()
    const [run] = await hook.runs()
    t.match(await hook.automation(), { last_run_at: run.started_at, last_error: null, version: before.version })
    const automation = db.selectFrom('automations').select('consecutive_failures').where('id', '=', hook.id)
    t.match(await automation.executeTakeFirst(), { consecutive_failures: 0 })
    const told = db.selectFrom('space_events').select(['type', 'status']).where('run_id', '=', run_id)
    t.match(await told.execute(), [{ type: 'run.created', status: 'succeeded' }])
  })

  t.test('once, however often the event comes', async (t) => {
    const hook = await hookOf()
    const headers = await sign('{"n":1}')
    const receipts = await Promise.all([1, 2, 3].map(() => hook.deliver('{"n":1}', headers)))
    receipts.push(await hook.deliver('{"n":1}', headers))
    t.equal(new Set(receipts.map(({ run_id }) => run_id)).size, 1)
    t.equal(receipts.filter(({ duplicate }) => !duplicate).length, 1)
    t.equal((await hook.runs()).length, 1)
    t.equal((await hook.events()).length, 1)
  })

  t.test('in its turn: many come together, for several hooks', async (t) => {
    const hooks = await Promise.all([hookOf(), hookOf(), hookOf()])
    await Promise.all(Array.from({ length: 60 }, (_, i) => hooks[i % 3]?.deliver()))
    for (const hook of hooks) {
      const runs = await hook.runs()
      t.equal(runs.filter(({ status }: { status: string }) => status === 'succeeded').length, 20)
    }
    t.equal(jobs.length, 0)
  })

  const LEFT = {
    'that asks for the last run': { message: '{{ automation.last_run_at }}' },
    'that asks for it by the way': { message: '{% assign a = automation %}{{ a | json }}' },
    'that asks for it by a name that is made': {
      message: '{% assign x = "last_" | append: "run_at" %}{{ automation[x] }}',
    },
    'that can not be filled in': { message: '{{ "a%b%" | url_decode }}' },
    'that does something else': { action: { type: 'http_request', method: 'POST', url: 'https://example.com' } },
  }
  for (const [what, config] of Object.entries(LEFT))
    t.test(`one ${what} is queued`, async (t) => {
      const hook = await hookOf(config)
      const { run_id } = await hook.deliver()
      t.match(jobs, [{ runId: run_id }])
      t.match(await hook.runs(), [{ id: run_id, status: 'queued', attempt: 0 }])
    })

  t.test('not where its event came before and ran nothing', async (t) => {
    const hook = await hookOf({ message: '{{ event.id }}' })
    await send(owner, 'PATCH', `${base}/${hook.id}`, { status: 'paused' })
    const headers = await sign('{"n":1}')
    const first = await hook.deliver('{"n":1}', headers)
    t.match(first, { run_id: null })
    await send(owner, 'PATCH', `${base}/${hook.id}`, { status: 'active' })
    const { event_id, run_id } = await hook.deliver('{"n":1}', headers)
    t.equal(event_id, first.event_id)
    t.match(jobs, [{ runId: run_id }])
    await drain()
    t.match(await said(run_id), { content: event_id })
  })

  t.test('not where its content is not what its digest says', async (t) => {
    const hook = await hookOf()
    await sql`alter table automation_revisions disable trigger user`.execute(db)
    await sql`update automation_revisions set config = '{"message":"slipped in"}' where automation_id = ${hook.id}`.execute(
      db,
    )
    await sql`alter table automation_revisions enable trigger user`.execute(db)
    const { run_id } = await hook.deliver()
    t.equal(jobs.length, 1)
    await drain()
    t.equal(await said(run_id), undefined)
  })

  t.test('after whoever holds its automation for a moment', async (t) => {
    const [hook, other] = [await hookOf(), await hookOf()]
    const letGo = await hold(hook.id)
    const waiting = hook.deliver('{}', undefined, patient)
    t.match(await other.deliver(), { duplicate: false }, 'and others do not wait for that')
    await isWaitedFor()
    await letGo()
    await waiting
    t.match(await hook.runs(), [{ status: 'succeeded' }])
    t.equal(jobs.length, 0)
  })

  t.test('queued where somebody holds it for longer', async (t) => {
    const hook = await hookOf()
    const letGo = await hold(hook.id)
    const { run_id } = await hook.deliver()
    t.match(jobs, [{ runId: run_id }])
    await letGo()
    await drain()
    t.match(await hook.runs(), [{ status: 'succeeded' }])
  })

  t.test('not where it is paused while it waits for that', async (t) => {
    const hook = await hookOf()
    await hook.deliver()
    const letGo = await hold(hook.id, (trx) =>
      trx.updateTable('automations').set({ status: 'paused' }).where('id', '=', hook.id).execute(),
    )
    const waiting = hook.deliver('{}', undefined, patient)
    await isWaitedFor()
    await letGo()
    t.match(await waiting, { run_id: null })
    t.equal((await hook.runs()).length, 1)
    t.match(await hook.events(), [{ status: 'ignored' }, { status: 'accepted' }])
  })

  t.test('not where its action does not get that far: its event is kept', async (t) => {
    const hook = await hookOf()
    const say = () => {
      throw new Error('it is of another release')
    }
    const broken = createReceiver({
      db,
      cipher: app.cipher,
      actions: { ...actions, say },
      kinds,
      queue,
      isWorker: true,
    })
    const { run_id } = await hook.deliver('{}', undefined, broken)
    t.match(jobs, [{ runId: run_id }])
  })

  t.test('not where its room is held by whoever removes it, and others do not wait for that', async (t) => {
    const [hook, other] = [await hookOf({ channel: 'doomed' }), await hookOf()]
    await hook.deliver()
    await drain()
    const isHeld = Promise.withResolvers<void>()
    const letGo = Promise.withResolvers<void>()
    const removing = db.transaction().execute(async (trx) => {
      await trx.deleteFrom('chat_rooms').where('name', '=', 'doomed').execute()
      isHeld.resolve()
      await letGo.promise
    })
    await isHeld.promise
    let isStored = false
    const stored = Promise.all([hook.deliver(), other.deliver()]).finally(() => {
      isStored = true
    })
    await until(async () => isStored || (await isLocked(db)))
    t.ok(isStored)
    letGo.resolve()
    const [{ run_id }] = await stored
    t.match(jobs, [{ runId: run_id }])
    await removing
    await drain()
    t.match((await hook.runs())[0], { id: run_id, status: 'succeeded' })
  })

  t.test('not in a process that runs nothing', async () => {
    const hook = await hookOf()
    const { run_id } = await hook.deliver('{}', undefined, receiver(false))
    t.match(jobs, [{ runId: run_id }])
  })

  // The last, because all templates of its organization are left to the other process for a while then.
  t.test('not where its template takes long', async (t) => {
    const hook = await hookOf({ message: '{% for i in (1..4000) %}{% for j in (1..4000) %}{% endfor %}{% endfor %}' })
    const { run_id } = await hook.deliver()
    t.match(jobs, [{ runId: run_id }])
  })
})
