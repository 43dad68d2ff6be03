import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { v7 as newId } from 'uuid'
import { passRefreshGrace } from '../support/accounts.ts'
import { type Answer, emptyApp, JWT_SECRET, testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

type Claims = object | null

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = () => Math.floor(Date.now() / 1000)

/** A JWT made by hand, signed as told. */
function jwt(header: object, claims: Claims, signature: (input: string) => string): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${signature(input)}`
}

const hmac =
  (algorithm = 'sha256', secret = JWT_SECRET) =>
  (input: string) =>
    createHmac(algorithm, secret).update(input).digest('base64url')

t.test('forged access tokens', async (t) => {
  const { app, db, send, owner, organizationId, spaceId, person } = await testApp(t)
  const other = await person([])
  const { id: sid } = await db
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', owner.id)
    .executeTakeFirstOrThrow()
  const claims = { sub: owner.id, sid, iss: 'hyperspeed', aud: 'hyperspeed-api', iat: now(), exp: now() + 900 }
  const without = (...names: (keyof typeof claims)[]) =>
    Object.fromEntries(Object.entries(claims).filter(([name]) => !names.some((each) => each === name)))
  const HS256 = { alg: 'HS256', typ: 'JWT' }
  const ask = (authorization: string) =>
    send(null, 'GET', `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`, undefined, {
      authorization,
    })
  const refused = async (t: Test, name: string, token: string) => {
    const answer = await ask(`Bearer ${token}`)
    t.equal(answer.status, 401, name)
    t.match(answer.body, { error: 'unauthorized', code: 'unauthorized' })
    t.equal(answer.headers['www-authenticate'], 'Bearer')
  }

  t.test('the token that they are forged after is let in', async (t) => {
    t.equal((await ask(`Bearer ${jwt(HS256, claims, hmac())}`)).status, 200)
  })

  t.test('one that was let in is refused as soon as it ends, or its session does', async (t) => {
    const exp = now() + 3
    const token = jwt(HS256, { ...claims, exp }, hmac())
    t.equal((await ask(`Bearer ${token}`)).status, 200)
    await until(async () => (await ask(`Bearer ${token}`)).status === 401)
    t.ok(now() >= exp)
    const { id } = await db
      .insertInto('sessions')
      .values({ id: newId(), user_id: owner.id })
      .returning('id')
      .executeTakeFirstOrThrow()
    const another = jwt(HS256, { ...claims, sid: id }, hmac())
    t.equal((await ask(`Bearer ${another}`)).status, 200)
    await db.updateTable('sessions').set({ revoked_at: new Date() }).where('id', '=', id).execute()
    await refused(t, 'the session has ended', another)
  })

  t.test('no algorithm but HS256 is taken', async (t) => {
    for (const alg of ['none', 'None', 'NONE', '', 'nOnE']) {
      await refused(
        t,
        `alg ${alg}, unsigned`,
        jwt({ alg }, claims, () => ''),
      )
      await refused(t, `alg ${alg}, signed`, jwt({ alg }, claims, hmac()))
    }
    await refused(
      t,
      'HS256, unsigned',
      jwt(HS256, claims, () => ''),
    )
    await refused(t, 'HS512', jwt({ alg: 'HS512' }, claims, hmac('sha512')))
    await refused(t, 'HS384', jwt({ alg: 'HS384' }, claims, hmac('sha384')))
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const rsa = (input: string) => sign('sha256', Buffer.from(input), privateKey).toString('base64url')
    await refused(t, 'RS256 with a key of their own', jwt({ alg: 'RS256' }, claims, rsa))
    await refused(t, 'RS256 with the HMAC secret', jwt({ alg: 'RS256' }, claims, hmac()))
    await refused(t, 'ES256 with the HMAC secret', jwt({ alg: 'ES256' }, claims, hmac()))
    await refused(t, 'alg as a list', jwt({ alg: ['HS256'] }, claims, hmac()))
    await refused(t, 'no alg', jwt({ typ: 'JWT' }, claims, hmac()))
    await refused(t, 'a critical extension', jwt({ ...HS256, crit: ['x'], x: 1 }, claims, hmac()))
    await refused(
      t,
      'a key in the header',
      jwt({ ...HS256, jwk: { kty: 'oct', k: 'eA' } }, claims, hmac('sha256', 'x')),
    )
    await refused(t, 'another secret', jwt(HS256, claims, hmac('sha256', `${JWT_SECRET}x`)))
  })

  t.test('every claim must be there and right', async (t) => {
    for (const name of ['iss', 'aud', 'sub', 'exp', 'sid'] as const)
      await refused(t, `no ${name}`, jwt(HS256, without(name), hmac()))
    const wrong: Claims[] = [
      { iss: 'elsewhere' },
      { iss: ['hyperspeed'] },
      { aud: 'another-api' },
      { aud: [] },
      { aud: '' },
      { exp: now() - 1 },
      { exp: String(now() + 900) },
      { exp: null },
      { nbf: now() + 60 },
      { nbf: String(now()) },
      { sub: '018e1234-abcd-7000-8000-000000000000' },
      { sub: [owner.id] },
      { sub: "' or true --" },
      { sid: '018e1234-abcd-7000-8000-000000000000' },
      { sid: null },
      { sid: 'x'.repeat(200) },
    ]
    for (const claim of wrong) await refused(t, JSON.stringify(claim), jwt(HS256, { ...claims, ...claim }, hmac()))
  })

  t.test('a session lends itself to nobody else', async (t) => {
    const sessions = await db.selectFrom('sessions').select(['id', 'user_id']).where('user_id', '=', other.id).execute()
    const [{ id: otherSid } = { id: '' }] = sessions
    await refused(t, 'the session of another', jwt(HS256, { ...claims, sid: otherSid }, hmac()))
    await refused(t, 'the user of another', jwt(HS256, { ...claims, sub: other.id }, hmac()))
  })

  t.test('a broken token is refused', async (t) => {
    const good = jwt(HS256, claims, hmac())
    const [header = '', body = '', signature = ''] = good.split('.')
    const broken = [
      '.',
      '..',
      '...',
      header,
      `${header}.${body}`,
      `${header}.${body}.`,
      `${header}.${body}.${signature}.`,
      `${header}.${body}.${signature}=`,
      `${header}.${body}.${signature.slice(0, -1)}`,
      `${header}..${signature}`,
      `.${body}.${signature}`,
      `${header}.${encode({ ...claims, sub: 'x' })}.${signature}`,
      `${Buffer.from('not json').toString('base64url')}.${body}.${signature}`,
      jwt(HS256, [], hmac()),
      jwt(HS256, null, hmac()),
      'x'.repeat(5000),
    ]
    for (const token of broken) await refused(t, token.slice(0, 100), token)
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      good,
      `Basic ${good}`,
      `Bearer ${good} x`,
      `Bearer ${good},x`,
    ])
      t.equal((await ask(authorization)).status, 401, authorization.slice(0, 20))
    t.equal((await ask(`bearer  ${good}`)).status, 200, 'the name of the scheme has no case (RFC 9110, 11.1)')
    t.equal((await send(null, 'GET', `/api/v1/me?access_token=${good}`)).status, 401, 'nor is one taken out of the URL')
  })

  t.test('a million dots are refused by the parser', async (t) => {
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as { port: number }
    const socket = connect(port, '127.0.0.1')
    // The server answers and closes before it has read everything, so that the rest of the sending may fail.
    socket.on('error', () => {})
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.write(`GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'.'.repeat(1024 * 1024)}\r\n\r\n`)
    await new Promise((resolve) => socket.once('close', resolve))
    t.match(answer, /^HTTP\/1\.1 431 /)
    t.equal((await ask(`Bearer ${'.'.repeat(1000)}`)).status, 401, 'and a thousand by the signature')
  })
})

t.test('a token of one kind is none of another', async (t) => {
  const on = await emptyApp(t)
  const ada = { email: 'ada@example.com', password: 'correct horse battery staple' }
  const founded = await on.send(null, 'POST', '/api/v1/auth/register', { ...ada, organization_name: 'Engines' })
  const { access_token, refresh_token } = founded.body
  const ask = (token: string) => on.send({ token, userId: '', id: '' }, 'GET', '/api/v1/me')
  const caller = { token: access_token, userId: '', id: '' }
  const { organizations } = (await on.send(caller, 'GET', '/api/v1/organizations')).body
  const path = `/api/v1/organizations/${organizations[0].id}`
  const invite = (await on.send(caller, 'POST', `${path}/invites`, {})).body.token
  const created = await on.send(caller, 'POST', `${path}/service-accounts`, { name: 'Staff', provider: 'openrouter' })
  const staff = created.body.token
  t.equal((await ask(staff)).status, 200)

  t.test('as a bearer', async (t) => {
    for (const token of [
      refresh_token,
      invite,
      `sa_${refresh_token.slice(3)}`,
      `sa_${invite.slice(4)}`,
      staff.slice(3),
    ])
      t.equal((await ask(token)).status, 401, token.slice(0, 4))
    for (const token of [staff.toUpperCase(), `${staff}x`, `${staff}=`, staff.slice(0, -1), 'sa_', 'sa_%'])
      t.equal((await ask(token)).status, 401)
  })

  t.test('as a refresh token', async (t) => {
    const refresh = (token: string) => on.send(null, 'POST', '/api/v1/auth/refresh', { refresh_token: token })
    for (const token of [staff, invite, access_token.slice(0, 200), `rt_${staff.slice(3)}`])
      t.equal((await refresh(token)).status, 401, token.slice(0, 4))
    t.equal((await refresh(access_token)).status, 400, 'longer than any')
  })

  t.test('as an invite', async (t) => {
    for (const token of [staff, refresh_token, `inv_${staff.slice(3)}`])
      t.equal((await on.send(caller, 'POST', `/api/v1/invites/${token}/accept`)).status, 404)
  })

  t.test('and a service account can’t log in', async (t) => {
    const { id } = (await ask(staff)).body
    for (const email of [id, '', 'null', 'Staff'])
      t.equal((await on.send(null, 'POST', '/api/v1/auth/login', { email, password: staff })).status, 401)
  })

  t.test('a revoked service account token is dead at the next request', async (t) => {
    const { id } = created.body.service_account
    t.equal((await on.send(caller, 'DELETE', `${path}/service-accounts/${id}`)).status, 204)
    t.equal((await ask(staff)).status, 401)
  })
})

t.test(
  'fifty refreshes with one token at once all go on, and one after the tabs have had their time is a theft',
  async (t) => {
    const on = await emptyApp(t)
    const ada = { email: 'ada@example.com', password: 'correct horse battery staple' }
    const first = await on.send(null, 'POST', '/api/v1/auth/register', { ...ada, organization_name: 'Engines' })
    const other = await on.send(null, 'POST', '/api/v1/auth/login', ada)
    const refresh = (token: string): Promise<Answer> =>
      on.send(null, 'POST', '/api/v1/auth/refresh', { refresh_token: token })
    const ask = (token: string) => on.send({ token, userId: '', id: '' }, 'GET', '/api/v1/me')
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(first.body.refresh_token)))
    t.ok(answers.every(({ status }) => status === 200))
    const tokens = answers.map(({ body }) => body.refresh_token)
    t.equal(new Set(tokens).size, 50, 'each with a token of its own')
    t.equal((await refresh(tokens[49])).status, 200)

    await passRefreshGrace(on.db)
    const late = await Promise.all(Array.from({ length: 10 }, () => refresh(first.body.refresh_token)))
    t.ok(late.every(({ status }) => status === 401))
    t.equal((await refresh(tokens[0])).status, 401, 'one of them may have been a thief')
    for (const { body } of [first, ...answers.slice(0, 2)]) t.equal((await ask(body.access_token)).status, 401)
    t.equal((await refresh(other.body.refresh_token)).status, 200, 'another session goes on')
  },
)
