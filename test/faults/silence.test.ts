import t from 'tap'
import { testApp } from '../support/app.ts'
import { SECRETS, startServer } from '../support/server.ts'
import { startSilentProxy } from '../support/silent-proxy.ts'
import { until } from '../support/until.ts'

// What is silent is found out by deadlines, of which the longest is that of a statement.
const BACK_WITHIN_MS = 20_000
const EVENTS = 200

t.test(
  'a Postgres that goes silent while another takes over: requests and runs are back, and nothing is lost',
  async (t) => {
    const { db, databaseUrl, owner, organizationId, spaceId } = await testApp(t)
    const proxy = await startSilentProxy(t, databaseUrl)
    const server = await startServer(t, { ...SECRETS, DATABASE_URL: proxy.url, LOG_LEVEL: 'info' })
    const space = `${server.base}/api/v1/organizations/${organizationId}/spaces/${spaceId}`
    const headers = { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' }
    const config = { verification: 'none', channel: 'room', message: '{{ event.body.n }}' }
    const body = JSON.stringify({ name: 'Hook', kind: 'webhook', status: 'active', config })
    const created = await fetch(`${space}/automations`, { method: 'POST', headers, body })
    // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
    const { automation }: any = await created.json()
    const hook = new URL(new URL(automation.trigger.url).pathname, server.base)
    let acknowledged = 0
    const send = async (n: number): Promise<boolean> => {
      const answer = await fetch(hook, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ n }),
      })
      if (answer.status === 202) acknowledged++
      else if (answer.status !== 503) t.fail(`unexpected ${answer.status}`)
      return answer.status === 202
    }
    const finished = async () => {
      const { count } = await db
        .selectFrom('automation_runs')
        .select(({ fn }) => fn.countAll<string>().as('count'))
        .where('status', '=', 'succeeded')
        .executeTakeFirstOrThrow()
      return Number(count)
    }
    for (let n = 0; n < 20; n++) t.ok(await send(n))
    await until(async () => (await finished()) === acknowledged)

    // While runs begin and end, so that every kind of connection waits for an answer.
    const busy = Array.from({ length: EVENTS }, (_, n) => send(n))
    proxy.goSilent()
    t.ok(proxy.held() > 5)
    await Promise.all(busy)
    await until(() => send(0), BACK_WITHIN_MS)
    for (let n = 0; n < 20; n++) t.ok(await send(n), 'all of it is back at once')
    await until(async () => (await finished()) === acknowledged, 2 * BACK_WITHIN_MS)
    t.equal((await fetch(`${server.base}/readyz`)).status, 200)
    await until(async () => proxy.held() === 0, BACK_WITHIN_MS)
    server.child.kill('SIGTERM')
    t.equal(await server.exited, 0)
  },
)
