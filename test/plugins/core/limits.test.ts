import t from 'tap'
import { createServer } from '../../../plugins/server.ts'
import { registration } from '../../support/accounts.ts'
import { emptyApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'

t.test('behind a proxy nobody chooses the address that they are counted and put on record under', async (t) => {
  const { send, db } = await emptyApp(t, { rateLimit: 10_000, multiTenant: true, trustProxy: 1 })
  const guess = async (name: string, forwarded: (i: number) => string, most: number) => {
    await send(null, 'POST', '/api/v1/auth/register', registration(name, { organization_name: name }))
    const body = { ...registration(name), password: 'a wrong password' }
    const statuses: number[] = []
    for (let i = 0; i < most; i++) {
      const headers = { 'x-forwarded-for': forwarded(i) }
      statuses.push((await send(null, 'POST', '/api/v1/auth/login', body, headers)).status)
    }
    return statuses
  }
  const ten = Array(10).fill(401)
  t.same(await guess('ada', (i) => `10.9.8.${i}, 198.51.100.7`, 16), [...ten, ...Array(6).fill(429)])
  t.same(await guess('grace', (i) => `203.0.113.9:${50_000 + i}`, 11), [...ten, 429], 'a port is no other caller')
  t.same(await guess('joan', (i) => `2001:db8:7:7:${i}::1`, 11), [...ten, 429], 'nor is an address of the same network')
  const written = await until(async () => {
    const rows = await db.selectFrom('audit_log').select('entry').where('action', '=', 'auth.login_failed').execute()
    return rows.length < 30 ? undefined : rows.map(({ entry }) => String(JSON.parse(entry).details.address))
  })
  const seen = new Set(written.filter((address) => !address.includes(':')))
  t.same(seen, new Set(['198.51.100.7', '203.0.113.9']))
})

t.test('of two proxies, or of those that are named, the address before them is the caller', async (t) => {
  for (const [trustProxy, address] of [
    [2, '203.0.113.9'],
    [['127.0.0.0/8', '198.51.100.7'], '203.0.113.9'],
    [['10.0.0.0/8'], '127.0.0.1'],
    [0, '127.0.0.1'],
  ] as const) {
    const app = createServer({
      trustProxy: typeof trustProxy === 'number' ? trustProxy : [...trustProxy],
      logger: false,
    })
    app.get('/', async (request) => request.ip)
    const answer = await app.inject({ url: '/', headers: { 'x-forwarded-for': '10.9.8.7, 203.0.113.9, 198.51.100.7' } })
    t.equal(answer.body, address, String(trustProxy))
    await app.close()
  }
})
