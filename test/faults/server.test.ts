import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { type RunningServer, SECRETS, startServer } from '../support/server.ts'

t.test('a server that is killed over and over loses nothing it acknowledged and doubles nothing', async (t) => {
  const { db, owner, organizationId, spaceId, databaseUrl } = await testApp(t)
  const path = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  let server: RunningServer | undefined
  const start = async () => {
    server = await startServer(t, { ...SECRETS, DATABASE_URL: databaseUrl, LOG_LEVEL: 'info' })
  }
  await start()

  // The ledger: what each key was answered. A key without an answer is sent again with the same body, as a client would.
  const ledger = new Map<string, string>()
  let working = true
  const client = async () => {
    while (working) {
      const key = randomUUID()
      const request = {
        method: 'POST',
        headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ name: key, kind: 'webhook' }),
      }
      while (!ledger.has(key)) {
        try {
          const answer = await fetch(`${server?.base}${path}`, request)
          const body = (await answer.json()) as { automation: { id: string } }
          if (answer.status === 201) ledger.set(key, body.automation.id)
          else if (![409, 503].includes(answer.status)) t.fail(`unexpected ${answer.status}`)
        } catch {
          await wait(20) // the server is away: try again
        }
      }
    }
  }
  const clients = Array.from({ length: 8 }, client)
  for (let kill = 0; kill < 5; kill++) {
    const before = ledger.size
    while (ledger.size < before + 40) await wait(5)
    server?.child.kill('SIGKILL')
    await server?.exited
    await start()
  }
  working = false
  await Promise.all(clients)

  const rows = await db.selectFrom('automation_revisions').select(['automation_id as id', 'name']).execute()
  t.equal(rows.length, ledger.size, 'one automation for each key')
  const byName = new Map(rows.map((row) => [row.name, row.id]))
  const lost = [...ledger].filter(([key, id]) => byName.get(key) !== id)
  t.same(lost, [], 'each acknowledged one is there, under the id that was answered')
})

t.test('SIGTERM under load finishes what is in flight, refuses readiness and exits 0', async (t) => {
  const { owner, organizationId, spaceId, databaseUrl } = await testApp(t)
  const path = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const server = await startServer(t, { ...SECRETS, DATABASE_URL: databaseUrl })
  const statuses: number[] = []
  let working = true
  const client = async () => {
    while (working) {
      try {
        const headers = { authorization: `Bearer ${owner.token}` }
        const answer = await fetch(server.base + path, { headers })
        await answer.arrayBuffer()
        statuses.push(answer.status)
      } catch {
        return // the listener is closed: nobody was answered with an error
      }
    }
  }
  const clients = Array.from({ length: 8 }, client)
  while (statuses.length < 200) await wait(5)
  const started = Date.now()
  server.child.kill('SIGTERM')
  t.equal(await server.exited, 0)
  t.ok(Date.now() - started < 10_000)
  working = false
  await Promise.all(clients)
  t.same(
    statuses.filter((status) => status !== 200),
    [],
  )
})
