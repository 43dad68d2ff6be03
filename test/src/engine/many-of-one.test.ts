import { sql } from 'kysely'
import t from 'tap'
import type { ActionResult } from '../../../src/actions/action.ts'
import { createExecutor, createUndertaker } from '../../../src/engine/executor.ts'
import { startDue } from '../../../src/engine/scheduler.ts'
import type { RunJob } from '../../../src/runs/queue.ts'
import { passForgottenTurns } from '../../../src/runs/turns.ts'
import { testApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'

const HOUR = 3_600_000
const FAILS: ActionResult = { ok: false, error: 'no', retry: 'no' }
const SUCCEEDS: ActionResult = { ok: true, output: {} }

t.test('many runs of one automation', async (t) => {
  const { send, owner, organizationId, spaceId, db, actions, kinds, cipher, jobsSent } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const queue = { send: async (_: unknown, jobs: readonly RunJob[]) => void jobsSent.push(...jobs) }
  const { signal } = new AbortController()
  const executor = (run = actions.run) =>
    createExecutor({ db, queue, actions: { ...actions, run }, kinds, cipher, backoff: () => 0 })
  const execute = executor()
  const create = async (config: object) => {
    const body = {
      name: 'n',
      kind: 'scheduled',
      status: 'active',
      config: { cron: '0 * * * *', message: 'hi', ...config },
    }
    return (await send(owner, 'POST', base, body)).body.automation.id as string
  }
  const start = async (id: string): Promise<string> => (await send(owner, 'POST', `${base}/${id}/run`)).body.run.id
  const automationOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}`)).body.automation
  const failuresOf = async (id: string) =>
    (await db.selectFrom('automations').select('consecutive_failures').where('id', '=', id).executeTakeFirstOrThrow())
      .consecutive_failures
  const runsOf = (id: string) =>
    db
      .selectFrom('automation_runs')
      .select(['id', 'status', 'scheduled_for', 'error_message', 'started_at', 'finished_at'])
      .where('automation_id', '=', id)
      .orderBy('scheduled_for')
      .execute()
  const statuses = async (id: string) => (await runsOf(id)).map(({ status }) => status)
  /** Makes it due so many hours ago, as if no worker had been there since. */
  const overdue = async (id: string, hours: number) => {
    const due = new Date(Math.floor(Date.now() / HOUR) * HOUR - hours * HOUR)
    await db.updateTable('automations').set({ next_run_at: due, next_planned_at: due }).where('id', '=', id).execute()
    return due.getTime()
  }
  const take = async (handler = execute) => {
    const job = jobsSent.shift()
    if (job === undefined) throw new Error('no job was queued')
    await handler({ ...job, signal })
  }
  /** Half past: nothing is on time. */
  const late = () => Math.floor(Date.now() / HOUR) * HOUR + HOUR / 2
  const schedule = (now: number) => startDue({ db, queue, kinds, now: () => now })
  t.afterEach(async () => {
    jobsSent.length = 0
    await db.deleteFrom('automations').execute()
  })

  /** Runs that are all under way, and end when they are told to. */
  async function underWay(id: string, count: number) {
    const gates = new Map<string, (result: ActionResult) => void>()
    const handler = executor((_, { runId, attempt }) => new Promise((end) => gates.set(`${runId} ${attempt}`, end)))
    const runs: string[] = []
    while (runs.length < count) runs.push(await start(id))
    jobsSent.length = 0
    const ended = runs.map((runId) => handler({ runId, organizationId, signal }))
    await until(async () => gates.size === count)
    return { runs, gates, handler, ended }
  }

  t.test('that end at once share a transaction, and count in the order in which they ended', async (t) => {
    const id = await create({ pause_after_failures: 3 })
    const results = [FAILS, FAILS, SUCCEEDS, FAILS, FAILS, { ...FAILS, error: 'the third' }, FAILS, SUCCEEDS]
    const { runs, gates, ended } = await underWay(id, results.length)
    for (const [i, result] of results.entries()) gates.get(`${runs[i]} 1`)?.(result)
    await Promise.all(ended)
    t.match(await automationOf(id), { status: 'paused', last_error: null })
    t.equal(await failuresOf(id), 0, 'the last one succeeded')
    const { entries } = (await send(owner, 'GET', `${organization}/audit-log?action=automation.paused_after_failures`))
      .body
    t.match(entries, [{ details: { failures: 3 } }])
    const { rows } = await sql<{ count: number }>`
      select count(distinct xmin::text)::integer as count from automation_runs where automation_id = ${id}`.execute(db)
    t.match(rows, [{ count: 1 }])
  })

  t.test('that fail one after another leave the error of the last, and pause nothing too soon', async (t) => {
    const id = await create({ pause_after_failures: 5 })
    const { runs, gates, ended } = await underWay(id, 4)
    for (const [i, run] of runs.entries()) gates.get(`${run} 1`)?.({ ...FAILS, error: `number ${i}` })
    await Promise.all(ended)
    t.match(await automationOf(id), { status: 'active', last_error: 'number 3' })
    t.equal(await failuresOf(id), 4)
  })

  t.test('of which one was taken over count once, also where both attempts end at once', async (t) => {
    const id = await create({})
    const { runs, gates, handler, ended } = await underWay(id, 1)
    const [runId = ''] = runs
    ended.push(handler({ runId, organizationId, signal }))
    await until(async () => gates.size === 2)
    gates.get(`${runId} 1`)?.(FAILS)
    gates.get(`${runId} 2`)?.({ ...FAILS, error: 'of the second' })
    await Promise.all(ended)
    t.match(await automationOf(id), { last_error: 'of the second' })
    t.equal(await failuresOf(id), 1)
  })

  t.test('that were missed all run, one after the other and in order, whatever may overlap otherwise', async (t) => {
    for (const overlap of ['skip', 'buffer_one', 'cancel_other']) {
      const id = await create({ missed: 'all', overlap })
      await overdue(id, 5)
      t.equal(await schedule(late()), 1)
      t.same(await statuses(id), Array(6).fill('queued'), overlap)
      for (let n = 0; n < 6; n++) {
        t.equal(jobsSent.length, 1, 'one has its turn')
        t.equal(jobsSent[0]?.runId, (await runsOf(id))[n]?.id)
        await take()
      }
      t.same(await statuses(id), Array(6).fill('succeeded'), overlap)
      t.equal(jobsSent.length, 0)
    }
    const id = await create({ missed: 'all', overlap: 'allow' })
    await overdue(id, 5)
    await schedule(late())
    t.equal(jobsSent.length, 6, 'what may overlap begins at once')
  })

  t.test('wait behind one that was under way already, and the latest hundred do', async (t) => {
    const id = await create({ missed: 'all', catchup_window_seconds: 31_536_000 })
    const run = await start(id)
    await overdue(id, 150)
    await schedule(late())
    const rows = await runsOf(id)
    t.equal(rows.filter(({ status }) => status === 'queued').length, 101)
    t.same(
      jobsSent.map(({ runId }) => runId),
      [run],
    )
    await take()
    t.same(
      jobsSent.map(({ runId }) => runId),
      [rows[0]?.id],
    )
  })

  t.test('of which one was missed run that one, and do not skip it for an older one', async (t) => {
    const id = await create({})
    await start(id)
    await overdue(id, 5)
    await schedule(late())
    t.same(await statuses(id), ['queued', 'queued'])
    await take()
    await take()
    t.same(await statuses(id), ['succeeded', 'succeeded'])
  })

  for (const [overlap, expected] of [
    ['skip', ['queued', 'queued', 'queued', 'skipped']],
    ['buffer_one', ['queued', 'queued', 'queued', 'skipped']],
    ['cancel_other', ['cancelled', 'cancelled', 'cancelled', 'queued']],
    ['allow', ['queued', 'queued', 'queued', 'queued']],
  ] as const)
    t.test(`what is on time while they wait follows overlap: ${overlap}`, async (t) => {
      const id = await create({ missed: 'all', overlap })
      const due = await overdue(id, 2)
      await schedule(late())
      await schedule(due + 3 * HOUR)
      t.same(await statuses(id), expected)
    })

  t.test('buffer_one lets one wait without a look in between, until the one before it has ended', async (t) => {
    const id = await create({ overlap: 'buffer_one' })
    const { runs, gates, ended } = await underWay(id, 1)
    const due = await overdue(id, 0)
    for (const hour of [0, 1]) await schedule(due + hour * HOUR)
    t.same((await statuses(id)).toSorted(), ['queued', 'running', 'skipped'])
    t.equal(jobsSent.length, 0)
    gates.get(`${runs[0]} 1`)?.(SUCCEEDS)
    await Promise.all(ended)
    t.equal(jobsSent.length, 1)
  })

  t.test('go on in turn however the one before ends', async (t) => {
    const id = await create({ missed: 'all' })
    await overdue(id, 5)
    await schedule(late())
    const [first, second, third] = await runsOf(id)
    t.equal((await send(owner, 'POST', `${base}/${id}/runs/${first?.id}/cancel`)).status, 200)
    await take()
    t.same(
      jobsSent.map(({ runId }) => runId),
      [second?.id],
      'the job of a cancelled one does nothing',
    )
    await take(createUndertaker({ db, queue, kinds }))
    t.same(
      jobsSent.map(({ runId }) => runId),
      [third?.id],
    )
    await take(executor(async () => FAILS))
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'paused' })
    while (jobsSent.length > 0) await take()
    t.same(await statuses(id), ['cancelled', 'failed', 'failed', 'skipped', 'skipped', 'skipped'])
  })

  t.test('are made up for when a pause ends', async (t) => {
    const id = await create({ missed: 'all' })
    await overdue(id, 4)
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'paused' })
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })
    await schedule(late())
    while (jobsSent.length > 0) await take()
    t.same(await statuses(id), Array(5).fill('succeeded'))
  })

  t.test('get their turn also where whoever ended the one before knew nothing of it', async (t) => {
    const id = await create({ missed: 'all' })
    await overdue(id, 2)
    await schedule(late())
    const [first, second] = await runsOf(id)
    await db
      .updateTable('automation_runs')
      .set({ status: 'succeeded', finished_at: new Date() })
      .where('id', '=', first?.id ?? '')
      .execute()
    jobsSent.length = 0
    for (let times = 0; times < 2; times++) await db.transaction().execute((trx) => passForgottenTurns(trx, queue))
    t.same(
      jobsSent.map(({ runId }) => runId),
      [second?.id],
    )
  })
})
