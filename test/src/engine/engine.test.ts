import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import type { ActionResult } from '../../../src/actions/action.ts'
import type { Actions } from '../../../src/actions/index.ts'
import { createExecutor, createUndertaker } from '../../../src/engine/executor.ts'
import { startDue } from '../../../src/engine/scheduler.ts'
import type { RunJob } from '../../../src/runs/queue.ts'
import { testApp } from '../../support/app.ts'

const MINUTE = 60_000
const MINUTELY = {
  name: 'Minutely',
  kind: 'scheduled',
  config: { cron: '* * * * *', channel: 'general', message: 'It is {{ run.scheduled_for }}' },
}

t.test('the engine', async (t) => {
  const { send, owner, organizationId, spaceId, serviceAccount, db, actions, kinds, cipher, jobsSent } =
    await testApp(t)
  const space = `/api/v1/organizations/${organizationId}/spaces/${spaceId}`
  const base = `${space}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  const queue = {
    send: async (_trx: unknown, jobs: readonly RunJob[]) => void jobsSent.push(...jobs),
  }
  const execute = createExecutor({ db, queue, actions, kinds, cipher, backoff: () => 0 })
  const schedule = (now: number) => startDue({ db, queue, kinds, now: () => now })
  const signal = new AbortController().signal
  const drain = async (handler = execute) => {
    for (let job = jobsSent.shift(); job; job = jobsSent.shift()) await handler({ ...job, signal })
  }
  const runsOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}/runs`)).body.runs
  const get = async (id: string) => (await send(owner, 'GET', `${base}/${id}`)).body.automation
  const planned = async (id: string) => {
    const row = await db.selectFrom('automations').select('next_run_at').where('id', '=', id).executeTakeFirstOrThrow()
    return row.next_run_at?.getTime() ?? null
  }
  t.afterEach(async () => {
    jobsSent.length = 0
    await db.deleteFrom('automations').execute()
    await db.deleteFrom('chat_rooms').execute()
  })

  t.test('a worker that stops hands back what has not begun', async (t) => {
    const { id } = (await send(owner, 'POST', base, { ...MINUTELY, status: 'active' })).body.automation
    await schedule(Date.now() + MINUTE)
    const [job] = jobsSent
    const stopped = createExecutor({ db, queue, actions, kinds, cipher, stopping: AbortSignal.abort() })
    await stopped({ runId: job?.runId ?? '', organizationId, signal })
    t.same(jobsSent, [job, job], 'it is queued anew, for whoever takes it')
    t.match(await runsOf(id), [{ status: 'queued', attempt: 0, started_at: null }])
    await drain()
    t.match(await runsOf(id), [{ status: 'succeeded', attempt: 1 }])
  })

  t.test('AI proposes, a person approves, it runs by itself, and the message is in the room', async (t) => {
    const { id } = (await send(staff, 'POST', base, MINUTELY)).body.automation
    t.equal(await planned(id), null, 'what waits is not planned')
    t.equal(await schedule(Date.now() + 10 * MINUTE), 0)
    await send(owner, 'POST', `${base}/${id}/approve`)
    const due = await planned(id)
    t.ok(due && due > Date.now() && due <= Date.now() + MINUTE)
    t.equal(await schedule((due ?? 0) - 1), 0, 'not before its time')
    t.equal(await schedule(due ?? 0), 1)
    t.equal(await schedule(due ?? 0), 0, 'and once')
    t.equal(await planned(id), (due ?? 0) + MINUTE)
    await drain()
    const time = new Date(due ?? 0).toISOString()
    t.match(await runsOf(id), [
      { trigger: 'schedule', status: 'succeeded', success: true, attempt: 1, scheduled_for: time },
    ])
    const room = (await send(owner, 'GET', `${space}/chat-rooms`)).body.chat_rooms[0]
    const { messages } = (await send(owner, 'GET', `${space}/chat-rooms/${room.id}/messages`)).body
    t.match(messages, [{ content: `It is ${time}`, author_user_id: null, metadata: { automation_id: id } }])
    const after = await get(id)
    t.type(after.last_run_at, 'string')
    t.equal(after.last_error, null)
  })

  t.test('two schedulers over many due automations: no doubles, no misses', async (t) => {
    for (let i = 0; i < 60; i++) await send(owner, 'POST', base, { ...MINUTELY, status: 'active' })
    const now = Date.now() + MINUTE
    await Promise.all([schedule(now), schedule(now), schedule(now)])
    const { count } = await db
      .selectFrom('automation_runs')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .executeTakeFirstOrThrow()
    t.equal(Number(count), 60)
    t.equal(jobsSent.length, 60)
    t.equal(new Set(jobsSent.map((job) => job.runId)).size, 60)
  })

  t.test('overlap: by default the next one is skipped while one is not done', async (t) => {
    const { id } = (await send(owner, 'POST', base, { ...MINUTELY, status: 'active' })).body.automation
    const due = (await planned(id)) ?? 0
    await schedule(due)
    await schedule(due + MINUTE)
    const runs = await runsOf(id)
    t.match(
      runs.map((run: { status: string }) => run.status),
      ['skipped', 'queued'],
    )
    t.match(runs[0].error_message, /overlap: skip/)
  })

  t.test('an outage: one late run by default, none with skip, all with all', async (t) => {
    for (const [missed, expected] of [
      ['one', 1],
      ['skip', 0],
      ['all', 3],
    ] as const) {
      const config = { cron: '0 * * * *', missed, overlap: 'allow' }
      const { id } = (await send(owner, 'POST', base, { ...MINUTELY, config, status: 'active' })).body.automation
      const due = (await planned(id)) ?? 0
      await schedule(due + 150 * MINUTE)
      const runs = await runsOf(id)
      const late = runs.filter((run: { note: string | null }) => run.note?.includes('missed'))
      t.equal(late.length, expected, missed)
      await db.deleteFrom('automations').execute()
    }
  })

  t.test('pausing takes the plan away, resuming makes a new one from now', async (t) => {
    const { id } = (await send(owner, 'POST', base, { ...MINUTELY, status: 'active' })).body.automation
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'paused' })
    t.equal(await planned(id), null)
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })
    t.ok(((await planned(id)) ?? 0) > Date.now())
    await send(owner, 'PATCH', `${base}/${id}`, { config: { every: 'PT6H' } })
    t.ok(((await planned(id)) ?? 0) % (6 * 60 * MINUTE) === 0, 'an edit plans anew at once')
  })

  t.test('what is not exactly what was approved does not run', async (t) => {
    const { id } = (await send(owner, 'POST', base, { ...MINUTELY, status: 'active' })).body.automation
    await send(owner, 'POST', `${base}/${id}/run`)
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'paused' })
    await drain()
    t.match(await runsOf(id), [{ status: 'skipped', error_message: 'the automation is paused' }])
    t.equal((await get(id)).last_run_at, null)
  })

  t.test('a run that fails is tried again, then failed, and pauses when it is told to', async (t) => {
    const config = { ...MINUTELY.config, pause_after_failures: 2 }
    const { id } = (await send(owner, 'POST', base, { ...MINUTELY, config, status: 'active' })).body.automation
    let calls = 0
    const failing: Actions = {
      ...actions,
      run: async (): Promise<ActionResult> => ({ ok: false, error: `no ${++calls}`, retry: 'yes' }),
    }
    const handler = createExecutor({ db, queue, actions: failing, kinds, cipher, backoff: () => 0 })
    for (let round = 1; round <= 2; round++) {
      await send(owner, 'POST', `${base}/${id}/run`)
      await drain(handler)
    }
    t.equal(calls, 10, 'five attempts each')
    t.match(await get(id), { status: 'paused', last_error: 'no 10' })
    const [run] = await runsOf(id)
    t.match(run, { status: 'failed', success: false, attempt: 5, error_message: 'no 10' })
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })
    const again = await send(owner, 'POST', `${base}/${id}/runs/${run.id}/retry`)
    t.equal(again.status, 202)
    t.match(again.body.run, { trigger: 'retry', retry_of_run_id: run.id })
    await drain()
    t.match(await get(id), { last_error: null })
  })

  t.test('a worker that was overtaken writes nothing', async (t) => {
    const { id } = (await send(owner, 'POST', base, { ...MINUTELY, status: 'active' })).body.automation
    let release = (_: ActionResult): void => {}
    const slow: Actions = { ...actions, run: () => new Promise((resolve) => (release = resolve)) }
    await send(owner, 'POST', `${base}/${id}/run`)
    const job = jobsSent.shift()
    if (!job) throw new Error('no job was queued')
    const first = createExecutor({ db, queue, actions: slow, kinds, cipher })({ ...job, signal })
    while ((await runsOf(id))[0].status !== 'running') await wait(5)
    await execute({ ...job, signal })
    release({ ok: false, error: 'late', retry: 'yes' })
    await first
    t.match(await runsOf(id), [{ status: 'succeeded', attempt: 2, error_message: null }])
    t.equal(jobsSent.length, 0)
  })

  t.test('cancel ends a run, whatever it does', async (t) => {
    const { id } = (await send(owner, 'POST', base, { ...MINUTELY, status: 'active' })).body.automation
    const { run } = (await send(owner, 'POST', `${base}/${id}/run`)).body
    t.match((await send(owner, 'POST', `${base}/${id}/runs/${run.id}/cancel`)).body.run, { status: 'cancelled' })
    t.equal((await send(owner, 'POST', `${base}/${id}/runs/${run.id}/cancel`)).body.code, 'run_finished')
    await drain()
    t.match(await runsOf(id), [{ status: 'cancelled', attempt: 0 }])
  })

  t.test('a run whose workers all died is failed', async (t) => {
    const { id } = (await send(owner, 'POST', base, { ...MINUTELY, status: 'active' })).body.automation
    await send(owner, 'POST', `${base}/${id}/run`)
    await drain(createUndertaker({ db, queue, kinds }))
    t.match(await runsOf(id), [{ status: 'failed', error_message: 'every worker that took this run died' }])
    t.match(await get(id), { last_error: 'every worker that took this run died' })
  })

  t.test('only what is active, and of a kind that can, runs', async (t) => {
    const draft = (await send(owner, 'POST', base, MINUTELY)).body.automation
    t.match(await send(owner, 'POST', `${base}/${draft.id}/run`), {
      status: 409,
      body: { error: 'automation must be active to run' },
    })
    const other = { name: 'p', kind: 'reverse_tunnel', status: 'active', config: {} }
    const tunnel = (await send(owner, 'POST', base, other)).body.automation
    t.match(await send(owner, 'POST', `${base}/${tunnel.id}/run`), {
      status: 409,
      body: { error: 'run not implemented for this kind' },
    })
    t.equal((await send(staff, 'POST', `${base}/${draft.id}/run`)).status, 403)
    t.equal((await send(owner, 'POST', `${base}/${organizationId}/run`)).status, 404)
  })

  t.test(
    'a config that is wrong is refused whatever its status, and one that is unfinished where the policy says so',
    async (t) => {
      const unfinished: [object, string][] = [
        [{}, '/config'],
        [{ channel: 'general' }, '/config'],
      ]
      const wrong: [object, string][] = [
        [{ cron: '0 9 * * *', action: {} }, '/config/action/type'],
        [{ cron: '0 9 * * *', action: { type: 'http_request' } }, '/config/action/url'],
        [{ cron: '61 * * * *' }, '/config/cron'],
        [{ cron: '0 0 30 2 *' }, '/config/cron'],
        [{ cron: '* * * * * *' }, '/config/cron'],
        [{ every: 'PT1S' }, '/config/every'],
        [{ cron: '0 9 * * *', timezone: 'Mars/Olympus' }, '/config/timezone'],
        [{ cron: '0 9 * * *', message: '{% if %}' }, '/config/message'],
        [{ cron: '0 9 * * *', action: { type: 'fly' } }, '/config/action/type'],
        [{ cron: '0 9 * * *', action: { type: 'http_request', url: 'http://127.0.0.1/' } }, '/config/action/url'],
        [{ cron: 5 }, '/config/cron'],
      ]
      const save = async (config: object, status: string) =>
        await send(owner, 'POST', base, { ...MINUTELY, config, status })
      const policy = (require_whole_config: boolean) =>
        send(owner, 'PATCH', `/api/v1/organizations/${organizationId}/automation-policy`, { require_whole_config })
      await policy(true)
      for (const [config, path] of [...unfinished, ...wrong]) {
        const { status, body } = await save(config, 'active')
        t.equal(status, 400, JSON.stringify(config))
        t.ok(
          body.details?.some((each: { path: string }) => each.path.startsWith(path)),
          JSON.stringify(body),
        )
      }
      for (const [config] of unfinished) t.equal((await save(config, 'draft')).status, 201, 'a draft may be unfinished')
      await policy(false)
      for (const [config] of wrong)
        for (const status of ['draft', 'active']) t.equal((await save(config, status)).status, 400, 'and never wrong')
    },
  )
})
