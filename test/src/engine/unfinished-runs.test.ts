import type { RequestListener, ServerResponse } from 'node:http'
import t from 'tap'
import type { ActionContext, ActionResult } from '../../../src/actions/action.ts'
import { createEgress } from '../../../src/egress/guard.ts'
import { createExecutor, createUndertaker } from '../../../src/engine/executor.ts'
import { startDue } from '../../../src/engine/scheduler.ts'
import type { RunJob } from '../../../src/runs/queue.ts'
import { actionsBy } from '../../support/actions.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'
import { until } from '../../support/until.ts'

const IN_DOUBT = /^nobody knows whether it happened/

t.test('runs that began, and have no end yet', async (t) => {
  const { send, owner, organizationId, spaceId, db, kinds, cipher, jobsSent } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  let answer: RequestListener
  const held: ServerResponse[] = []
  const hold: RequestListener = (_, response) => void held.push(response)
  const always = (status: number) => (_: unknown, response: ServerResponse) =>
    void response.writeHead(status).end(`${status}`)
  const { port, received } = await startReceiver(t, (request, response) => answer(request, response))
  // By a name, for what the app itself may reach is nothing private.
  const [authority, nobody] = [`receiver.test:${port}`, 'receiver.test:1']
  const egress = createEgress({ allow: [authority, nobody], lookup: async () => [{ address: '127.0.0.1' }] })
  const actions = actionsBy(t, { db, cipher }, egress)
  const queue = {
    send: async (_: unknown, jobs: readonly RunJob[]) => void jobsSent.push(...jobs),
  }
  const { signal } = new AbortController()
  const executor = (run = actions.run) =>
    createExecutor({ db, queue, actions: { ...actions, run }, kinds, cipher, backoff: () => 0 })
  const execute = executor()
  const bury = createUndertaker({ db, queue, kinds })
  const take = (handler = execute) => {
    const job = jobsSent.shift()
    if (job === undefined) throw new Error('no job was queued')
    return handler({ ...job, signal })
  }
  const drain = async (handler = execute) => {
    while (jobsSent.length > 0) await take(handler)
  }
  const create = async (action: object = {}, config: object = {}): Promise<string> => {
    const request = { type: 'http_request', url: `http://${authority}/`, body: { n: '{{ run.attempt }}' }, ...action }
    const body = { name: 'Calls', kind: 'scheduled', status: 'active' }
    const all = { every: 'P1D', action: request, ...config }
    return (await send(owner, 'POST', base, { ...body, config: all })).body.automation.id
  }
  const ask = (action: object = {}, config: object = {}) => create({ repeat: 'ask', ...action }, config)
  const start = async (id: string): Promise<string> => (await send(owner, 'POST', `${base}/${id}/run`)).body.run.id
  const set = (id: string, status: string) => send(owner, 'PATCH', `${base}/${id}`, { status })
  const automationOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}`)).body.automation
  const runOf = async (id: string, run: string) => (await send(owner, 'GET', `${base}/${id}/runs/${run}`)).body.run
  const later = async (time: string) => until(async () => new Date().toISOString() > time)
  t.afterEach(async () => {
    for (const list of [jobsSent, received, held]) list.length = 0
    await db.deleteFrom('automations').execute()
  })

  for (const [status, reason] of [
    ['paused', 'the automation is paused'],
    ['draft', 'the automation is draft'],
    ['pending_approval', 'the automation is pending_approval'],
  ] as const)
    t.test(`one that failed once is failed, not skipped, where ${reason} when it would go on`, async (t) => {
      answer = always(500)
      const id = await create()
      const run = await start(id)
      await take()
      const before = await runOf(id, run)
      t.match(before, { status: 'queued', attempt: 1, output: { status: 500, body: '500' }, finished_at: null })
      t.match(await automationOf(id), { last_run_at: null, last_error: null })
      t.equal((await set(id, status)).status, 200)
      await take()
      const error = `not tried again: ${reason}; before: ${authority} answered 500`
      const { output, started_at } = before
      const after = await runOf(id, run)
      t.match(after, { status: 'failed', success: false, attempt: 1, error_message: error, output, started_at })
      t.type(after.finished_at, 'string')
      t.match(await automationOf(id), { status, last_error: error, last_run_at: started_at })
      t.same([received.length, jobsSent.length], [1, 0], 'and nothing more was sent, or will be')
    })

  t.test('one that never began is skipped, and its automation hears nothing of it', async (t) => {
    const id = await create()
    const run = await start(id)
    await set(id, 'paused')
    await take()
    t.match(await runOf(id, run), { status: 'skipped', attempt: 0, started_at: null, output: null, success: null })
    t.match(await automationOf(id), { last_run_at: null, last_error: null })
    t.equal(received.length, 0)
  })

  t.test('the time of the last run does not go back, however an older one ends after a newer one', async (t) => {
    for (const end of ['answered', 'stopped', 'buried']) {
      answer = end === 'answered' ? hold : always(500)
      const id = await create()
      const older = await start(id)
      const first = take()
      if (end === 'answered') await until(async () => held.length === 1)
      else await first
      const { started_at: began } = await runOf(id, older)
      await later(began)
      answer = always(200)
      const newer = await start(id)
      await execute({ runId: newer, organizationId, signal })
      const { started_at: latest, status } = await runOf(id, newer)
      t.equal(status, 'succeeded')
      t.ok(latest > began)
      t.match(await automationOf(id), { last_run_at: latest, last_error: null })
      if (end === 'answered') held.shift()?.writeHead(400).end()
      if (end === 'answered') await first
      if (end === 'stopped') await set(id, 'paused')
      if (end !== 'answered') await take(end === 'buried' ? bury : execute)
      const { status: last, error_message } = await runOf(id, older)
      t.equal(last, 'failed', end)
      t.match(await automationOf(id), { last_run_at: latest, last_error: error_message }, end)
      jobsSent.length = 0
    }
  })

  t.test('an error of our own leaves in doubt what was on its way, and is tried again before', async (t) => {
    const sent = { request: { url: 'https://example.com/' } }
    const failing = async (_: unknown, { attempt, sending }: ActionContext): Promise<ActionResult> => {
      if (attempt === 2) await sending(sent)
      throw new Error(`no ${attempt}`)
    }
    const id = await ask()
    const run = await start(id)
    await take(executor(failing))
    t.match(await runOf(id, run), { status: 'queued', attempt: 1, error_message: 'no 1', sent_at: null, output: null })
    await take(executor(failing))
    const ended = await runOf(id, run)
    t.match(ended, { status: 'unknown', success: null, attempt: 2, error_message: 'no 2', output: sent })
    t.type(ended.sent_at, 'string')
    t.match(await automationOf(id), { last_run_at: ended.started_at, last_error: 'no 2' })
    t.equal(jobsSent.length, 0)
  })

  t.test('an attempt that was overtaken or cancelled sends nothing', async (t) => {
    for (const how of ['overtaken', 'overtaken and ended', 'cancelled']) {
      answer = how === 'overtaken' ? hold : always(200)
      const [{ promise: gate, resolve: open }, refused] = [Promise.withResolvers<void>(), [] as unknown[]]
      const slow: typeof actions.run = async (config, context) => {
        await gate
        const sending: ActionContext['sending'] = (sent) =>
          context.sending(sent).catch((error: unknown) => {
            refused.push(error)
            throw error
          })
        return actions.run(config, { ...context, sending })
      }
      const id = await ask()
      const run = await start(id)
      const first = executor(slow)({ runId: run, organizationId, signal })
      await until(async () => (await runOf(id, run)).status === 'running')
      const second = how === 'cancelled' ? undefined : execute({ runId: run, organizationId, signal })
      if (how === 'cancelled') t.equal((await send(owner, 'POST', `${base}/${id}/runs/${run}/cancel`)).status, 200)
      else await until(async () => received.length === 1)
      if (how === 'overtaken and ended') await second
      const before = await runOf(id, run)
      open()
      await first
      t.match(refused, [{ message: /another worker has taken this run over|cancelled/ }], how)
      t.match(await runOf(id, run), before, 'and changes nothing')
      held.shift()?.end()
      await second
      const [status, attempt] = how === 'cancelled' ? ['cancelled', 1] : ['succeeded', 2]
      t.match(await runOf(id, run), { status, attempt }, how)
      t.equal(received.length, how === 'cancelled' ? 0 : 1)
      for (const list of [received, jobsSent]) list.length = 0
    }
  })

  t.test('the next attempt at what was sent ends it in doubt, whatever its first worker hears later', async (t) => {
    answer = hold
    const id = await ask()
    const run = await start(id)
    const first = execute({ runId: run, organizationId, signal })
    await until(async () => held.length === 1)
    const running = await runOf(id, run)
    const request = { type: 'http_request', url: `http://${authority}/`, body: { n: '1' }, repeat: 'ask' }
    t.match(running, { status: 'running', attempt: 1, output: { request } })
    t.type(running.sent_at, 'string')
    await take(executor())
    const ended = await runOf(id, run)
    const { sent_at, output, started_at } = running
    const doubt = { status: 'unknown', success: null, attempt: 1, error_message: IN_DOUBT, sent_at, output, started_at }
    t.match(ended, doubt)
    held.shift()?.end('late')
    await first
    t.same(await runOf(id, run), ended)
    t.match(await automationOf(id), { last_run_at: started_at, last_error: IN_DOUBT })
    t.same([received.length, jobsSent.length], [1, 0])
  })

  t.test('a run that replaces others leaves alone what has sent', async (t) => {
    for (const repeat of ['ask', 'safe']) {
      answer = hold
      const id = await create({ repeat }, { overlap: 'cancel_other' })
      const run = await start(id)
      const first = take()
      await until(async () => held.length === 1)
      const now = Date.now() + 2 * 86_400_000
      t.equal(await startDue({ db, queue, kinds, now: () => now }), 1)
      const [status, end] = repeat === 'ask' ? ['running', 'succeeded'] : ['cancelled', 'cancelled']
      t.match(await runOf(id, run), { status }, repeat)
      answer = always(200)
      await take()
      held.shift()?.end()
      await first
      t.match(await runOf(id, run), { status: end }, repeat)
      const { runs } = (await send(owner, 'GET', `${base}/${id}/runs`)).body
      t.match(runs, [{ trigger: 'schedule', status: 'succeeded' }, { status: end }])
      await db.deleteFrom('automations').execute()
    }
  })

  t.test('where every worker died, what was sent is in doubt, and what was not has failed', async (t) => {
    answer = hold
    for (const [repeat, status] of [
      ['ask', 'unknown'],
      ['safe', 'failed'],
    ] as const) {
      const id = await create({ repeat })
      const run = await start(id)
      const first = execute({ runId: run, organizationId, signal })
      await until(async () => held.length === 1)
      const { started_at, sent_at, output } = await runOf(id, run)
      await take(bury)
      const error_message = 'every worker that took this run died'
      const ended = await runOf(id, run)
      t.match(ended, { status, sent_at, output, error_message }, repeat)
      t.match(await automationOf(id), { last_run_at: started_at, last_error: error_message })
      held.shift()?.end()
      await first
      t.same(await runOf(id, run), ended, 'an answer comes too late')
    }
  })

  t.test('failures that nobody saw happen count when it is paused after so many', async (t) => {
    answer = hold
    for (const [what, find] of [
      ['in doubt', execute],
      ['every worker died', bury],
    ] as const) {
      const id = await ask({}, { pause_after_failures: 1 })
      const run = await start(id)
      const first = execute({ runId: run, organizationId, signal })
      await until(async () => held.length === 1)
      await take(find)
      t.match(await automationOf(id), { status: 'paused', next_run_at: null }, what)
      t.match(await runOf(id, run), { status: 'unknown' })
      held.shift()?.end()
      await first
    }
  })

  t.test('what was sent and must not be repeated ends by what is certain of it', async (t) => {
    const cut: RequestListener = ({ socket }) => void socket.destroy()
    const half: RequestListener = (_, { socket }) =>
      void socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf')
    const cases: [string, RequestListener, { status: string; sent: number; error: string | RegExp | null }][] = [
      ['2xx', always(204), { status: 'succeeded', sent: 1, error: null }],
      ['3xx', always(302), { status: 'failed', sent: 1, error: / answered 302: redirects / }],
      ['4xx', always(422), { status: 'failed', sent: 1, error: / answered 422$/ }],
      ['500', always(500), { status: 'unknown', sent: 1, error: / answered 500$/ }],
      ['503', always(503), { status: 'unknown', sent: 1, error: / answered 503$/ }],
      ['no answer', hold, { status: 'unknown', sent: 1, error: / took too long to answer$/ }],
      ['a broken connection', cut, { status: 'unknown', sent: 1, error: / broke off without a whole answer/ }],
      ['half an answer', half, { status: 'unknown', sent: 1, error: / broke off without a whole answer/ }],
      ['429 each time', always(429), { status: 'failed', sent: 5, error: / answered 429$/ }],
    ]
    for (const [name, answering, { status, sent, error }] of cases) {
      answer = answering
      const id = await ask({ timeout_seconds: 1 })
      const run = await start(id)
      await drain()
      const ended = await runOf(id, run)
      t.match(ended, { status, attempt: sent, error_message: error, output: Object }, name)
      if (sent > 1) t.equal(ended.sent_at, null, `${name}: it certainly did nothing`)
      else t.type(ended.sent_at, 'string', name)
      t.equal(received.length, sent, `${name}: sent ${sent} times`)
      t.match(await automationOf(id), { last_error: error, last_run_at: ended.started_at }, name)
      received.length = 0
    }
  })

  t.test('what has certainly not arrived is tried again, as if it had never been sent', async (t) => {
    answer = always(429)
    for (const [url, error] of [
      [`http://${authority}/`, / answered 429$/],
      [`http://{% if run.attempt == 1 %}${nobody}{% else %}${authority}{% endif %}/`, / \(ECONNREFUSED\)$/],
    ] as const) {
      const id = await ask({ url })
      const run = await start(id)
      await take()
      const failed = { status: 'queued', attempt: 1, sent_at: null, finished_at: null, error_message: error }
      t.match(await runOf(id, run), failed)
      answer = always(200)
      await take()
      const ended = await runOf(id, run)
      t.match(ended, { status: 'succeeded', attempt: 2, error_message: null, output: { status: 200 } })
      t.type(ended.sent_at, 'string')
    }
    t.equal(received.length, 3)
  })

  t.test('workers that find many of one automation in doubt at once do not stand in one another’s way', async (t) => {
    const id = await ask()
    const runs: string[] = []
    for (let i = 0; i < 20; i++) runs.push(await start(id))
    await db
      .updateTable('automation_runs')
      .set({ status: 'running', attempt: 1, started_at: new Date(), sent_at: new Date() })
      .execute()
    const workers = [executor(), executor(), executor(), executor()]
    await Promise.all(runs.map((runId, i) => workers[i % 4]?.({ runId, organizationId, signal })))
    for (const run of runs) t.match(await runOf(id, run), { status: 'unknown', error_message: IN_DOUBT })
  })
})
