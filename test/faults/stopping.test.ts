import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { startReceiver } from '../support/receiver.ts'
import { SECRETS, startServer } from '../support/server.ts'
import { until } from '../support/until.ts'

const SLOW_MS = 3000
const STOP_WITHIN_MS = 10_000

/** A server whose automations call a receiver, and the runs that it has begun. */
async function startCalling(t: Test, respond: Parameters<typeof startReceiver>[1]) {
  const { db, databaseUrl, owner, organizationId, spaceId } = await testApp(t)
  const receiver = await startReceiver(t, respond)
  const env = { ...SECRETS, DATABASE_URL: databaseUrl, EGRESS_ALLOW: receiver.authority, LOG_LEVEL: 'info' }
  const server = await startServer(t, env)
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${server.base}/api/v1/organizations/${organizationId}/spaces/${spaceId}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
    return (await answer.json()) as any
  }
  const startRun = async (repeat: string): Promise<string> => {
    const action = { type: 'http_request', url: `http://${receiver.authority}/${repeat}`, repeat, timeout_seconds: 60 }
    const config = { every: 'P1D', overlap: 'allow', action }
    const { automation } = await post('/automations', { name: repeat, kind: 'scheduled', status: 'active', config })
    const { run } = await post(`/automations/${automation.id}/run`, {})
    await until(async () => receiver.received.some(({ url }) => url === `/${repeat}`))
    return run.id
  }
  const runOf = (id: string) =>
    db.selectFrom('automation_runs').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  return { server, receiver, startRun, runOf, restart: () => startServer(t, env) }
}

t.test('a stop lets a request that is out have its answer', async (t) => {
  const { server, receiver, startRun, runOf } = await startCalling(t, (_request, response) => {
    setTimeout(() => response.end('in time'), SLOW_MS)
  })
  const ids = [await startRun('safe'), await startRun('ask')]
  server.child.kill('SIGTERM')
  t.equal(await server.exited, 0)
  for (const id of ids) t.match(await runOf(id), { status: 'succeeded', attempt: 1, output: { body: 'in time' } })
  t.equal(receiver.received.length, 2, 'each was asked once')
})

t.test('a request that is never answered does not hold the stop up', async (t) => {
  const { server, receiver, startRun, runOf, restart } = await startCalling(t, () => {})
  const [safe, ask] = [await startRun('safe'), await startRun('ask')]
  const before = Date.now()
  server.child.kill('SIGHUP')
  t.equal(await server.exited, 0)
  t.ok(Date.now() - before < STOP_WITHIN_MS)
  t.match(await runOf(safe), { status: 'queued', attempt: 1 }, 'it is tried again')
  t.match(await runOf(ask), { status: 'unknown' }, 'a person says what became of it')
  await restart()
  await until(async () => receiver.received.filter(({ url }) => url === '/safe').length === 2)
  t.equal(receiver.received.filter(({ url }) => url === '/ask').length, 1)
})

t.test('a signal while the server is starting stops it too', async (t) => {
  const { databaseUrl } = await testApp(t)
  const { spawnServer } = await import('../support/server.ts')
  for (const ms of [300, 800, 1300]) {
    const server = spawnServer({ ...SECRETS, DATABASE_URL: databaseUrl })
    server.base.catch(() => {}) // it may end before it listens
    setTimeout(() => server.child.kill('SIGTERM'), ms)
    const code = await server.exited
    t.ok(code === 0 || server.child.signalCode === 'SIGTERM', `after ${ms} ms: ${code}, ${server.output.join(' ')}`)
  }
})
