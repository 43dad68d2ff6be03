import t from 'tap'
import { KINDS } from '../../../src/kinds/index.ts'
import { createKinds } from '../../../src/kinds/registry.ts'
import { type Answer, testApp } from '../../support/app.ts'
import { echo } from '../../support/fifth-kind/index.ts'
import { until } from '../../support/until.ts'

/** A kind that calls its end something else than `scheduled` does. */
const untilKind = {
  ...echo,
  clock: {
    ...echo.clock,
    schedule: ({ cron, until }: Readonly<Record<string, unknown>>) =>
      typeof cron === 'string' ? { cron, ends_at: String(until) } : null,
    overlap: () => 'allow' as const,
    missed: () => 'skip' as const,
  },
}

t.test('what is over does not become active', async (t) => {
  const test = await testApp(t, {}, { kinds: createKinds([...KINDS.list, untilKind]) })
  const { send, owner, organizationId, spaceId, serviceAccount } = test
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  const PAST = '2026-01-01T00:00:00Z'
  const OVER = { kind: 'scheduled', config: { at: PAST } }
  const ENDED = { kind: 'scheduled', config: { cron: '0 9 * * *', ends_at: PAST } }
  const OTHER = { kind: 'echo', config: { greeting: 'Hello', cron: '0 9 * * *', until: PAST } }
  const create = async (by: typeof owner, body: object) => {
    const answer = await send(by, 'POST', base, { name: 'n', ...body })
    t.equal(answer.status, 201)
    return answer.body.automation.id as string
  }
  const patch = (id: string, body: object) => send(owner, 'PATCH', `${base}/${id}`, body)
  const approve = async (id: string) => {
    const { digest, pending_revision } = await get(id)
    return send(owner, 'POST', `${base}/${id}/approve`, { digest: pending_revision?.digest ?? digest })
  }
  const get = async (id: string) => (await send(owner, 'GET', `${base}/${id}`)).body.automation
  const previewOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}/preview`)).body.preview
  const reviewOf = async (id: string) => {
    const { reviews } = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/reviews`)).body
    return reviews.find((each: { automation_id: string }) => each.automation_id === id)
  }
  const isOver = (answer: Answer, path: string, what = '') => {
    t.match(answer, { status: 409, body: { code: 'schedule_over', details: [{ path }] } }, what)
    t.match(answer.body.details?.[0]?.message, /set a time that is yet to come|set a later one, or leave it out/, what)
  }

  t.test('in no way, of no kind, and what was there stays', async () => {
    for (const [body, path] of [
      [OVER, '/config/at'],
      [ENDED, '/config/ends_at'],
      [OTHER, '/config'],
    ] as const) {
      isOver(await send(owner, 'POST', base, { name: 'n', ...body, status: 'active' }), path, 'create')
      for (const status of ['draft', 'paused', 'pending_approval']) {
        const id = await create(owner, { ...body, status })
        isOver(await patch(id, { status: 'active' }), path, status)
        t.match(await get(id), { status, approved_digest: null })
      }
      const proposed = await create(staff, body)
      isOver(await approve(proposed), path, 'approve')
      await send(owner, 'POST', `${base}/${proposed}/reject`)
      const { digest } = await get(proposed)
      const seen = await send(
        owner,
        'PATCH',
        `${base}/${proposed}`,
        { status: 'active' },
        { 'if-match': `"${digest}"` },
      )
      isOver(seen, path, 'rejected')

      const config = { greeting: 'Hello', cron: '0 9 * * *', until: '2999-01-01T00:00:00Z' }
      const running = await create(owner, { kind: body.kind, config, status: 'active' })
      const before = await get(running)
      isOver(await patch(running, { config: body.config }), path, 'a change of what is active')
      t.same(await get(running), before)
      await send(staff, 'PATCH', `${base}/${running}`, { config: body.config })
      isOver(await approve(running), path, 'a change beside what is active')
      t.match(await get(running), { ...before, pending_revision: { config: body.config }, updated_at: String })
    }
  })

  t.test('and whoever is to decide reads it before', async (t) => {
    for (const body of [OVER, ENDED, OTHER]) {
      const id = await create(staff, body)
      t.match((await reviewOf(id)).warnings, [
        /^(at is over: set a time|ends_at leaves nothing to come: set a later one)/,
      ])
      const { problems, action, next_runs } = await previewOf(id)
      t.match(problems, [{ path: /^\/config/, message: /: set a/ }])
      t.equal(action?.type, 'message', 'what it would do is shown all the same')
      t.same(next_runs, [])
    }
    const unfinished = await create(staff, { kind: 'scheduled', config: { message: 'when?' } })
    t.same((await reviewOf(unfinished)).warnings, [])
  })

  t.test('what is over by now is changed where it stands, and not begun again', async (t) => {
    const at = new Date(Date.now() + 1500)
    const active = (config: object) => create(owner, { kind: 'scheduled', status: 'active', config: { at, ...config } })
    const proposed = await create(staff, { kind: 'scheduled', config: { at } })
    const [id, paused, caughtUp, tooLate] = await Promise.all([
      active({}),
      active({}),
      active({ missed: 'all' }),
      active({ missed: 'all', catchup_window_seconds: 0 }),
    ])
    for (const each of [paused, caughtUp, tooLate]) await patch(each, { status: 'paused' })
    await until(async () => Date.now() > at.getTime())

    isOver(await approve(proposed), '/config/at', 'in time when it was proposed')
    t.match(await patch(id, { name: 'renamed', status: 'active' }), { status: 200 })
    await send(staff, 'PATCH', `${base}/${id}`, { name: 'renamed again' })
    t.match(await approve(id), { status: 200, body: { automation: { status: 'active', name: 'renamed again' } } })
    isOver(await patch(paused, { status: 'active' }), '/config/at', 'resumed')
    isOver(await patch(tooLate, { status: 'active' }), '/config/at', 'longer ago than what it makes up for')
    t.match(await patch(caughtUp, { status: 'active' }), { body: { automation: { next_run_at: at.toISOString() } } })
    const later = { at: '2999-01-01T00:00:00Z' }
    t.match(await patch(paused, { status: 'active', config: later }), { status: 200 }, 'what to do')
  })
})
