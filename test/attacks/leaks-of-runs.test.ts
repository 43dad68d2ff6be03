import { createHmac } from 'node:crypto'
import t from 'tap'
import { createExecutor } from '../../src/engine/executor.ts'
import type { Caller } from '../support/app.ts'
import { startReceiver } from '../support/receiver.ts'
import { asBearer, dump, everyForm, found, spiedApp } from '../support/spied-app.ts'

t.test('a secret of any slot never comes out of what uses it', async (t) => {
  // It says all that it hears, in every way that it can.
  const receiver = await startReceiver(t, (request, response) => {
    const heard = [request.url, ...Object.values(request.headers), receiver.received.at(-1)?.body].join(' ')
    const status = Number(/status=(\d+)/.exec(request.url ?? '')?.[1] ?? 200)
    const shown = [heard, encodeURIComponent(heard), Buffer.from(heard).toString('base64'), JSON.stringify(heard)]
    response.writeHead(status, { 'x-request-id': String(request.headers.authorization), location: request.url ?? '' })
    response.end(shown.join('\n'))
  })
  const on = await spiedApp(t, { egressAllow: [receiver.authority] })
  const { send, made, given, secrets, answers, jobsSent, db } = on
  const account = { email: 'ada@example.com', password: made('password'), organization_name: 'Analytical Engines' }
  const { access_token, refresh_token } = (await send(null, 'POST', '/api/v1/auth/register', account)).body
  const ada = asBearer(given('access token', access_token))
  given('refresh token', refresh_token)
  const [organization] = (await send(ada, 'GET', '/api/v1/organizations')).body.organizations
  const path = `/api/v1/organizations/${organization.id}`
  const spaceId = (await send(ada, 'POST', `${path}/spaces`, { name: 'Engine room' })).body.id
  const base = `${path}/spaces/${spaceId}/automations`
  const { service_account, token } = (await send(ada, 'POST', `${path}/service-accounts`, { name: 'AI' })).body
  const staff: Caller = { token: given('sa_ token', token), id: service_account.id, userId: service_account.user_id }

  const queue = {
    send: async (_trx: unknown, jobs: readonly (typeof jobsSent)[number][]) => void jobsSent.push(...jobs),
  }
  const execute = createExecutor({ ...on, queue, backoff: () => 0 })
  const drain = async () => {
    for (let job = jobsSent.shift(); job; job = jobsSent.shift())
      await execute({ ...job, signal: new AbortController().signal })
  }

  const key = made('named secret')
  const password = made('named secret that is encoded')
  const request = (more: object) => ({
    type: 'http_request',
    url: `http://${receiver.authority}/{{ secrets.key | url_encode }}?k={{ secrets.key | url_encode }}`,
    headers: {
      authorization: "Basic {{ 'me:' | append: secrets.password | base64_encode }}",
      'x-plain': '{{ secrets.key }}',
      'x-twice': '{{ secrets.key | append: secrets.password | upcase }}',
    },
    body: { key: '{{ secrets.key }}', list: ['{{ secrets.password | json }}'], event: '{{ event.body.token }}' },
    signing: 'standard_webhooks',
    ...more,
  })
  const variants = [
    request({}),
    request({ repeat: 'ask' }),
    request({ url: `http://${receiver.authority}/?status=500&k={{ secrets.key | url_encode }}`, repeat: 'ask' }),
    request({ url: `http://${receiver.authority}/?status=404` }),
    request({ url: 'http://nobody.invalid/{{ secrets.key }}' }),
    request({ url: `http://${receiver.authority}/?a={{ secrets.key }}#{{ secrets.password }}`, repeat: 'ask' }),
    request({ headers: { 'x-broken': '{{ secrets.key }}\r\n' } }),
    request({ headers: { 'x-odd': '{{ secrets.odd }}' } }),
    request({ body: '{{ secrets.key | divided_by: 0 }}{{ secrets.key | date: secrets.key }}' }),
  ]
  const odd = `${made('named secret with odd characters')} "<&>'\\/ü\r\n`
  for (const action of variants) {
    const config = { verification: 'github', action }
    const body = { name: 'Charge', kind: 'webhook', config, oauth_token: made('credential') }
    const { id, trigger } = (await send(ada, 'POST', base, body)).body.automation
    for (const [name, value] of Object.entries({ key, password, odd }))
      await send(ada, 'PUT', `${base}/${id}/secrets/${name}`, { value })
    await send(staff, 'PUT', `${base}/${id}/secrets/key`, { value: made('named secret of AI staff') })
    await send(ada, 'PUT', `${base}/${id}/secrets/key`, { value: [made('named secret in a list')] })
    await send(ada, 'PUT', `${base}/${id}/secrets/key`, { value: `${made('named secret with a NUL')}\u0000` })
    await send(ada, 'PUT', `${base}/${id}/secrets/key?value=${made('named secret in a query')}`, {})
    await send(ada, 'PUT', `${base}/${id}/secrets/${encodeURIComponent(made('named secret as its name'))}`, {
      value: 'x',
    })
    await send(ada, 'PUT', `${base}/${id}/secrets/spare`, { value: made('named secret that is taken away') })
    await send(ada, 'DELETE', `${base}/${id}/secrets/spare`)
    const { secret } = (await send(ada, 'POST', `${base}/${id}/webhook/secret`)).body
    given('secret of the senders', secret)
    given('signing secret', (await send(ada, 'POST', `${base}/${id}/signing-secret`)).body.secret)
    await send(ada, 'PATCH', `${base}/${id}`, { status: 'active' })
    const event = '{"token": "of no slot"}'
    await send(null, 'POST', new URL(trigger.url).pathname, event, {
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(event).digest('hex')}`,
      'x-github-delivery': 'one',
      authorization: `Bearer ${made('what a sender carries')}`,
      cookie: `session=${made('what a sender carries in a cookie')}`,
    })
    await send(ada, 'POST', `${base}/${id}/run`, { event: { body: { token: 'made up' } } })
    await drain()
    const { runs } = (await send(ada, 'GET', `${base}/${id}/runs`)).body
    t.equal(runs.length, 2)
    for (const caller of [ada, staff])
      for (const part of ['', '/preview', '/runs', '/events', '/revisions', '/revisions/2/diff', '/secrets'])
        await send(caller, 'GET', `${base}/${id}${part}`)
    await send(ada, 'POST', `${base}/preview`, { kind: 'webhook', config })
  }
  await send(ada, 'GET', `${path}/audit-log?limit=200`)
  await send(ada, 'GET', `${path}/spaces/${spaceId}/events?timeout_seconds=0`)
  t.ok(receiver.received.length >= 10, `${receiver.received.length} requests were sent`)
  const sent = JSON.stringify(receiver.received)
  t.ok(sent.includes(key) && sent.includes(Buffer.from(`me:${password}`).toString('base64')), 'with the secrets')
  const forms = (value: string) => [
    ...everyForm(value),
    value.toUpperCase(),
    Buffer.from(`me:${value}`).toString('base64'),
  ]

  for (const [i, { what, text }] of answers.entries()) {
    const hidden = secrets.filter(({ shownIn }) => !shownIn.has(i))
    t.same(found(text, hidden, forms), [], what)
  }
  for (const line of on.log) t.same(found(line, secrets, forms), [], line.slice(0, 200))
  for (const [table, text] of await dump(db))
    if (!['refresh_tokens', 'service_accounts'].includes(table)) t.same(found(text, secrets, forms), [], table)
})
