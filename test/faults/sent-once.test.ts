import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { SECRETS, startServer } from '../support/server.ts'
import { until } from '../support/until.ts'

// Thirteen processes start here, and what is taken over waits for a lease to end.
t.setTimeout(300_000)

const ROUNDS = 10
const RUNS_A_ROUND = 5
const TAKEOVER_MS = 90_000
const IN_DOUBT = /^nobody knows whether it happened/

/** A service that takes requests and never answers, unless the test does. Each counts as soon as its headers are there. */
async function startSilentService(t: Test) {
  const taken: { key: string; path: string; response: ServerResponse }[] = []
  const server = createServer(({ headers, url = '' }, response) => {
    taken.push({ key: String(headers['idempotency-key']), path: url, response })
    if (url === '/safe' && times(headers['idempotency-key']) > 1) response.end('at last')
  })
  const times = (id: unknown) => taken.filter(({ key }) => key === id).length
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { authority: `127.0.0.1:${(server.address() as AddressInfo).port}`, taken, times }
}

t.test('what must not be repeated is sent once at the most, however workers are lost', async (t) => {
  const { db, databaseUrl, owner, organizationId, spaceId } = await testApp(t)
  const { authority, taken, times } = await startSilentService(t)
  const env = { ...SECRETS, DATABASE_URL: databaseUrl, EGRESS_ALLOW: authority }
  const api = await startServer(t, { ...env, ROLE: 'api' })
  const startWorker = () => startServer(t, { ...env, ROLE: 'worker' })
  const base = `${api.base}/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`

  const post = async (path: string, body?: object) => {
    const headers = { authorization: `Bearer ${owner.token}`, ...(body && { 'content-type': 'application/json' }) }
    const response = await fetch(`${base}${path}`, {
      method: 'POST',
      headers,
      ...(body && { body: JSON.stringify(body) }),
    })
    // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
    const answer: any = await response.json()
    if (response.status >= 300) throw new Error(`POST ${path}: ${response.status} ${JSON.stringify(answer)}`)
    return answer
  }
  const create = async (repeat: string, path: string, timeout_seconds: number): Promise<string> => {
    const headers = { authorization: 'Bearer canary' }
    const request = { url: `http://${authority}${path}`, headers, body: { run: '{{ run.id }}' } }
    const config = { every: 'P1D', action: { type: 'http_request', ...request, repeat, timeout_seconds } }
    return (await post('', { name: path, kind: 'scheduled', status: 'active', config })).automation.id
  }
  const start = async (automation: string): Promise<string> => (await post(`/${automation}/run`)).run.id
  const runOf = (id: string) =>
    db.selectFrom('automation_runs').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  const automationOf = (id: string) =>
    db.selectFrom('automations').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  const sees = (id: string) => until(async () => times(id) > 0)

  t.comment('one worker is frozen, with its request on the way')
  const frozen = await startWorker()
  const frozenCalls = await create('ask', '/frozen', 60)
  const frozenRun = await start(frozenCalls)
  await sees(frozenRun)
  frozen.child.kill('SIGSTOP')
  /** Once another has found its run it wakes up, with an answer of its own. */
  const wake = async () => {
    await until(async () => (await runOf(frozenRun)).finished_at !== null, TAKEOVER_MS)
    const before = [await runOf(frozenRun), await automationOf(frozenCalls)]
    taken.find(({ key }) => key === frozenRun)?.response.end('at last')
    frozen.child.kill('SIGCONT')
    frozen.child.kill('SIGTERM')
    return { before, code: await frozen.exited }
  }
  const woken = wake()
  woken.catch(() => {}) // told below

  t.comment('ten are killed, in turns once all of their requests are there and once the first is')
  const calls = await create('ask', '/ask', 10)
  const certain: string[] = []
  const all: string[] = []
  const safeRun = await start(await create('safe', '/safe', 60))
  for (let round = 0; round < ROUNDS; round++) {
    const worker = await startWorker()
    if (round === 0) await sees(safeRun)
    const runs = await Promise.all(Array.from({ length: RUNS_A_ROUND }, () => start(calls)))
    const isAfterAll = round % 2 === 0
    await (isAfterAll ? Promise.all(runs.map(sees)) : until(async () => runs.some((id) => times(id) > 0)))
    worker.child.kill('SIGKILL')
    await worker.exited
    all.push(...runs)
    if (isAfterAll) certain.push(...runs)
  }

  t.comment('one more worker stays')
  await startWorker()
  const open = async () => (await Promise.all(all.map(runOf))).filter(({ finished_at }) => finished_at === null)
  await until(async () => (await open()).length === 0, TAKEOVER_MS)
  for (const id of all) {
    const run = await runOf(id)
    const request = { method: 'POST', url: `http://${authority}/ask`, body: { run: id }, repeat: 'ask' }
    t.match(run, { status: 'unknown', external_ref: null, output: { request } })
    t.match(run.error_message, certain.includes(id) ? IN_DOUBT : /^nobody knows|took too long to answer$/)
    t.type(run.sent_at, Date)
    t.match(JSON.stringify(run.output), /"authorization":"[^"]*•••"/i)
    t.notMatch(JSON.stringify(run.output), 'canary')
    t.ok(times(id) <= 1, 'sent once at the most')
  }
  for (const id of certain) t.equal(times(id), 1, 'what had been there is there once')
  t.equal(new Set(all).size, ROUNDS * RUNS_A_ROUND)
  t.match(await automationOf(calls), { last_error: /./, consecutive_failures: all.length, status: 'active' })

  t.comment('what may be repeated was, and has succeeded')
  await until(async () => (await runOf(safeRun)).finished_at !== null, TAKEOVER_MS)
  const safe = await runOf(safeRun)
  t.match(safe, { status: 'succeeded', sent_at: null, output: { body: 'at last' }, error_message: null })
  t.ok(safe.attempt > 1 && times(safeRun) > 1, 'under its key, again')

  t.comment('the frozen one woke up with an answer, which changed nothing')
  const { before, code } = await woken
  t.equal(code, 0)
  t.match(before, [{ status: 'unknown', error_message: IN_DOUBT, attempt: 1 }, { last_error: IN_DOUBT }])
  t.same([await runOf(frozenRun), await automationOf(frozenCalls)], before)
  t.equal(times(frozenRun), 1)
  const ids = new Set([...all, frozenRun, safeRun])
  t.same(
    taken.filter(({ key }) => !ids.has(key)),
    [],
    'and nobody sent anything else',
  )
})
