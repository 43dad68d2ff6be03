import t from 'tap'
import { startDue } from '../../../src/engine/scheduler.ts'
import { testApp } from '../../support/app.ts'

t.test('the plan of an automation', async (t) => {
  const test = await testApp(t)
  const { send, owner, organizationId, spaceId, serviceAccount, db, kinds, jobsSent } = test
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  const queue = {
    send: async (_trx: unknown, jobs: readonly (typeof jobsSent)[number][]) => void jobsSent.push(...jobs),
  }
  // Half an hour off, so that no test begins in the minute in which it is due.
  const lastHour = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 30 * 60_000)
  const HOURLY = { cron: `${lastHour.getUTCMinutes()} * * * *`, message: 'hi' }
  const patch = (id: string, body: object) => send(owner, 'PATCH', `${base}/${id}`, body)
  const plan = async (id: string) =>
    db
      .selectFrom('automations')
      .select(['next_run_at', 'next_planned_at'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
  /** Active, and due half an hour ago: no worker was there. */
  const overdue = async (config: object = HOURLY) => {
    const body = { name: 'n', kind: 'scheduled', config, status: 'active' }
    const { id } = (await send(owner, 'POST', base, body)).body.automation
    await db
      .updateTable('automations')
      .set({ next_run_at: lastHour, next_planned_at: lastHour })
      .where('id', '=', id)
      .execute()
    return id as string
  }
  const isAsItWas = async (id: string) => (await plan(id)).next_run_at?.getTime() === lastHour.getTime()

  t.test('what is over is not let run, by whichever way, and the preview says so before', async (t) => {
    const OVER = { status: 409, body: { code: 'schedule_over' } }
    const past = '2026-01-01T00:00:00Z'
    const over = [{ at: past }, { cron: '0 9 * * *', ends_at: past }].map((each) => ({ ...each, message: 'hi' }))
    const daily = { cron: '0 9 * * *', message: 'hi' }
    const named = (config: object, more: object = {}) => ({ name: 'n', kind: 'scheduled', config, ...more })
    for (const config of over) {
      t.match(await send(owner, 'POST', base, named(config, { status: 'active' })), OVER)
      const draft = (await send(owner, 'POST', base, named(config))).body.automation
      t.match(await patch(draft.id, { status: 'active' }), OVER)
      const { preview } = (await send(owner, 'GET', `${base}/${draft.id}/preview`)).body
      t.match(preview, { next_runs: [], warnings: [/^its times are over/] })
      const proposed = (await send(staff, 'POST', base, named(config))).body.automation
      t.match(await send(owner, 'POST', `${base}/${proposed.id}/approve`, { digest: proposed.digest }), OVER)
      t.match(await patch(proposed.id, { status: 'active' }), OVER)
      const runs = (await send(owner, 'POST', base, named(daily, { status: 'active' }))).body.automation
      t.match(await patch(runs.id, { config }), OVER)
      await send(staff, 'PATCH', `${base}/${runs.id}`, { config })
      t.match(await send(owner, 'POST', `${base}/${runs.id}/approve`), OVER, 'a change beside what runs')
      t.equal((await send(owner, 'GET', `${base}/${runs.id}`)).body.automation.status, 'active')
      await patch(runs.id, { status: 'paused', config })
      t.match(await patch(runs.id, { status: 'active' }), OVER, 'resumed')
    }
    const soon = named({ at: new Date(Date.now() + 3_600_000).toISOString(), message: 'hi' }, { status: 'active' })
    const { id } = (await send(owner, 'POST', base, soon)).body.automation
    await db.updateTable('automations').set({ next_run_at: null, next_planned_at: null }).where('id', '=', id).execute()
    t.equal((await patch(id, { name: 'has run' })).status, 200, 'what has run once can still be named')
  })

  t.test('stays what it was where a change leaves the times as they are, and what is overdue still runs', async (t) => {
    const changes: Record<string, (id: string) => Promise<unknown>> = {
      'a rename': (id) => patch(id, { name: 'renamed' }),
      'a description': (id) => patch(id, { description: 'why' }),
      'active on what is active': (id) => patch(id, { status: 'active' }),
      'another message': (id) => patch(id, { config: { ...HOURLY, message: 'hello' } }),
      'another window': (id) => patch(id, { config: { ...HOURLY, catchup_window_seconds: 7200 } }),
      'a credential': (id) => patch(id, { oauth_token: 'x' }),
      'a secret': (id) => send(owner, 'PUT', `${base}/${id}/secrets/a`, { value: 'x' }),
      'an approval': async (id) => {
        await send(staff, 'PATCH', `${base}/${id}`, { name: 'of AI staff' })
        t.equal((await send(owner, 'POST', `${base}/${id}/approve`)).status, 200)
      },
      'a rejection': async (id) => {
        await send(staff, 'PATCH', `${base}/${id}`, { config: { cron: '0 0 1 * *' } })
        t.equal((await send(owner, 'POST', `${base}/${id}/reject`)).status, 200)
      },
    }
    for (const [what, change] of Object.entries(changes)) {
      const id = await overdue()
      await change(id)
      t.ok(await isAsItWas(id), what)
      t.equal(await startDue({ db, queue, kinds, now: Date.now }), 1, what)
      const { runs } = (await send(owner, 'GET', `${base}/${id}/runs`)).body
      t.match(runs, [{ status: 'queued', scheduled_for: /Z$/, note: 'was missed, and runs late' }], what)
    }
  })

  t.test('is made anew from now on where the times change, or it begins to be active again', async (t) => {
    const changes: Record<string, (id: string) => Promise<unknown>> = {
      'another cron': (id) => patch(id, { config: { cron: '0 0 * * *' } }),
      'another zone': (id) => patch(id, { config: { ...HOURLY, timezone: 'Asia/Kathmandu' } }),
      jitter: (id) => patch(id, { config: { ...HOURLY, jitter_seconds: 60 } }),
      'an approved change of it': async (id) => {
        await send(staff, 'PATCH', `${base}/${id}`, { config: { cron: '0 0 1 * *' } })
        t.equal((await send(owner, 'POST', `${base}/${id}/approve`)).status, 200)
      },
      'paused and resumed': async (id) => {
        await patch(id, { status: 'paused' })
        t.match(await plan(id), { next_run_at: null }, 'what is paused is not due')
        await patch(id, { status: 'active' })
      },
      'drafted and activated': async (id) => {
        await patch(id, { status: 'draft' })
        await patch(id, { status: 'active' })
      },
    }
    for (const [what, change] of Object.entries(changes)) {
      const id = await overdue()
      await change(id)
      t.ok(Number((await plan(id)).next_run_at) > Date.now(), what)
    }
  })

  t.afterEach(async () => void (await db.deleteFrom('automations').execute()))

  t.test('makes up for a pause where the config wants all that was missed', async (t) => {
    const id = await overdue({ ...HOURLY, missed: 'all' })
    t.equal(await startDue({ db, queue, kinds, now: () => lastHour.getTime() }), 1)
    await patch(id, { status: 'paused' })
    await patch(id, { status: 'active' })
    t.equal((await plan(id)).next_run_at?.getTime(), lastHour.getTime() + 3_600_000)
  })

  t.test('makes up for a pause before its first run too', async (t) => {
    const id = await overdue({ ...HOURLY, missed: 'all' })
    await patch(id, { status: 'paused' })
    await patch(id, { name: 'renamed' })
    await patch(id, { status: 'active' })
    t.ok(await isAsItWas(id))
    const other = await overdue()
    await patch(other, { status: 'paused' })
    await patch(other, { status: 'active' })
    t.ok(Number((await plan(other)).next_run_at) > Date.now(), 'and for none by default')
  })

  t.test('is gone where a change leaves nothing to be due', async (t) => {
    const id = await overdue()
    await patch(id, { status: 'pending_approval' })
    t.match(await plan(id), { next_run_at: null })
    await send(owner, 'DELETE', `${base}/${id}`)
    t.equal(await startDue({ db, queue, kinds, now: Date.now }), 0)
  })
})
