import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { type Caller, testApp } from '../../support/app.ts'
import { mcpClient, modern } from '../../support/mcp.ts'
import { until } from '../../support/until.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
type Message = any

/** The app on a port, and streams of messages from it. */
async function listeningApp(t: Test, config: Parameters<typeof testApp>[1] = {}) {
  const on = await testApp(t, config)
  await on.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = on.app.server.address() as { port: number }
  const stream = async (caller: Caller, method: string, params: Record<string, unknown>) => {
    const controller = new AbortController()
    t.teardown(() => controller.abort())
    const { headers, body } = modern(method, params)
    const response = await fetch(`http://127.0.0.1:${port}/mcp`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${caller.token}` },
      body: JSON.stringify(body),
      signal: controller.signal,
    })
    const messages: Message[] = []
    const read = async () => {
      let rest = ''
      for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
        const blocks = (rest + chunk).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) {
          const data = /^data: (.*)$/m.exec(block)?.[1]
          if (data !== undefined) messages.push(JSON.parse(data))
        }
      }
    }
    const ended = read().then(
      () => 'ended',
      () => 'cut',
    )
    return { response, messages, ended, leave: () => controller.abort() }
  }
  return { ...on, stream }
}

const PROPOSAL = { name: 'x', kind: 'scheduled', config: { cron: '0 9 * * *', channel: 'general' }, note: 'n' }

t.test('subscriptions tell of changes of what their caller may read', async (t) => {
  const { app, stream, serviceAccount, spaceId, organizationId, owner, send, otherOrganization, db } =
    await listeningApp(t)
  const staff = await serviceAccount(['files.read', 'files.write'])
  const { call, askAsBefore } = mcpClient(app, staff)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const propose = async () =>
    (await call('propose_automation', { space_id: spaceId, ...PROPOSAL, name: `${Math.random()}` })).found
  const first = await propose()
  const second = await propose()
  const uriOf = ({ automation_id }: { automation_id: string }, space = spaceId) =>
    `hyperspeed://spaces/${space}/automations/${automation_id}`
  const strange = await otherOrganization()
  const listen = (caller: Caller, uris: string[]) =>
    stream(caller, 'subscriptions/listen', { notifications: { resourceSubscriptions: uris } })
  const told = (messages: Message[]) =>
    messages.flatMap(({ method, params }) => (method === 'notifications/resources/updated' ? [params.uri] : []))

  const heard = await listen(staff, [
    uriOf(first),
    uriOf(first).replace(spaceId, strange.spaceId),
    uriOf({ automation_id: spaceId }),
    'hyperspeed://kinds/scheduled',
    'file:///etc/passwd',
  ])
  t.equal(heard.response.status, 200)
  await until(async () => heard.messages.length > 0)
  t.match(heard.messages[0], {
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { resourceSubscriptions: [uriOf(first)] } },
  })
  t.equal(heard.messages[0].params.notifications.resourceSubscriptions.length, 1, 'nothing else is told of')
  await send(owner, 'POST', `${base}/${second.automation_id}/approve`)
  await send(owner, 'POST', `${base}/${first.automation_id}/reject`)
  await until(async () => told(heard.messages).length > 0, 10_000)
  t.same([...new Set(told(heard.messages))], [uriOf(first)])

  t.test('which clients of 2025 can not have', async (t) => {
    t.ok((await askAsBefore('resources/subscribe', { uri: uriOf(first) })).body.error)
    const { capabilities } = (
      await askAsBefore('initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'x', version: '1' },
      })
    ).body.result
    t.notOk(capabilities.resources.subscribe)
  })

  t.test('end where nothing is left to be told of', async (t) => {
    const none = await listen(staff, [uriOf({ automation_id: spaceId })])
    t.equal(await none.ended, 'ended')
    t.match(none.messages.at(-1), { result: { resultType: 'complete' } })
    t.ok((await stream(staff, 'subscriptions/listen', {})).response.ok, 'without any it is an error in the body')
  })

  t.test('let go of what their caller leaves', async (t) => {
    const left = await listen(staff, [uriOf(second)])
    await until(async () => left.messages.length > 0)
    t.equal(app.spaceFeed.size, 2)
    left.leave()
    await until(async () => app.spaceFeed.size === 1)
  })

  t.test('end with the token', async (t) => {
    await sql`update service_accounts set token_hash = decode('00', 'hex') where id = ${staff.id}`.execute(db)
    await send(owner, 'PATCH', `${base}/${first.automation_id}`, { status: 'draft' })
    t.equal(await heard.ended, 'ended')
    t.equal(told(heard.messages).length, 1, 'and nothing more is told')
    await until(async () => app.spaceFeed.size === 0)
  })
})

t.test('who waits hears that it goes on, and the end of it', async (t) => {
  const { app, stream, serviceAccount, spaceId: space_id, organizationId, owner, send, db } = await listeningApp(t)
  const staff = await serviceAccount(['files.read', 'files.write'])
  const { ask, call } = mcpClient(app, staff)
  const { automation_id, digest } = (await call('propose_automation', { space_id, ...PROPOSAL })).found
  const args = { space_id, automation_id, digest, wait_seconds: 40 }
  const waiting = await stream(staff, 'tools/call', {
    name: 'wait_for_decision',
    arguments: args,
    _meta: { progressToken: 'p1' },
  })
  await until(async () => waiting.messages.length > 0, 20_000)
  t.match(waiting.messages[0], { method: 'notifications/progress', params: { progressToken: 'p1', progress: 1 } })
  const base = `/api/v1/organizations/${organizationId}/spaces/${space_id}/automations`
  await send(owner, 'POST', `${base}/${automation_id}/reject`, { reason: 'No' })
  await waiting.ended
  t.match(waiting.messages.at(-1).result.structuredContent, { outcome: 'rejected', reason: 'No' })

  await t.test('deletion is told as withdrawal, and who leaves is let go', async (t) => {
    const again = (await call('propose_automation', { space_id, ...PROPOSAL })).found
    const other = { ...args, automation_id: again.automation_id, digest: again.digest }
    const left = stream(staff, 'tools/call', { name: 'wait_for_decision', arguments: other })
    const stays = call('wait_for_decision', other)
    await until(async () => app.spaceFeed.size === 2)
    await send(owner, 'DELETE', `${base}/${again.automation_id}`)
    t.match((await stays).found, { outcome: 'withdrawn', reason: /deleted/ })
    await (await left).ended
    t.equal(app.spaceFeed.size, 0)
  })

  await t.test('who loses its token meanwhile hears of that at the end of its time, too', async (t) => {
    const gone = await serviceAccount(['files.read', 'files.write'])
    const client = mcpClient(app, gone)
    const own = (await client.call('propose_automation', { space_id, ...PROPOSAL })).found
    const { automation_id, digest } = own
    const other = { space_id, automation_id, digest, wait_seconds: 2 }
    const waiting = client.ask('tools/call', { name: 'wait_for_decision', arguments: other })
    await until(async () => app.spaceFeed.size === 1)
    await sql`update service_accounts set token_hash = decode('01', 'hex') where id = ${gone.id}`.execute(db)
    t.match(await waiting, { status: 401, body: { code: 'unauthorized' } })
  })

  await t.test('who loses its token meanwhile hears of that, and not of the decision', async (t) => {
    const again = (await call('propose_automation', { space_id, ...PROPOSAL })).found
    const other = { ...args, automation_id: again.automation_id, digest: again.digest }
    const waiting = ask('tools/call', { name: 'wait_for_decision', arguments: other })
    await until(async () => app.spaceFeed.size === 1)
    await sql`update service_accounts set token_hash = decode('00', 'hex') where id = ${staff.id}`.execute(db)
    await send(owner, 'POST', `${base}/${again.automation_id}/reject`, { reason: 'No' })
    t.match(await waiting, { status: 401, body: { code: 'unauthorized' } })
  })
})

t.test('who has asked for too much is not taken for somebody who may read', async (t) => {
  const { stream, serviceAccount, spaceId, otherOrganization } = await listeningApp(t, { rateLimit: 20 })
  const staff = await serviceAccount(['files.read'])
  const strange = await otherOrganization()
  const uri = `hyperspeed://spaces/${strange.spaceId}/automations/${spaceId}`
  const listen = () => stream(staff, 'subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } })
  const heard: Awaited<ReturnType<typeof listen>>[] = []
  for (let i = 0; i < 25; i++) heard.push(await listen())
  t.same([...new Set(heard.map(({ response }) => response.status))], [200, 429])
  await Promise.all(heard.map(({ ended }) => ended))
  for (const { messages } of heard) t.notMatch(JSON.stringify(messages), strange.spaceId)
})
