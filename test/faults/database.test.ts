import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import t from 'tap'
import { createDb } from '../../db/client.ts'
import { testApp } from '../support/app.ts'
import { testDatabase } from '../support/database.ts'
import { startServer } from '../support/server.ts'
import { until } from '../support/until.ts'

t.test('connections that are cut are 503 at most, and replaced unaided', async (t) => {
  const { app, db, owner, organizationId, spaceId, databaseUrl } = await testApp(t)
  const path = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const get = () => app.inject({ url: path, headers: { authorization: `Bearer ${owner.token}` } })
  const create = () =>
    app.inject({
      method: 'POST',
      url: path,
      headers: { authorization: `Bearer ${owner.token}` },
      payload: { name: 'n', kind: 'webhook' },
    })
  t.equal((await get()).statusCode, 200)
  t.equal((await create()).statusCode, 201)

  const cutter = createDb(databaseUrl, { pipelines: 1 })
  const cut = () =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`.execute(cutter)
  const seen = new Set<number>()
  for (let round = 0; round < 10; round++) {
    const answers = Promise.all([...Array.from({ length: 10 }, get), ...Array.from({ length: 5 }, create)])
    await cut()
    for (const answer of await answers) {
      seen.add(answer.statusCode)
      if (answer.statusCode !== 503) continue
      t.equal(answer.headers['retry-after'], '1')
      t.equal(answer.json().code, 'unavailable')
    }
  }
  t.same(
    [...seen].filter((status) => ![200, 201, 503].includes(status)),
    [],
    'no other answer was given',
  )
  await until(async () => (await get()).statusCode === 200)
  await until(async () => (await create()).statusCode === 201)
  await cutter.destroy()
  await db.selectFrom('automations').select('id').execute()
})

t.test('a statement that takes too long is 503', async (t) => {
  const { db } = await testDatabase(t, { statementTimeout: 100 })
  const { isStatementTimeout, isUnavailable } = await import('../../db/failures.ts')
  const error = await sql`select pg_sleep(2)`.execute(db).catch((each: unknown) => each)
  t.ok(isStatementTimeout(error))
  t.notOk(isUnavailable(error))
  t.same((await sql`select 1 as one`.execute(db)).rows, [{ one: 1 }], 'the connection goes on')
})

t.test('a pool that is used up refuses in bounded time', async (t) => {
  const { db } = await testDatabase(t, { poolSize: 1, poolWait: 200 })
  const { isUnavailable } = await import('../../db/failures.ts')
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const held = db.transaction().execute(async (trx) => {
    await sql`select 1`.execute(trx)
    await released
  })
  const error = await db
    .transaction()
    .execute(async (trx) => {
      await sql`select 1`.execute(trx)
    })
    .catch((each: unknown) => each)
  t.ok(isUnavailable(error))
  release()
  await held
})

t.test('a database that is killed is 503 until it is back, which needs nobody', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-fault-'))
  const server = await startServer(t, { DATA_DIR: folder, DEMO: '0' })
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const login = async () => {
    const answer = await fetch(`${server.base}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ada@example.com', password: 'wrong' }),
    })
    return { status: answer.status, again: answer.headers.get('retry-after'), body: await answer.json() }
  }
  const postmaster = async () =>
    (await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0] ?? ''
  t.match(await login(), { status: 401 })
  const killed = await postmaster()
  await promisify(execFile)('kill', ['-9', killed])
  // Its children answer until they notice, and a new one may be there within a second: whoever asks meanwhile hears one of the two.
  const answers: Awaited<ReturnType<typeof login>>[] = []
  await until(async () => {
    const now = await Promise.all(Array.from({ length: 4 }, login))
    answers.push(...now)
    return ![killed, ''].includes(await postmaster()) && now.every(({ status }) => status === 401)
  })
  const refused = answers.filter(({ status }) => status !== 401)
  t.ok(refused.length > 0)
  for (const answer of refused) t.match(answer, { status: 503, again: '1', body: { code: 'unavailable' } })
  await until(async () => (await fetch(`${server.base}/readyz`)).status === 200)
  server.child.kill('SIGTERM')
  t.equal(await server.exited, 0)
})
