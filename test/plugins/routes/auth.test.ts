import { hash } from '@node-rs/argon2'
import { sql } from 'kysely'
import t from 'tap'
import { PERMISSIONS } from '../../../src/access/permissions.ts'
import { hashToken } from '../../../src/access/tokens.ts'
import { canonicalJson } from '../../../src/canonical-json.ts'
import { sweep } from '../../../src/maintenance.ts'
import { passRefreshGrace } from '../../support/accounts.ts'
import { type Answer, type EmptyApp, emptyApp, testApp } from '../../support/app.ts'

const ADA = { email: 'ada@example.com', password: 'correct horse battery staple' }
const GRACE = { email: 'grace@example.com', password: 'one nanosecond of wire' }

const register = ({ send }: EmptyApp, body: object) => send(null, 'POST', '/api/v1/auth/register', body)
const login = ({ send }: EmptyApp, body: object) => send(null, 'POST', '/api/v1/auth/login', body)
const refresh = ({ send }: EmptyApp, token: string) =>
  send(null, 'POST', '/api/v1/auth/refresh', { refresh_token: token })
const callerOf = (answer: Answer) => ({ token: answer.body.access_token as string, userId: '', id: '' })
const me = ({ send }: EmptyApp, answer: Answer) => send(callerOf(answer), 'GET', '/api/v1/me')

t.test('the first account founds the organization', async (t) => {
  const on = await emptyApp(t)
  const nameless = await register(on, ADA)
  t.match(nameless, { status: 400, body: { code: 'organization_name_required' } })
  t.match(await register(on, { ...ADA, organization_name: 'X', invite_token: 'inv_x' }), { status: 404 })

  const first = await register(on, { ...ADA, email: ' Ada@Example.COM\n', organization_name: ' Ánalytical  Engines! ' })
  t.equal(first.status, 201)
  t.match(first.body, { token_type: 'Bearer', expires_in: 900, refresh_token: /^rt_[\w-]{43}$/ })
  const { iat, exp } = JSON.parse(Buffer.from(first.body.access_token.split('.')[1], 'base64url').toString())
  t.equal(exp - iat, 900, 'what it says of its token is so')
  t.notOk('signup_pending' in first.body)
  t.match((await me(on, first)).body, {
    email: 'ada@example.com',
    display_name: 'ada',
    service_account: null,
    signup_pending: false,
  })

  const { organizations } = (await on.send(callerOf(first), 'GET', '/api/v1/organizations')).body
  t.equal(organizations.length, 1)
  t.match(organizations[0], { name: 'Ánalytical  Engines!', slug: 'analytical-engines', open_signups_enabled: false })
  const path = `/api/v1/organizations/${organizations[0].id}`
  const { permissions } = (await on.send(callerOf(first), 'GET', `${path}/me/permissions`)).body
  t.same(permissions, PERMISSIONS)
  const { roles } = (await on.send(callerOf(first), 'GET', `${path}/roles`)).body
  t.match(roles, [{ name: 'Owner', is_system: true, permissions: [...PERMISSIONS] }])

  t.test('later ones are refused alike, whether or not their email has an account', async (t) => {
    for (const body of [GRACE, ADA]) {
      t.match(await register(on, body), { status: 403, body: { error: 'signups_disabled' } })
      const founder = { ...body, organization_name: 'Another' }
      t.match(await register(on, founder), { status: 403, body: { error: 'single_org_exists' } })
      const invited = { ...body, invite_token: 'inv_unknown' }
      t.match(await register(on, invited), { status: 404, body: { error: 'invite not found' } })
    }
    const { count } = await on.db
      .selectFrom('users')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .executeTakeFirstOrThrow()
    t.equal(count, '1')
  })
})

t.test('of many first accounts at once exactly one founds the organization', async (t) => {
  const on = await emptyApp(t)
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      register(on, { ...ADA, email: `ada${i}@example.com`, organization_name: `Engines ${i}` }),
    ),
  )
  t.same(answers.map(({ status }) => status).sort(), [201, 403, 403, 403, 403, 403, 403, 403])
  t.equal((await on.db.selectFrom('organizations').select('id').execute()).length, 1)
  t.equal((await on.db.selectFrom('users').select('id').execute()).length, 1, 'nobody is left without an organization')
})

t.test('with open sign-ups an account waits', async (t) => {
  const on = await testApp(t)
  const path = `/api/v1/organizations/${on.organizationId}`
  await on.send(on.owner, 'PATCH', `${path}/features`, { open_signups_enabled: true })
  const answer = await register(on, { ...GRACE, name: ' Grace Hopper ' })
  t.match(answer, { status: 201, body: { signup_pending: true } })
  t.match((await me(on, answer)).body, { display_name: 'Grace Hopper', signup_pending: true })
  t.equal((await on.send(callerOf(answer), 'GET', path)).body.error, 'not a member of this organization')
  t.equal((await login(on, GRACE)).body.signup_pending, true)
  t.match(await register(on, { ...GRACE, email: 'GRACE@example.com' }), {
    status: 409,
    body: { error: 'email already registered' },
  })

  const racers = await Promise.all(Array.from({ length: 5 }, () => register(on, ADA)))
  t.same(racers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409], 'one account for each email')
})

t.test('where the server takes many organizations, anybody registers', async (t) => {
  const on = await emptyApp(t, { multiTenant: true })
  const alone = await register(on, ADA)
  t.equal(alone.status, 201)
  t.notOk('signup_pending' in alone.body)
  t.same((await on.send(callerOf(alone), 'GET', '/api/v1/organizations')).body.organizations, [])
  for (const [i, slug] of [/^engines$/, /^engines-[0-9a-f]{8}$/].entries()) {
    const answer = await register(on, { ...ADA, email: `ada${i}@example.com`, organization_name: 'Engines' })
    const { organizations } = (await on.send(callerOf(answer), 'GET', '/api/v1/organizations')).body
    t.equal(organizations.length, 1, 'its own alone')
    t.match(organizations[0].slug, slug)
  }
})

t.test('a registration must be well made', async (t) => {
  const on = await testApp(t)
  const wrong: [object, string][] = [
    [{ ...ADA, password: 'seven c' }, '/password'],
    [{ ...ADA, password: 'x'.repeat(1025) }, '/password'],
    [{ ...ADA, name: '  ' }, '/name'],
    [{ ...ADA, organization_name: '' }, '/organization_name'],
    [{ ...ADA, is_admin: true }, '/is_admin'],
    [{ ...ADA, signup_pending: false }, '/signup_pending'],
    [{ password: ADA.password }, '/email'],
    ...['ada', '@example.com', 'ada@', 'ada@localhost', 'a da@example.com', 'аda@example.com', 'a@b..c'].map(
      (email): [object, string] => [{ ...ADA, email }, '/email'],
    ),
  ]
  for (const [body, path] of wrong) {
    const answer = await register(on, body)
    t.match(answer, { status: 400, body: { code: 'invalid_request', details: [{ path }] } }, JSON.stringify(body))
  }
})

t.test('logging in', async (t) => {
  const on = await emptyApp(t, { multiTenant: true })
  await register(on, { ...ADA, organization_name: 'Engines' })

  t.test('takes the email in any case', async (t) => {
    const answer = await login(on, { ...ADA, email: ' ADA@example.com' })
    t.equal(answer.status, 200)
    t.equal((await me(on, answer)).body.email, ADA.email)
  })

  t.test('takes the password in any Unicode form, and one that was kept in another', async (t) => {
    const composed = { email: 'jose@example.com', password: 'Jos\u00e9\u00a0Mar\u00eda' }
    const decomposed = { ...composed, password: 'Jose\u0301 Mari\u0301a' }
    t.equal((await register(on, decomposed)).status, 201)
    for (const form of [composed, decomposed]) t.equal((await login(on, form)).status, 200)
    t.equal((await login(on, { ...composed, password: 'Jose Maria' })).status, 401)
    await on.db
      .updateTable('users')
      .set({ password_hash: await hash(decomposed.password, { memoryCost: 1024, timeCost: 1 }) })
      .where('email', '=', composed.email)
      .execute()
    t.equal((await login(on, decomposed)).status, 200, 'as it was sent when the account was made')
    t.equal((await login(on, { ...decomposed, password: 'Jose\u0301' })).status, 401)
  })

  t.test('tells nobody what was wrong', async (t) => {
    const answers = [
      await login(on, { ...ADA, password: 'wrong' }),
      await login(on, { ...ADA, password: `${ADA.password} ` }),
      await login(on, GRACE),
      await login(on, { email: '', password: '' }),
    ]
    for (const { status, body, headers } of answers) {
      t.equal(status, 401)
      t.match(body, { error: 'invalid credentials', code: 'invalid_credentials' })
      t.equal(headers['www-authenticate'], 'Bearer')
    }
  })
})

t.test('refreshing', async (t) => {
  const on = await emptyApp(t)
  const first = await register(on, { ...ADA, organization_name: 'Engines' })

  t.test('gives the next token of the same session', async (t) => {
    const next = await refresh(on, first.body.refresh_token)
    t.equal(next.status, 200)
    t.not(next.body.refresh_token, first.body.refresh_token)
    t.equal((await me(on, next)).status, 200)
    t.equal((await me(on, first)).status, 200, 'the access token before it lives on to its end')
  })

  t.test('by two tabs with one token at once keeps both signed in', async (t) => {
    const { body } = await login(on, ADA)
    const [one, two] = await Promise.all([refresh(on, body.refresh_token), refresh(on, body.refresh_token)])
    for (const tab of [one, two]) {
      t.equal(tab.status, 200)
      t.equal((await refresh(on, tab.body.refresh_token)).status, 200, 'each with a token of its own')
    }
  })

  t.test('with a used token later ends the session and every token of it', async (t) => {
    const other = await login(on, ADA)
    const second = await refresh(on, other.body.refresh_token)
    await passRefreshGrace(on.db)
    const again = await refresh(on, other.body.refresh_token)
    t.match(again, { status: 401, body: { error: 'invalid refresh token' } })
    t.equal((await refresh(on, second.body.refresh_token)).status, 401, 'whoever holds the newest one is out, too')
    for (const answer of [other, second]) t.equal((await me(on, answer)).status, 401)
    t.equal((await me(on, first)).status, 200, 'other sessions go on')
  })

  t.test('needs a token that is known and not too old', async (t) => {
    const { body } = await login(on, ADA)
    for (const token of ['', 'rt_', `${body.refresh_token}x`, body.access_token.slice(0, 200)])
      t.equal((await refresh(on, token)).status, 401)
    await on.db.updateTable('refresh_tokens').set({ expires_at: new Date() }).where('used_at', 'is', null).execute()
    t.equal((await refresh(on, body.refresh_token)).status, 401)
  })

  t.test('again after a lost answer works with an Idempotency-Key', async (t) => {
    const { body } = await login(on, ADA)
    const request = { refresh_token: body.refresh_token }
    const send = () => on.send(null, 'POST', '/api/v1/auth/refresh', request, { 'idempotency-key': 'lost-answer' })
    const [one, two] = [await send(), await send()]
    t.same(two.body, one.body)
    t.equal(two.headers['idempotency-replayed'], 'true')
    t.equal((await refresh(on, one.body.refresh_token)).status, 200, 'the session lives')
  })
})

t.test('logging out ends the session at once, and can be repeated', async (t) => {
  const on = await emptyApp(t)
  const first = await register(on, { ...ADA, organization_name: 'Engines' })
  const logout = (token: string, headers?: Record<string, string>) =>
    on.send(null, 'POST', '/api/v1/auth/logout', { refresh_token: token }, headers)
  const used = first.body.refresh_token
  const second = await refresh(on, used)
  t.equal((await logout(used)).status, 204, 'also with a token that is used up')
  for (const answer of [first, second]) t.equal((await me(on, answer)).status, 401)
  t.equal((await refresh(on, second.body.refresh_token)).status, 401)
  for (const token of [used, 'rt_unknown']) t.equal((await logout(token)).status, 204)
  for (const replayed of [undefined, 'true']) {
    const answer = await logout(used, { 'idempotency-key': 'out' })
    t.match(answer, { status: 204, text: '' })
    t.equal(answer.headers['idempotency-replayed'], replayed)
    t.notOk('content-length' in answer.headers)
  }
})

t.test('a session is removed a day after its last token has expired', async (t) => {
  const on = await emptyApp(t)
  const ended = await register(on, { ...ADA, organization_name: 'Engines' })
  await refresh(on, ended.body.refresh_token)
  const going = await login(on, ADA)
  const { refresh_token: latest } = (await refresh(on, going.body.refresh_token)).body
  const sessions = async () =>
    (await on.db.selectFrom('sessions').select('id').orderBy('id').execute()).map(({ id }) => id)
  const [endedId = '', goingId = ''] = await sessions()
  const age = (hours: number, of: { session?: string; token?: string }) =>
    sql`update refresh_tokens set expires_at = now() - make_interval(hours => ${hours})
         where session_id = ${of.session ?? null} or token_hash = ${of.token ? hashToken(of.token) : null}`.execute(
      on.db,
    )
  await age(23, { session: endedId })
  await age(25, { token: going.body.refresh_token })
  await sweep(on.db, { means: on, retentionDays: 90 })
  t.same(await sessions(), [endedId, goingId])
  await age(25, { session: endedId })
  await sweep(on.db, { means: on, retentionDays: 90 })
  t.same(await sessions(), [goingId])
  const tokens = await on.db.selectFrom('refresh_tokens').select('token_hash').execute()
  t.same(tokens, [{ token_hash: hashToken(latest) }])
  t.equal((await refresh(on, latest)).status, 200)
})

t.test('a registration is answered once for each Idempotency-Key, and its password is not kept', async (t) => {
  const on = await emptyApp(t)
  const body = { ...ADA, organization_name: 'Engines' }
  const send = (body: object) =>
    on.send(null, 'POST', '/api/v1/auth/register', body, { 'idempotency-key': 'a long random key' })
  const [one, two] = [await send(body), await send(body)]
  t.equal(two.status, 201)
  t.same(two.body, one.body)
  t.equal((await send({ ...body, password: 'another password' })).status, 422)
  const { createHash } = await import('node:crypto')
  const rows = await on.db.selectFrom('idempotency_keys').select(['request_hash', 'response']).execute()
  t.equal(rows.length, 1)
  t.not(rows[0]?.request_hash.toString('hex'), createHash('sha256').update(canonicalJson(body)).digest('hex'))
  // The whole of it: three characters of it may stand in a ciphertext by chance.
  t.notOk(rows[0]?.response.includes(one.body.refresh_token))
  t.match(one.body.refresh_token, /^rt_/)
})

t.test('tokens and passwords are stored as hashes', async (t) => {
  const on = await emptyApp(t)
  const { body } = await register(on, { ...ADA, organization_name: 'Engines' })
  const [users, tokens] = await Promise.all([
    on.db.selectFrom('users').select(['password_hash']).execute(),
    on.db.selectFrom('refresh_tokens').select(['token_hash', 'expires_at', 'created_at']).execute(),
  ])
  t.match(users[0]?.password_hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  t.equal(tokens.length, 1)
  const [token] = tokens
  t.notOk(token?.token_hash.includes(body.refresh_token))
  t.equal(Number(token?.expires_at) - Number(token?.created_at), 30 * 24 * 3600 * 1000)
})

t.test('guessing is limited by address and account, and locks nobody else out', async (t) => {
  const on = await emptyApp(t, { rateLimit: 100_000 })
  await register(on, { ...ADA, organization_name: 'Engines' })
  const attempt = async (remoteAddress: string, body: object) =>
    on.app.inject({ method: 'POST', url: '/api/v1/auth/login', remoteAddress, payload: body })
  for (let i = 0; i < 10; i++) t.equal((await attempt('192.0.2.1', { ...ADA, password: 'guess' })).statusCode, 401)
  const refused = await attempt('192.0.2.1', { ...ADA, email: 'Ada@example.com ' })
  t.equal(refused.statusCode, 429, 'in any spelling of the email')
  t.match(refused.json(), { code: 'rate_limited' })
  t.ok(Number(refused.headers['retry-after']) > 0)
  t.equal((await attempt('192.0.2.2', ADA)).statusCode, 200, 'the owner gets in from elsewhere')

  for (let i = 0; i < 49; i++) await attempt('192.0.2.1', { ...ADA, email: `ada${i}@example.com` })
  t.equal((await attempt('192.0.2.1', GRACE)).statusCode, 429, 'one address has so many guesses on all accounts')
})
