import { Webhook as StandardWebhook } from 'standardwebhooks'
import t from 'tap'
import { type Answer, testApp } from '../support/app.ts'
import { startReceiver } from '../support/receiver.ts'
import { SECRETS, startServer } from '../support/server.ts'

t.test('from an event to a signed request to the result, in one run of the program itself', async (t) => {
  const { owner, organizationId, spaceId, databaseUrl } = await testApp(t)
  const receiver = await startReceiver(t, (_request, response) => response.end('thanks'))
  const env = { ...SECRETS, DATABASE_URL: databaseUrl, EGRESS_ALLOW: receiver.authority }
  const { base } = await startServer(t, env)
  const ask = async (path: string, body: object, headers = {}) => {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    return { status: answer.status, body: (await answer.json()) as Answer['body'] }
  }
  const automations = `${base}/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const person = (path: string, body: object) =>
    ask(automations + path, body, { authorization: `Bearer ${owner.token}` })
  const config = {
    verification: 'none',
    response: 'wait',
    wait_seconds: 30,
    action: {
      type: 'http_request',
      url: `http://${receiver.authority}/{{ event.type }}`,
      body: { got: '{{ event.body.n }}' },
      signing: 'standard_webhooks',
    },
  }
  const { automation } = (await person('', { name: 'Relay', kind: 'webhook', config, status: 'active' })).body
  const hook = base + new URL(automation.trigger.url).pathname
  const relay = (n: number) => ask(hook, { type: 'order', n })
  const newSecret = async (grace_seconds: number) =>
    (await person(`/${automation.id}/signing-secret`, { grace_seconds })).body.secret as string

  /** Whether what was received last verifies with each of some secrets. */
  const verdicts = (...secrets: string[]) => {
    const { body = '', headers = {} } = receiver.received.at(-1) ?? {}
    return secrets.map((secret) => {
      try {
        new StandardWebhook(secret).verify(body, headers as Record<string, string>)
        return true
      } catch {
        return false
      }
    })
  }

  const unsigned = await relay(1)
  t.match(unsigned, { status: 200, body: { run: { status: 'failed', error_message: /no signing secret/ } } })
  t.equal(receiver.received.length, 0, 'nothing is sent unsigned')

  const first = await newSecret(0)
  const answer = await relay(2)
  t.match(answer, { status: 200, body: { run: { status: 'succeeded', output: { status: 200, body: 'thanks' } } } })
  t.match(receiver.received, [{ url: '/order', body: '{"got":"2"}' }])
  t.equal(receiver.received[0]?.headers['webhook-id'], answer.body.run_id)
  const second = await newSecret(3600)
  t.same(verdicts(first, second), [true, false])
  await relay(3)
  t.same(verdicts(first, second), [true, true], 'with both while the one before holds')
  const third = await newSecret(0)
  await relay(4)
  t.same(verdicts(first, second, third), [false, false, true])
})
