import { Agent, request } from 'node:http'
import t from 'tap'
import { type Caller, testApp } from '../support/app.ts'
import { mcpClient, modern } from '../support/mcp.ts'
import { until } from '../support/until.ts'

const MOST = 1000
const MOST_OF_ACCOUNT = 100

t.test(
  'a thousand listen, a hundred of each account, the next ones are told to come again, and each place is given back',
  async (t) => {
    const { app, serviceAccount, spaceId: space_id, owner, send, organizationId } = await testApp(t)
    const accounts = await Promise.all(
      Array.from({ length: MOST / MOST_OF_ACCOUNT + 1 }, () => serviceAccount(['files.read', 'files.write'])),
    )
    const { call } = mcpClient(app, accounts[0] as Caller)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as { port: number }
    const { automation_id } = (
      await call('propose_automation', { space_id, name: 'x', kind: 'scheduled', config: {}, note: 'n' })
    ).found
    const uri = `hyperspeed://spaces/${space_id}/automations/${automation_id}`
    const { headers, body } = modern('subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } })
    const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })

    const listen = (account: number) =>
      new Promise<{ status: number; again: string | undefined; heard: string[]; leave: () => void }>(
        (resolve, reject) => {
          const asking = request({
            port,
            path: '/mcp',
            method: 'POST',
            agent,
            headers: { ...headers, authorization: `Bearer ${accounts[account]?.token}` },
          })
          asking.on('error', reject)
          asking.on('response', (response) => {
            const heard: string[] = []
            response.setEncoding('utf8').on('data', (chunk: string) => heard.push(chunk))
            response.on('error', () => {}) // left
            const { statusCode: status = 0, headers } = response
            resolve({ status, again: headers['retry-after'], heard, leave: () => asking.destroy() })
          })
          asking.end(JSON.stringify(body))
        },
      )
    const listeners: Awaited<ReturnType<typeof listen>>[] = []
    for (let account = 0; listeners.length < MOST; account++) {
      listeners.push(...(await Promise.all(Array.from({ length: MOST_OF_ACCOUNT }, () => listen(account)))))
      t.match(await listen(account), { status: listeners.length < MOST ? 429 : 503, again: '5' })
    }
    t.ok(listeners.every(({ status }) => status === 200))
    const oneMore = await listen(MOST / MOST_OF_ACCOUNT)
    t.match(oneMore, { status: 503, again: '5' })
    await until(async () => oneMore.heard.join('').includes('"unavailable"'))

    await send(
      owner,
      'POST',
      `/api/v1/organizations/${organizationId}/spaces/${space_id}/automations/${automation_id}/reject`,
    )
    await until(async () => listeners.every(({ heard }) => heard.join('').includes('notifications/resources/updated')))
    listeners[0]?.leave()
    await until(async () => {
      const { status, leave } = await listen(MOST / MOST_OF_ACCOUNT)
      leave()
      return status === 200
    })
    for (const { leave } of listeners) leave()
    agent.destroy()
  },
)
