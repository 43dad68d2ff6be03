import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { type Caller, testApp } from '../support/app.ts'
import { follow } from '../support/follow.ts'
import { SECRETS, startServer } from '../support/server.ts'
import { until } from '../support/until.ts'

// Seven processes start here, and what is taken over waits for a lease to end.
t.setTimeout(300_000)

const TAKEOVER_MS = 60_000
const BURST = 200

/** A service that keeps every request waiting until the test answers it. */
async function startSlowService(t: Test) {
  const waiting: { key: string; response: ServerResponse }[] = []
  const server = createServer((request, response) => {
    waiting.push({ key: String(request.headers['idempotency-key']), response })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { authority: `127.0.0.1:${(server.address() as AddressInfo).port}`, waiting }
}

t.test('workers that are frozen or killed, and two of each process on one database', async (t) => {
  const { db, databaseUrl, owner, serviceAccount, organizationId, spaceId } = await testApp(t)
  const staff = await serviceAccount(['files.read', 'files.write'])
  const service = await startSlowService(t)
  const env = { ...SECRETS, DATABASE_URL: databaseUrl, EGRESS_ALLOW: service.authority, LOG_LEVEL: 'info' }
  const [api, otherApi] = [await startServer(t, { ...env, ROLE: 'api' }), await startServer(t, { ...env, ROLE: 'api' })]
  const startWorker = () => startServer(t, { ...env, ROLE: 'worker' })
  const space = `/api/v1/organizations/${organizationId}/spaces/${spaceId}`

  const ask = async (base: string, caller: Caller, method: string, path: string, body?: object) => {
    const response = await fetch(`${base}${space}${path}`, {
      method,
      headers: { authorization: `Bearer ${caller.token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
    const answer: any = await response.json()
    if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
    return answer
  }
  const runOf = (id: string) => db.selectFrom('automation_runs').selectAll().where('id', '=', id).executeTakeFirst()
  const followed = await follow(t, `${otherApi.base}${space}/events`, { authorization: `Bearer ${owner.token}` })
  await until(async () => followed.lastId())

  // AI staff proposes, and a person approves, each through another process. From here on it runs by itself.
  const proposal = {
    name: 'Minutely',
    kind: 'scheduled',
    config: { cron: '* * * * *', channel: 'minutes', message: '!' },
  }
  const minutely = (await ask(api.base, staff, 'POST', '/automations', proposal)).automation
  await ask(otherApi.base, owner, 'POST', `/automations/${minutely.id}/approve`, { digest: minutely.digest })

  const action = { type: 'http_request', url: `http://${service.authority}/`, timeout_seconds: 60 }
  const config = { every: 'P1D', overlap: 'allow', action }
  const calls = { name: 'Calls', kind: 'scheduled', status: 'active', config }
  const { automation } = await ask(api.base, owner, 'POST', '/automations', calls)
  const startRun = async (base: string): Promise<string> => {
    const { run } = await ask(base, owner, 'POST', `/automations/${automation.id}/run`)
    await until(async () => service.waiting.some(({ key }) => key === run.id))
    return run.id
  }
  const frozen = await startWorker()
  const frozenRun = await startRun(api.base)
  frozen.child.kill('SIGSTOP')
  const killed = await startWorker()
  const killedRun = await startRun(otherApi.base)
  killed.child.kill('SIGKILL')

  t.comment('two more workers take over')
  await Promise.all([startWorker(), startWorker()])
  for (const id of [frozenRun, killedRun]) {
    await until(async () => service.waiting.filter(({ key }) => key === id).length === 2, TAKEOVER_MS)
    service.waiting.findLast(({ key }) => key === id)?.response.end('second')
    const run = await until(async () => (await runOf(id))?.finished_at && (await runOf(id)))
    t.match(run, { status: 'succeeded', attempt: 2, output: { body: 'second' } })
  }

  t.comment('the frozen one wakes up with an answer of its own, which changes nothing')
  frozen.child.kill('SIGCONT')
  service.waiting
    .find(({ key }) => key === frozenRun)
    ?.response.writeHead(500)
    .end('first')
  frozen.child.kill('SIGTERM')
  t.equal(await frozen.exited, 0)
  t.match(await runOf(frozenRun), { status: 'succeeded', attempt: 2, output: { body: 'second' }, error_message: null })
  t.equal(service.waiting.length, 4, 'each was sent twice, under its key, and never again')

  t.comment('many are due at once')
  const burst = { ...calls, name: 'Burst', config: { every: 'P1D', channel: 'burst', message: '{{ run.id }}' } }
  for (let i = 0; i < BURST; i += 20)
    await Promise.all(Array.from({ length: 20 }, () => ask(api.base, owner, 'POST', '/automations', burst)))
  const due = await sql`
    update automations a set next_run_at = now(), next_planned_at = date_trunc('day', now())
      from automation_revisions r
     where r.automation_id = a.id and r.name = 'Burst'`.execute(db)
  t.equal(due.numAffectedRows, BigInt(BURST))
  await sql`select pg_notify('hyperspeed_due', '')`.execute(db)
  const messagesIn = (room: string) =>
    db
      .selectFrom('chat_messages')
      .innerJoin('chat_rooms', 'chat_rooms.id', 'chat_messages.chat_room_id')
      .select('content')
      .where('chat_rooms.name', '=', room)
      .execute()
  await until(async () => (await messagesIn('burst')).length >= BURST, TAKEOVER_MS)
  const runs = await db.selectFrom('automation_runs').select(['id', 'automation_id', 'status', 'trigger']).execute()
  const bursts = runs.filter(({ trigger, automation_id }) => trigger === 'schedule' && automation_id !== minutely.id)
  t.equal(bursts.length, BURST)
  t.equal(new Set(bursts.map((run) => run.automation_id)).size, BURST, 'each ran once')
  t.same((await messagesIn('burst')).map(({ content }) => content).toSorted(), bursts.map(({ id }) => id).toSorted())

  t.comment('the proposal has run by itself, and its message is in the room')
  await until(async () => (await messagesIn('minutes')).length > 0, 2 * TAKEOVER_MS)
  const [first] = (await ask(otherApi.base, owner, 'GET', `/automations/${minutely.id}/runs`)).runs.toReversed()
  t.match(first, { trigger: 'schedule', digest: minutely.digest })

  t.comment('whoever follows through another process saw every run end')
  const ended = () =>
    new Set(followed.events.filter(({ data }) => data.status === 'succeeded').map(({ data }) => data.run_id))
  await until(async () => [frozenRun, killedRun, ...bursts.map(({ id }) => id)].every((id) => ended().has(id)))
})
