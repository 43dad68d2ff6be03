import { sql } from 'kysely'
import t from 'tap'
import { expireProposals } from '../../../src/automations/expiry.ts'
import { createExecutor } from '../../../src/engine/executor.ts'
import { startDue, startScheduler } from '../../../src/engine/scheduler.ts'
import { KINDS } from '../../../src/kinds/index.ts'
import type { RunJob } from '../../../src/runs/queue.ts'
import { testApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { makeHook, SENDERS } from '../../support/webhooks.ts'

const MINUTE = 60_000
const MINUTELY = { name: 'n', kind: 'scheduled', config: { cron: '* * * * *', message: 'hi' } }
/** As another release may have stored it, or a hand. */
const BROKEN = [
  { cron: '61 * * * *' },
  { cron: 5 },
  { cron: '* * * * *', jitter_seconds: {} },
  { cron: '* * * * *', catchup_window_seconds: 'long' },
  { every: ['hour'] },
  { at: 'tomorrow' },
]

t.test('what one automation has stored and nobody can read harms no other', async (t) => {
  const warnings: typeof KINDS.warnings = (kind, config, actions) => {
    if (config.odd) throw new Error('an odd config')
    return KINDS.warnings(kind, config, actions)
  }
  const on = await testApp(t, {}, { kinds: { ...KINDS, warnings } })
  const { send, owner, organizationId, spaceId, serviceAccount, db, app, actions, kinds, cipher, jobsSent } = on
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  const queue = { send: async (_: unknown, jobs: readonly RunJob[]) => void jobsSent.push(...jobs) }
  const { signal } = new AbortController()
  const schedule = (now: number) => startDue({ db, queue, kinds, now: () => now })
  const create = async (status = 'active', by = owner) =>
    (await send(by, 'POST', base, { ...MINUTELY, status })).body.automation.id as string
  /** Not held against the contract, which a config that is not as documented breaks. */
  const ask = async (path: string, method: 'GET' | 'PATCH' = 'GET', payload?: object) => {
    const headers = { authorization: `Bearer ${owner.token}` }
    const { statusCode, body } = await app.inject({ method, url: path, headers, ...(payload && { payload }) })
    return { status: statusCode, body: JSON.parse(body) }
  }
  const get = async (id: string) => (await ask(`${base}/${id}`)).body.automation
  const store = async (id: string, config: object) =>
    db.transaction().execute(async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx)
      await sql`update automation_revisions set config = ${JSON.stringify(config)}::json where automation_id = ${id}`.execute(
        trx,
      )
    })
  t.afterEach(async () => {
    jobsSent.length = 0
    await db.deleteFrom('automations').execute()
  })

  t.test('others start on time, it is put off and says why, and goes on once it can be read', async (t) => {
    const ids: string[] = []
    for (const config of BROKEN) {
      const id = await create()
      await store(id, config)
      ids.push(id)
    }
    const sound = await create()
    const due = new Date(Math.floor(Date.now() / MINUTE) * MINUTE)
    await db.updateTable('automations').set({ next_run_at: due, next_planned_at: due }).execute()
    const now = due.getTime() + 1
    t.equal(await schedule(now), BROKEN.length + 1)
    t.equal(await schedule(now), 0)
    t.match(await get(sound), { last_error: null })
    t.equal(jobsSent.length, 1)
    for (const id of ids) {
      const { status, last_error, next_run_at } = await get(id)
      t.match({ status, last_error }, { status: 'active', last_error: /^what is stored of it can't be read: \S/ })
      t.equal(Date.parse(next_run_at), now + 60 * MINUTE)
    }
    const [first = ''] = ids
    await store(first, MINUTELY.config)
    await schedule(now + 60 * MINUTE)
    t.match((await send(owner, 'GET', `${base}/${first}/runs`)).body.runs, [{ status: 'queued' }])
  })

  t.test('a run of it fails at once, and those that begin with it run', async (t) => {
    const [broken, sound] = [await create(), await create()]
    const effect = (config: object) => {
      if ('broken' in config) throw new TypeError('no effect')
      return { type: 'message', channel: 'general', text: 'hi' }
    }
    const scheduled = { ...kinds.get('scheduled'), effect }
    const begun: string[] = []
    const handler = createExecutor({
      db,
      queue,
      actions: {
        ...actions,
        async run(_, { automationId }) {
          begun.push(automationId)
          return { ok: true, output: {} }
        },
      },
      kinds: { ...kinds, get: () => scheduled, find: () => scheduled },
      cipher,
    })
    for (const id of [broken, sound]) await send(owner, 'POST', `${base}/${id}/run`)
    await send(owner, 'PATCH', `${base}/${broken}`, { config: { ...MINUTELY.config, broken: true } })
    await Promise.all(jobsSent.splice(0).map((job) => handler({ ...job, signal })))
    t.same(begun, [sound])
    const error = "what is stored of it can't be read: no effect"
    t.match((await send(owner, 'GET', `${base}/${broken}/runs`)).body.runs, [
      { status: 'failed', error_message: error },
    ])
    t.match(await get(broken), { last_error: error })
  })

  t.test('it is listed, previewed, reviewed, renamed, paused and mended like any other', async (t) => {
    const [proposed, broken] = [await create('pending_approval', staff), await create()]
    for (const id of [proposed, broken]) await store(id, { cron: 5, message: 7, action: 'x' })
    for (const path of ['', `/${broken}`, `/${broken}/preview`, `/${broken}/revisions`, `/${proposed}/preview`])
      t.equal((await ask(`${base}${path}`)).status, 200, path)
    t.match((await ask(`${organization}/reviews`)).body.reviews, [{ automation_id: proposed }])
    t.equal((await ask(`${base}/${broken}`, 'PATCH', { name: 'renamed' })).status, 400, 'it says what is wrong')
    t.equal((await ask(`${base}/${broken}`, 'PATCH', { status: 'paused' })).status, 200)
    const mended = { status: 'active', config: MINUTELY.config }
    t.equal((await ask(`${base}/${broken}`, 'PATCH', mended)).status, 200)
  })

  t.test('a proposal of which nobody knows what it does is reviewed beside the others', async (t) => {
    const [sound, broken] = [await create('pending_approval', staff), await create('pending_approval', staff)]
    await store(broken, { ...MINUTELY.config, odd: true })
    const { reviews } = (await ask(`${organization}/reviews`)).body
    t.match(reviews, [
      { automation_id: sound, warnings: [] },
      { automation_id: broken, warnings: ["what is stored of it can't be read: an odd config"] },
    ])
  })

  t.test('a proposal that can’t expire keeps no other from it, and is told of', async (t) => {
    const [sound, broken] = [await create('pending_approval', staff), await create('pending_approval', staff)]
    await sql`update automations set updated_at = now() - interval '31 days'`.execute(db)
    await db.updateTable('automations').set({ kind: 'webhook' }).where('id', '=', broken).execute()
    const find: typeof kinds.find = (name) => {
      if (name === 'webhook') throw new Error('an odd kind')
      return kinds.find(name)
    }
    await t.rejects(expireProposals(db, { ...kinds, find }, 10), { message: 'an odd kind' })
    const { rows } = await sql`select status from automations order by id = ${sound}`.execute(db)
    t.same(rows, [{ status: 'pending_approval' }, { status: 'rejected' }])
  })

  t.test('a hook whose secret no key opens is not there for now, and others are', async (t) => {
    const { secret, sign } = SENDERS.standard_webhooks
    const [broken, sound] = [await makeHook(on, { secret }), await makeHook(on, { secret })]
    await sql`update automation_secrets set ciphertext = 'gone.a.b.c' where automation_id = ${broken.id}`.execute(db)
    const answers = await Promise.all(
      [broken, sound].map(async (hook) => {
        const { trigger } = await get(hook.id)
        const url = new URL(trigger.url).pathname
        const headers = { 'content-type': 'application/json', ...(await sign('{}')) }
        return app.inject({ method: 'POST', url, payload: '{}', headers })
      }),
    )
    t.match(answers, [{ statusCode: 503, headers: { 'retry-after': '60' } }, { statusCode: 202 }])
    t.match(on.log.at(-1), /no key/, 'the operator hears why')
  })

  t.test(
    'what is due and held by somebody else is looked for ever more seldom, and starts once it is free',
    async (t) => {
      const [held, other] = [await create(), await create()]
      const next_planned_at = new Date(Math.floor(Date.now() / MINUTE) * MINUTE)
      const due = async (id: string, inMs: number) =>
        db
          .updateTable('automations')
          .set({ next_run_at: new Date(Date.now() + inMs), next_planned_at })
          .where('id', '=', id)
          .execute()
      await due(held, -1000)
      await due(other, 500)
      const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const holder = db.transaction().execute(async (trx) => {
        await sql`select from automations where id = ${held} for update`.execute(trx)
        locked.resolve()
        await released.promise
      })
      await locked.promise
      let looks = 0
      const counted = {
        ...kinds,
        get names() {
          looks++
          return kinds.names
        },
      }
      const scheduler = startScheduler({
        db,
        queue,
        kinds: counted,
        now: Date.now,
        onError: (error) => t.fail(String(error)),
      })
      t.teardown(scheduler.stop)
      // Its job is sent before its transaction is done.
      const runs = await until(async () => {
        const { body } = await send(owner, 'GET', `${base}/${other}/runs`)
        return body.runs.length > 0 && body.runs
      })
      t.match(runs, [{ status: 'queued' }])
      t.equal(jobsSent.length, 1)
      t.ok(looks < 50, `${looks} looks in half a second`)
      released.resolve()
      await holder
      await until(async () => jobsSent.length === 2)
    },
  )
})
