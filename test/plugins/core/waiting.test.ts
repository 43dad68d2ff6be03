import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PluginTransformQueryArgs } from 'kysely'
import t from 'tap'
import * as access from '../../../db/queries/access.ts'
import { hashToken } from '../../../src/access/tokens.ts'
import { createRunWaits } from '../../../src/runs/waits.ts'
import { createFeed } from '../../../src/space-events.ts'
import { type Caller, testApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { makeHook, SENDERS } from '../../support/webhooks.ts'

const MANY = 60
const FOREVER = { quietMs: 60_000, endsAt: Number.POSITIVE_INFINITY }

t.test('what answers wait for', async (t) => {
  const on = await testApp(t)
  const { app, send, owner, organizationId, spaceId, person, serviceAccount, db } = on
  const space = `/api/v1/organizations/${organizationId}/spaces/${spaceId}`
  const base = `${space}/automations`
  const onError = (error: unknown) => t.fail(String(error))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const create = async (name = 'n') =>
    (await send(owner, 'POST', base, { name, kind: 'scheduled', status: 'active', config: { every: 'P1D' } })).body
      .automation.id
  const start = async (automationId: string) => {
    const { run } = (await send(owner, 'POST', `${base}/${automationId}/run`)).body
    return { organizationId, automationId, id: run.id as string }
  }
  const cancel = ({ automationId, id }: { automationId: string; id: string }) =>
    send(owner, 'POST', `${base}/${automationId}/runs/${id}/cancel`)
  /** The database, and how many statements it was sent. */
  const counted = () => {
    const sent = { count: 0 }
    const transformQuery = ({ node }: PluginTransformQueryArgs) => {
      sent.count++
      return node
    }
    return { sent, db: db.withPlugin({ transformQuery, transformResult: async ({ result }) => result }) }
  }
  /** A request that is on its way; its answer is left alone. */
  const ask = (path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) => {
    const headers = { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json', ...options.headers }
    const asked = request({ port, path, method: options.method ?? 'GET', headers, agent: false })
    asked.on('error', () => {}) // it is cut
    asked.end(options.body ?? '')
    return asked
  }

  t.test('one look finds for all of them whether their runs have ended', async (t) => {
    const { sent, db } = counted()
    const waits = createRunWaits({ db, everyMs: 5, onError })
    const [first, second] = [await start(await create()), await start(await create())]
    const gone = new AbortController()
    const all = Array.from({ length: MANY }, (_, i) =>
      waits.wait(i % 2 ? first : second, 60, i < MANY / 2 ? gone.signal : new AbortController().signal),
    )
    t.equal(waits.size, MANY)
    const before = sent.count
    await until(async () => sent.count > before + 3)
    t.ok(sent.count < MANY, `${sent.count} statements for ${MANY}`)
    gone.abort()
    t.equal(waits.size, MANY / 2, 'those who left are waited for no more')
    for (const run of [first, second]) await cancel(run)
    const runs = await Promise.all(all)
    t.same(new Set(runs.slice(0, MANY / 2)), new Set([undefined]))
    for (const [i, run] of runs.slice(MANY / 2).entries())
      t.match(run, { id: i % 2 ? first.id : second.id, status: 'cancelled', finished_at: Date })
    t.equal(waits.size, 0)
  })

  t.test('nobody looks while nobody waits', async (t) => {
    const { sent, db } = counted()
    const waits = createRunWaits({ db, everyMs: 1, onError })
    const run = await start(await create())
    const gone = new AbortController()
    const waiting = waits.wait(run, 60, gone.signal)
    await until(async () => sent.count > 3)
    gone.abort()
    t.equal(await waiting, undefined)
    // What was on its way comes back, and is the last.
    for (let i = 0; i < 5; i++) await start(run.automationId)
    const after = sent.count
    for (let i = 0; i < 5; i++) await start(run.automationId)
    t.equal(sent.count, after)
  })

  t.test('a wait ends by itself, with its run, and with the server', async (t) => {
    const waits = createRunWaits({ db, everyMs: 5, onError })
    const run = await start(await create())
    const { signal } = new AbortController()
    t.equal(await waits.wait(run, 0.02, signal), undefined)
    t.equal(await waits.wait(run, 60, AbortSignal.abort()), undefined)
    const elsewhere = { ...run, organizationId: spaceId }
    await t.rejects(waits.wait(elsewhere, 60, signal), { code: 'run_not_found' })
    const deleted = waits.wait(run, 60, signal)
    await send(owner, 'DELETE', `${base}/${run.automationId}`)
    await t.rejects(deleted, { code: 'run_not_found' })
    const another = waits.wait(await start(await create()), 60, signal)
    waits.close()
    t.equal(await another, undefined)
    t.equal(await waits.wait(run, 60, signal), undefined)
    t.equal(waits.size, 0)
  })

  t.test('all who are at the same place of a space are given what was read once', async (t) => {
    const { sent, db } = counted()
    // Rarely enough that what comes meanwhile, on a busy machine too, takes fewer looks than there are followers.
    const feed = createFeed({ db, everyMs: 50, onError })
    // Behind the last event, and not from the horizon on: a transaction of another test may hold that back.
    const last = await db
      .selectFrom('space_events')
      .selectAll()
      .orderBy('transaction_id', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow()
    const position = { transactionId: String(last.transaction_id), id: String(last.id) }
    const gone = new AbortController()
    const followed = { organizationId, id: spaceId }
    const next = Array.from({ length: MANY }, () =>
      feed.follow(followed, position, { ...FOREVER, signal: gone.signal }).next(),
    )
    await until(async () => sent.count > 5)
    await create('News')
    const batches = (await Promise.all(next)).map(({ value }) => value)
    t.equal(new Set(batches).size, 1)
    t.match(batches[0], [{ type: 'automation.created' }])
    t.ok(sent.count < MANY, `${sent.count} statements for ${MANY}`)
    t.equal(feed.size, MANY)
    feed.close()
  })

  t.test('those who follow hear that nothing happened at the same time, whenever they came', async (t) => {
    const feed = createFeed({ db: counted().db, everyMs: 5, onError })
    const followed = { organizationId, id: spaceId }
    const quietMs = 1000
    await until(async () => Date.now() % quietMs < 200)
    const first = async () => {
      const position = { transactionId: '9223372036854775806', id: '0' }
      const { value } = await feed
        .follow(followed, position, { ...FOREVER, quietMs, signal: new AbortController().signal })
        .next()
      t.same(value, [])
      return Date.now()
    }
    const early = first()
    await new Promise((resolve) => setTimeout(resolve, 300))
    const times = await Promise.all([early, first()])
    t.ok(Math.abs((times[0] ?? 0) - (times[1] ?? 0)) < 250, `${times}`)
    feed.close()
  })

  t.test('many who last are asked about in one statement, each by themselves', async (t) => {
    const { sent, db } = counted()
    const [reader, staff] = [await person(['files.read']), await serviceAccount(['files.read'])]
    const bySession = async ({ userId }: Caller) => {
      const { id } = await db
        .selectFrom('sessions')
        .select('id')
        .where('user_id', '=', userId)
        .executeTakeFirstOrThrow()
      return { userId, sessionId: id }
    }
    const credentials = [await bySession(owner), await bySession(reader), { tokenHash: hashToken(staff.token) }]
    const nobody = { tokenHash: hashToken('sa_nobody') }
    const questions = [...credentials, nobody, ...credentials].map((credential) => ({
      credential,
      organizationId,
      spaceId,
    }))
    const one = await Promise.all(
      questions.map(({ credential }) => access.find(db, credential, organizationId, spaceId)),
    )
    const before = sent.count
    t.same(await access.findMany(db, questions), one)
    t.equal(sent.count, before + 1)
    t.equal(one[3], undefined)
  })

  t.test('whoever hangs up is waited for no more, at whatever time', async () => {
    const id = await create()
    const { secret, sign, config } = SENDERS.standard_webhooks
    const hook = await makeHook(on, { secret, config: { ...config, response: 'wait', wait_seconds: 30 } })
    const run = () => ask(`${base}/${id}/run`, { method: 'POST', headers: { prefer: 'wait=60' } })
    const event = async () => ask(hook.path, { method: 'POST', headers: await sign('{}'), body: '{}' })
    const follow = () => ask(`${space}/events`)
    const early = [...Array.from({ length: 10 }, follow), ...Array.from({ length: 10 }, run)]
    await until(async () => app.spaceFeed.size > 0)
    for (const each of early) each.destroy()
    const runs = [run(), run(), await event(), await event()]
    const streams = [follow(), follow(), follow()]
    for (const each of streams) each.on('response', (answer) => answer.on('error', () => {}).resume())
    await until(async () => app.runWaits.size === runs.length && app.spaceFeed.size === streams.length)
    for (const each of [...runs, ...streams]) each.destroy()
    await until(async () => app.runWaits.size === 0 && app.spaceFeed.size === 0)
  })

  t.test('a server that stops answers those who wait', async (t) => {
    const id = await create()
    const waiting = ask(`${base}/${id}/run`, { method: 'POST', headers: { prefer: 'wait=60' } })
    const [response] = await Promise.all([
      once(waiting, 'response'),
      until(async () => app.runWaits.size === 1).then(() => app.close()),
    ])
    t.match(response, [{ statusCode: 202 }])
  })
})
