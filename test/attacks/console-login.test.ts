import { sql } from 'kysely'
import t from 'tap'
import { hashToken } from '../../src/access/tokens.ts'
import { emptyApp } from '../support/app.ts'

const SAME = { 'sec-fetch-site': 'same-origin' }
const ACCOUNT = { email: 'ada@example.com', password: 'correct horse battery' }

t.test('the console goes on with a cookie that pages of others can not use', async (t) => {
  const { app, db } = await emptyApp(t, { publicUrl: 'https://automations.example.com' })
  const { access_token: token } = (
    await app.inject({
      method: 'POST',
      url: '/api/v1/auth/register',
      payload: { ...ACCOUNT, organization_name: 'Engines' },
    })
  ).json()
  const logIn = (headers: Record<string, string> = SAME, payload: object = ACCOUNT) =>
    app.inject({ method: 'POST', url: '/api/v1/console/login', headers, payload })
  const cookieOf = (answer: Awaited<ReturnType<typeof logIn>>) => answer.cookies[0]?.value ?? ''
  const me = (value: string, headers: Record<string, string> = SAME) =>
    app.inject({ url: '/api/v1/me', headers, cookies: { '__Host-hyperspeed': value } })
  const statusOf = async (...args: Parameters<typeof me>) => (await me(...args)).statusCode

  const first = await logIn()
  t.equal(first.statusCode, 204)
  t.match(
    first.headers['set-cookie'],
    /^__Host-hyperspeed=con_[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  )
  t.equal(first.body, '')
  const value = cookieOf(first)
  t.match((await me(value)).json(), { email: ACCOUNT.email })

  t.test('from pages of this server alone', async (t) => {
    for (const site of ['same-site', 'cross-site', 'none', 'same-origin, cross-site', 'SAME-ORIGIN', ''])
      t.equal(await statusOf(value, { 'sec-fetch-site': site }), 401, site)
    for (const [origin, status] of [
      ['https://automations.example.com', 200],
      ['http://automations.example.com', 401],
      ['https://automations.example.com.evil.example', 401],
      ['https://automations.example.com:8443', 401],
      ['null', 401],
      ['', 401],
    ] as const)
      t.equal(await statusOf(value, { origin }), status, origin)
    t.equal(await statusOf(value, {}), 401, 'where nothing is said')
    t.equal(
      await statusOf(value, { 'sec-fetch-site': 'cross-site', origin: 'https://automations.example.com' }),
      401,
      'what the browser says of the page counts',
    )
  })

  t.test('nor does it stand in for a token, or a token for it', async (t) => {
    t.equal(await statusOf(value, { ...SAME, authorization: 'Bearer nonsense' }), 401, 'a wrong token stays one')
    t.equal(await statusOf('', { ...SAME, authorization: `Bearer ${value}` }), 401)
    t.equal(await statusOf(token), 401)
    t.equal(await statusOf(`con_${'x'.repeat(43)}`), 401)
    t.equal(await statusOf(`con_${'x'.repeat(5000)}`), 401)
    t.equal(await statusOf(`${value}x`), 401)
    const { rows } = await sql<{
      found: string
    }>`select encode(token_hash, 'hex') as found from console_logins`.execute(db)
    t.same(rows, [{ found: hashToken(value).toString('hex') }], 'it is stored as a hash')
  })

  t.test('a login is only taken from there, too', async (t) => {
    for (const headers of [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
    ]) {
      const answer = await logIn(headers as Record<string, string>)
      t.match([answer.statusCode, answer.json().code], [403, 'origin_not_allowed'])
      t.same(answer.cookies, [])
    }
    const wrong = await logIn(SAME, { ...ACCOUNT, password: 'wrong' })
    t.match([wrong.statusCode, wrong.json().code], [401, 'invalid_credentials'])
    const nobody = await logIn(SAME, { ...ACCOUNT, email: 'nobody@example.com' })
    t.same(nobody.json().code, 'invalid_credentials')
    t.same([...wrong.cookies, ...nobody.cookies], [])
  })

  t.test('a page may ask whose it is, and hears of nobody where it is nobody’s', async (t) => {
    const ask = (value: string, headers: Record<string, string> = SAME) =>
      app.inject({ url: '/api/v1/console/login', headers, cookies: { '__Host-hyperspeed': value } })
    t.match((await ask(value)).json(), { user: { email: ACCOUNT.email } })
    for (const nobodys of ['', token, `con_${'x'.repeat(43)}`, `${value}x`])
      t.same((await ask(nobodys)).json(), { user: null })
    t.same((await app.inject({ url: '/api/v1/console/login', headers: SAME })).json(), { user: null })
    const over = cookieOf(await logIn())
    await sql`update console_logins set ends_at = now() where token_hash = ${hashToken(over)}`.execute(db)
    t.same((await ask(over)).json(), { user: null })
    t.equal((await ask(value, { 'sec-fetch-site': 'cross-site' })).statusCode, 403)
  })

  t.test('it ends with its log-out, unused, after a week, and with its session', async (t) => {
    const end = async (by: (value: string) => Promise<unknown>) => {
      const own = cookieOf(await logIn())
      t.equal(await statusOf(own), 200)
      await by(own)
      t.equal(await statusOf(own), 401)
    }
    const update = (set: string) => (own: string) =>
      sql`update console_logins set ${sql.raw(set)} where token_hash = ${hashToken(own)}`.execute(db)
    await end(async (own) => {
      const gone = await app.inject({
        method: 'DELETE',
        url: '/api/v1/console/login',
        headers: SAME,
        cookies: { '__Host-hyperspeed': own },
      })
      t.equal(gone.statusCode, 204)
      t.match(gone.headers['set-cookie'], /^__Host-hyperspeed=; .*Expires=Thu, 01 Jan 1970/)
    })
    await end(update("last_used_at = now() - interval '12 hours'"))
    await end(update('ends_at = now()'))
    await end(() =>
      sql`update sessions set revoked_at = now() where id in (select session_id from console_logins)`.execute(db),
    )
    const nothing = await app.inject({ method: 'DELETE', url: '/api/v1/console/login', headers: SAME })
    t.equal(nothing.statusCode, 204, 'again does nothing')
    const foreign = await app.inject({ method: 'DELETE', url: '/api/v1/console/login' })
    t.equal(foreign.statusCode, 403)
  })

  t.test('use keeps it', async (t) => {
    const own = cookieOf(await logIn())
    const used = async () =>
      (
        await sql<{ ago: number }>`
        select extract(epoch from now() - last_used_at)::float8 as ago from console_logins
         where token_hash = ${hashToken(own)}`.execute(db)
      ).rows[0]?.ago ?? 0
    await sql`update console_logins set last_used_at = now() - interval '11 hours' where token_hash = ${hashToken(own)}`.execute(
      db,
    )
    t.ok((await used()) > 30_000)
    t.equal(await statusOf(own), 200)
    while ((await used()) > 100) await app.inject({ url: '/healthz' })
    t.equal(await statusOf(own), 200)
  })

  t.test('what it does is on record as of who logged in', async (t) => {
    const { organizations } = (
      await app.inject({ url: '/api/v1/organizations', headers: { authorization: `Bearer ${token}` } })
    ).json()
    const log = await app.inject({
      url: `/api/v1/organizations/${organizations[0].id}/audit-log?limit=100`,
      headers: { authorization: `Bearer ${token}` },
    })
    const actions = log.json().entries.map(({ action }: { action: string }) => action)
    for (const action of ['auth.logged_in', 'auth.login_failed', 'auth.logged_out'])
      t.ok(actions.includes(action), action)
  })
})
