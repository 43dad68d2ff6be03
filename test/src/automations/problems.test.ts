import { sql } from 'kysely'
import t from 'tap'
import { recheck } from '../../../src/automations/recheck.ts'
import { createExecutor } from '../../../src/engine/executor.ts'
import { startDue } from '../../../src/engine/scheduler.ts'
import { startMaintenance } from '../../../src/maintenance.ts'
import type { RunJob } from '../../../src/runs/queue.ts'
import { type Answer, type Caller, testApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { makeHook, SENDERS } from '../../support/webhooks.ts'

const YEAR_MS = 366 * 24 * 3_600_000
const DAILY = { cron: '0 9 * * *', message: 'hi' }
const TIMELESS = { message: 'hi' }
const NEEDS_TIMES = [{ path: '/config', message: 'needs one of cron, every and at' }]
const JSON_TYPE = { 'content-type': 'application/json' }

t.test('what is not whole may be active, says so, and does not run', async (t) => {
  const on = await testApp(t)
  const { send, owner, organizationId, spaceId, person, serviceAccount, db, kinds, jobsSent } = on
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  const queue = { send: async (_: unknown, jobs: readonly RunJob[]) => void jobsSent.push(...jobs) }
  const execute = createExecutor({ ...on, queue, backoff: () => 0 })
  const drain = async () => {
    for (let job = jobsSent.shift(); job; job = jobsSent.shift())
      await execute({ ...job, signal: new AbortController().signal })
  }
  /** How many are due within a year. */
  const startAll = () => startDue({ db, queue, kinds, now: () => Date.now() + YEAR_MS })
  const post = (more: object = {}, by: Caller = owner) =>
    send(by, 'POST', base, { name: 'n', kind: 'scheduled', config: TIMELESS, ...more })
  const create = async (more: object = {}, by: Caller = owner) => (await post(more, by)).body.automation
  const active = (more: object = {}) => create({ status: 'active', ...more })
  const patch = (id: string, body: object, by: Caller = owner) => send(by, 'PATCH', `${base}/${id}`, body)
  const approve = (id: string, digest?: string) => send(owner, 'POST', `${base}/${id}/approve`, { digest })
  const get = async (id: string) => (await send(owner, 'GET', `${base}/${id}`)).body.automation
  const runsOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}/runs`)).body.runs
  const policy = (require_whole_config: boolean) =>
    send(owner, 'PATCH', `${organization}/automation-policy`, { require_whole_config })
  const codeOf = ({ status, body }: Answer) => `${status} ${body.code}`
  t.afterEach(async () => {
    await policy(false)
    jobsSent.length = 0
    await db.deleteFrom('automations').execute()
  })

  /** What comes of an answer: itself, where it is a refusal. */
  const then = async (first: Answer, next: (id: string) => Promise<Answer>) =>
    first.status < 300 ? next(first.body.automation.id) : first
  /** Every way into active, of a config that is not whole. */
  const ways: Record<string, (config: object) => Promise<Answer>> = {
    'made so': (config) => post({ config, status: 'active' }),
    'a status that is set': async (config) => then(await post({ config }), (id) => patch(id, { status: 'active' })),
    'a status and a config': async (config) =>
      then(await post({ config: DAILY }), (id) => patch(id, { config, status: 'active' })),
    'an edit of what is active': async (config) =>
      then(await post({ config: DAILY, status: 'active' }), (id) => patch(id, { config })),
    'what was paused': async (config) =>
      then(await post({ config: DAILY, status: 'paused' }), async (id) =>
        then(await patch(id, { config }), () => patch(id, { status: 'active' })),
      ),
    'an approval': async (config) => then(await post({ config }, staff), (id) => approve(id)),
    'an approved change': async (config) =>
      then(await post({ config: DAILY, status: 'active' }), async (id) =>
        then(await patch(id, { config }, staff), () => approve(id)),
      ),
  }

  t.test('whichever way it becomes active, it is not due and lists what is missing', async (t) => {
    for (const [what, way] of Object.entries(ways))
      for (const config of [{}, TIMELESS]) {
        const { status, body } = await way(config)
        t.match(status, /^20[01]$/, what)
        const { automation } = body
        t.match(automation, { status: 'active', config, next_run_at: null, last_error: null }, what)
        t.same(automation.problems, NEEDS_TIMES, what)
        t.equal(automation.approved_digest, automation.digest, what)
        t.same((await get(automation.id)).problems, NEEDS_TIMES, what)
      }
    const { automations } = (await send(owner, 'GET', base)).body
    t.equal(automations.length, 2 * Object.keys(ways).length)
    for (const { problems } of automations) t.same(problems, NEEDS_TIMES)
    const page = (await send(owner, 'GET', `${base}?limit=1`)).body
    t.same(page.automations[0].problems, NEEDS_TIMES)
    t.equal(await startAll(), 0, 'nothing is due')
  })

  t.test('where the policy wants it whole, every one of these ways is 400, and it stays what it was', async (t) => {
    for (const [what, way] of Object.entries(ways)) {
      await policy(true)
      const { status, body } = await way(TIMELESS)
      t.match({ status, body }, { status: 400, body: { code: 'invalid_request', details: NEEDS_TIMES } }, what)
      const { automations } = (await send(owner, 'GET', base)).body
      for (const each of automations)
        if (each.status === 'active') t.same([each.config, each.problems], [DAILY, []], what)
      await db.deleteFrom('automations').execute()
    }
    await policy(false)
    const { id } = await active()
    await policy(true)
    t.match((await patch(id, { name: 'Renamed' })).body.automation, { status: 'active', problems: NEEDS_TIMES })
    t.equal((await patch(id, { status: 'paused' })).status, 200)
    t.equal((await patch(id, { status: 'active' })).status, 400, 'resuming it lets it run anew')
  })

  t.test('a key that is wrong is 400 in any status, and nothing is written', async (t) => {
    const wrong = { ...TIMELESS, timezone: 'Mars/Olympus' }
    for (const [what, way] of Object.entries(ways))
      t.match(await way(wrong), { status: 400, body: { details: [{ path: '/config/timezone' }] } }, what)
    t.match(await post({ problems: [] }), {
      status: 400,
      body: { details: [{ path: '/problems', message: 'is not a known key' }] },
    })
  })

  t.test('nobody can run it: each way says why', async (t) => {
    const { id } = await active({ config: DAILY })
    await send(owner, 'POST', `${base}/${id}/run`)
    await drain()
    const [{ id: runId }] = await runsOf(id)
    await patch(id, { config: TIMELESS })
    for (const path of ['run', `runs/${runId}/retry`])
      t.match(await send(owner, 'POST', `${base}/${id}/${path}`), {
        status: 409,
        body: { code: 'config_not_whole', details: NEEDS_TIMES },
      })
    const draft = await create()
    t.equal(codeOf(await send(owner, 'POST', `${base}/${draft.id}/run`)), '409 automation_not_active')
    t.match(await runsOf(id), [{ status: 'succeeded' }])
  })

  t.test('what was queued before does not begin, and last_error stays what the last run said', async (t) => {
    const { id } = await active({ config: DAILY })
    await db.updateTable('automations').set({ last_error: 'of the last run' }).where('id', '=', id).execute()
    await send(owner, 'POST', `${base}/${id}/run`)
    await patch(id, { config: TIMELESS })
    await drain()
    const error_message = 'its config is not whole: /config: needs one of cron, every and at'
    t.match(await runsOf(id), [{ status: 'skipped', attempt: 0, error_message }])
    t.match(await get(id), { last_error: 'of the last run', last_run_at: null, problems: NEEDS_TIMES })
  })

  t.test('once it is whole it is due from then on, whatever it had to make up for', async (t) => {
    const { id } = await active({ config: { ...DAILY, missed: 'all' } })
    await patch(id, { config: { ...TIMELESS, missed: 'all' } })
    t.match(await get(id), { next_run_at: null })
    const { automation } = (await patch(id, { config: { ...DAILY, missed: 'all' } })).body
    t.same(automation.problems, [])
    t.ok(Date.parse(automation.next_run_at) > Date.now())
    t.equal(await startAll(), 1)
  })

  t.test('times that are over are refused when they are set, and not when a secret makes it whole', async (t) => {
    const action = { type: 'http_request', url: 'https://example.com/{{ secrets.key }}' }
    const over = { at: '2026-01-01T00:00:00Z', action }
    t.equal(codeOf(await post({ config: over, status: 'active' })), '409 schedule_over')
    const soon = new Date(Date.now() + 3_600_000).toISOString()
    const { id } = await active({ config: { at: soon, action } })
    t.match(await get(id), { next_run_at: null, problems: [{ path: '/config/action/url' }] })
    const put = () => send(owner, 'PUT', `${base}/${id}/secrets/key`, { value: 'x' })
    t.equal((await put()).status, 200)
    t.match(await get(id), { next_run_at: soon, problems: [] })
    await send(owner, 'DELETE', `${base}/${id}/secrets/key`)
    t.match(await get(id), { next_run_at: null, problems: [{ path: '/config/action/url' }] })
    await db.transaction().execute(async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx)
      await sql`update automation_revisions set config = ${JSON.stringify(over)}::json where automation_id = ${id}`.execute(
        trx,
      )
    })
    t.equal((await put()).status, 200, 'its time has come and gone')
    t.match(await get(id), { status: 'active', next_run_at: null, problems: [] })
  })

  t.test('a proposal shows its problems before it is approved, those of a change beside what runs too', async (t) => {
    const whole = await create({ config: DAILY }, staff)
    const lacking = await create({}, staff)
    const { id: running } = await active({ config: DAILY })
    await patch(running, { config: TIMELESS }, staff)
    t.same((await get(running)).problems, [], 'what runs is whole')
    const { reviews } = (await send(owner, 'GET', `${organization}/reviews`)).body
    const shown = reviews.map((each: { automation_id: string; problems: object[] }) => [
      each.automation_id,
      each.problems,
    ])
    t.same(shown, [
      [whole.id, []],
      [lacking.id, NEEDS_TIMES],
      [running, NEEDS_TIMES],
    ])
    const keys = Object.keys(reviews[0])
    t.ok(keys.indexOf('problems') < keys.indexOf('changes'), 'first what keeps it from running')
    t.same((await send(owner, 'GET', `${base}/${running}/preview`)).body.preview.problems, NEEDS_TIMES)
    t.equal((await send(owner, 'POST', `${base}/${running}/reject`)).status, 200)
    t.match(await get(running), { next_run_at: /Z$/, problems: [] })
  })

  t.test('a secret that a proposal uses is a problem until it is set', async (t) => {
    const action = { type: 'http_request', url: 'https://example.com/{{ secrets.key }}' }
    const { id } = await create({ config: { ...DAILY, action, message: undefined } }, staff)
    const problems = async () => (await send(owner, 'GET', `${organization}/reviews`)).body.reviews[0].problems
    const path = '/config/action/url'
    t.match([await problems(), (await get(id)).problems], [[{ path }], [{ path }]])
    await send(owner, 'PUT', `${base}/${id}/secrets/key`, { value: 'x' })
    t.same([await problems(), (await get(id)).problems], [[], []])
    await send(owner, 'DELETE', `${base}/${id}/secrets/key`)
    t.match([await problems(), (await get(id)).problems], [[{ path }], [{ path }]])
  })

  t.test('events of a webhook are kept and set nothing off until it is whole, and can be replayed then', async (t) => {
    const action = { type: 'http_request', url: 'https://example.com/{{ secrets.key }}' }
    const { config, secret, sign } = SENDERS.github
    const hook = await makeHook(on, { config: { ...config, action }, secret })
    t.match(await get(hook.id), { status: 'active', problems: [{ path: '/config/action/url' }] })
    const event = async (id: string) => hook.post('{}', { ...JSON_TYPE, ...(await sign('{}', { id })) })
    const { status, body } = await event('a')
    t.match({ status, body }, { status: 202, body: { run_id: null, duplicate: false } })
    const replay = () => send(owner, 'POST', `${base}/${hook.id}/events/${body.event_id}/replay`)
    t.equal(codeOf(await replay()), '409 config_not_whole')
    await send(owner, 'PUT', `${base}/${hook.id}/secrets/key`, { value: 'x' })
    t.match(await event('b'), { status: 202, body: { run_id: /./ } }, 'from the next request on')
    t.equal((await replay()).status, 202)
    await send(owner, 'DELETE', `${base}/${hook.id}/secrets/key`)
    t.match(await event('c'), { status: 202, body: { run_id: null } })
    const { events } = (await send(owner, 'GET', `${base}/${hook.id}/events`)).body
    t.same(
      events.map((each: { status: string }) => each.status),
      ['ignored', 'accepted', 'ignored'],
    )
  })

  t.test('nobody proves anything to a webhook that lacks what they would prove it by', async (t) => {
    for (const verification of ['hmac', 'token'] as const) {
      const { secret, sign } = SENDERS[verification]
      const hook = await makeHook(on, { config: { verification }, secret })
      t.match(await get(hook.id), { status: 'active', problems: [{ path: '/config/header' }] })
      t.equal((await hook.post('{}', { ...JSON_TYPE, ...(await sign('{}')) })).status, 401)
      t.equal((await hook.post('{}', { ...JSON_TYPE, '': secret })).status, 401)
    }
  })

  t.test('another release looks at all of it anew, once', async (t) => {
    const runs = await active({ config: DAILY })
    const lacking = await active()
    const before = await get(runs.id)
    const strict: typeof kinds = {
      ...kinds,
      problems: (name, config, facts) => [
        ...kinds.problems(name, config, facts),
        ...(config.channel === undefined ? [{ path: '/config/channel', message: 'is required' }] : []),
      ],
    }
    t.equal(await recheck(db, on, 10), 0, 'what these rules found is not looked for again')
    const newer = { ...on, kinds: strict, rules: 'newer' }
    t.equal(await recheck(db, newer, 10), 2)
    t.equal(await recheck(db, newer, 10), 0)
    const found = await get(runs.id)
    t.match(found, {
      status: 'active',
      next_run_at: null,
      problems: [{ path: '/config/channel', message: 'is required' }],
    })
    t.equal(found.digest, before.digest)
    t.ok(found.updated_at > before.updated_at, 'whoever follows the space hears of it')
    t.match((await get(lacking.id)).problems, [{ path: '/config' }, { path: '/config/channel' }])
    t.equal(await startAll(), 0)
    t.equal(codeOf(await send(owner, 'POST', `${base}/${runs.id}/run`)), '409 config_not_whole')

    t.equal(await recheck(db, { ...on, rules: 'newest' }, 1), 1, 'some at a time')
    t.equal(await recheck(db, { ...on, rules: 'newest' }, 10), 1)
    t.match(await get(runs.id), { problems: [], next_run_at: /Z$/ })
    await sql`update automations set checked_by = null, kind = 'of a newer release' where id = ${lacking.id}`.execute(
      db,
    )
    t.equal(await recheck(db, { ...on, rules: 'newest' }, 10), 0, 'what this release does not know, it leaves alone')
    await sql`delete from automations where id = ${lacking.id}`.execute(db)
  })

  t.test('a worker looks as soon as it starts', async (t) => {
    const { id } = await active()
    await sql`update automations set checked_by = null, problems = null`.execute(db)
    const stop = startMaintenance(db, { means: on, retentionDays: 90 }, (error) => t.fail(String(error)))
    t.same(await until(async () => (await get(id)).problems[0]), NEEDS_TIMES[0])
    stop()
  })

  t.test('what was stored before anybody looked is looked at, and nothing of it changes', async (t) => {
    const { id } = await active({ config: DAILY })
    await sql`update automations set checked_by = null`.execute(db)
    const before = await send(owner, 'GET', `${base}/${id}`)
    t.equal(await recheck(db, on, 10), 1)
    const after = await send(owner, 'GET', `${base}/${id}`)
    t.same([after.body, after.headers.etag], [before.body, before.headers.etag])
  })

  t.test('four eyes: who makes it whole alone does not make it run', async (t) => {
    const [ada, bob] = [await person(['files.read', 'files.write']), await person(['files.read', 'files.write'])]
    const { id } = await active()
    await send(owner, 'PATCH', `${organization}/automation-policy`, { approver_must_differ_from_editor: true })
    const { pending_revision: pending, problems } = (await patch(id, { config: DAILY }, ada)).body.automation
    t.same(problems, NEEDS_TIMES, 'what is shown is what it was')
    const decide = (by: Caller) => send(by, 'POST', `${base}/${id}/approve`, { digest: pending.digest })
    t.equal(codeOf(await decide(ada)), '403 second_person_required')
    t.match((await decide(bob)).body.automation, { problems: [], next_run_at: /Z$/ })
    await send(owner, 'PATCH', `${organization}/automation-policy`, { approver_must_differ_from_editor: false })
  })
})
