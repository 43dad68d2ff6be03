import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { type Caller, JWT_SECRET } from '../support/app.ts'
import { operationsOf } from '../support/operations.ts'
import { asBearer, dump, everyForm, found, spellings, spiedApp } from '../support/spied-app.ts'
import { until } from '../support/until.ts'

type Spied = Awaited<ReturnType<typeof spiedApp>>
type Founded = Spied & { ada: Caller; password: string; path: string; spaceId: string }

const AUTH = '/api/v1/auth'
/** Tables that are searched by the hash of a token. */
const SEARCHED = ['refresh_tokens', 'service_accounts', 'invites']
const once = () => ({ 'idempotency-key': randomBytes(12).toString('hex') })

/** Registrations, logins, refreshes and logouts, as they should be and in every way that they should not. */
async function walkLogins(on: Spied): Promise<Founded> {
  const { send, made, session, givenAgain } = on
  const account = { email: 'ada@example.com', password: made('password') }
  const founding = { ...account, organization_name: 'Analytical Engines' }
  const key = once()
  const ada = session('the founder', await send(null, 'POST', `${AUTH}/register`, founding, key))
  await send(null, 'POST', `${AUTH}/register`, founding, key)
  givenAgain(ada.token, ada.refresh)
  await send(null, 'POST', `${AUTH}/register`, { ...founding, password: made('password under a used key') }, key)

  const login = (body: unknown) => send(null, 'POST', `${AUTH}/login`, body)
  await login({ ...account, password: made('wrong password') })
  await login({ email: made('password in the place of the email'), password: made('password of nobody') })
  await login({ ...account, password: [made('password in a list')] })
  await login({ ...account, password: made('password that is too long').repeat(50) })
  await login(`{"password": "${made('password in broken JSON')}`)
  for (const more of [{}, { invite_token: made('invite token that is none') }, { organization_name: 'Mine' }])
    await send(null, 'POST', `${AUTH}/register`, { ...account, password: made('password turned away'), ...more })

  const inQuery = `${AUTH}/login?password=${encodeURIComponent(made('password in a query'))}`
  const second = session('a login', await send(null, 'POST', inQuery, account))
  const refresh = (refresh_token: unknown) => send(null, 'POST', `${AUTH}/refresh`, { refresh_token })
  const next = session('a refresh', await refresh(second.refresh))
  session('a second tab', await refresh(second.refresh))
  session('a refresh of the first', await refresh(next.refresh))
  await refresh(`rt_${made('refresh token that is none')}`)
  await refresh({ token: next.refresh })
  for (const token of [next.refresh, next.token]) await send(asBearer(token), 'GET', '/api/v1/me')
  await send(null, 'POST', `${AUTH}/logout`, { refresh_token: next.refresh })
  await send(null, 'POST', `/${next.refresh}`, {})

  const [organization] = (await send(ada, 'GET', '/api/v1/organizations')).body.organizations
  const path = `/api/v1/organizations/${organization.id}`
  const spaceId = (await send(ada, 'POST', `${path}/spaces`, { name: 'Engine room' })).body.id
  return { ...on, ada, password: account.password, path, spaceId }
}

async function walkInvites({ send, made, given, session, ada, path }: Founded): Promise<void> {
  const invite = async (body: object) => {
    const { token } = (await send(ada, 'POST', `${path}/invites`, body)).body
    return given('invite token', token)
  }
  const token = await invite({ email: 'grace@example.com' })
  const register = (email: string, invite_token: string) =>
    send(null, 'POST', `${AUTH}/register`, { email, password: made(`password of ${email}`), invite_token })
  await register('mallory@example.com', token)
  const grace = session('the invited', await register('grace@example.com', token))
  await register('late@example.com', token)
  await send(grace, 'POST', `/api/v1/invites/${await invite({})}/accept`)
  await send(ada, 'POST', `/api/v1/invites/${token}/accept`)
  await send(ada, 'POST', `/api/v1/invites/inv_${encodeURIComponent(made('token of no invite'))}/accept`)
  await send(asBearer(token), 'GET', '/api/v1/me')
}

/** @returns AI staff that lives on. */
async function walkServiceAccounts(on: Founded): Promise<Caller> {
  const { send, made, given, givenAgain, ada, path } = on
  const base = `${path}/service-accounts`
  const { roles } = (await send(ada, 'GET', `${path}/roles`)).body
  const body = { name: 'Drafts', role_ids: [roles[0].id] }
  const key = once()
  const created = await send(ada, 'POST', base, body, key)
  const first = given('sa_ token', created.body.token)
  await send(ada, 'POST', base, body, key)
  givenAgain(first)
  const { id } = created.body.service_account
  await send(asBearer(first), 'GET', '/api/v1/me')
  const second = given('rotated sa_ token', (await send(ada, 'POST', `${base}/${id}/rotate`)).body.token)
  await send(asBearer(first), 'GET', '/api/v1/me')
  await send(asBearer(second), 'GET', `${path}/${second}`)
  await send(ada, 'PATCH', `${base}/${id}`, { name: 'Sketches', token: made('token that nobody asked for') })
  await send(asBearer(`sa_${made('sa_ token that is none')}`), 'GET', '/api/v1/me')
  const other = await send(ada, 'POST', base, { name: 'Gone' })
  given('sa_ token of the deleted', other.body.token)
  await send(ada, 'DELETE', `${base}/${other.body.service_account.id}`)
  return { token: second, id, userId: created.body.service_account.user_id }
}

/** @returns an automation that has a credential. */
async function walkCredentials({ send, made, ada, path, spaceId }: Founded, staff: Caller): Promise<string> {
  const base = `${path}/spaces/${spaceId}/automations`
  const body = { name: 'Post', kind: 'social_post', status: 'pending_approval' }
  const create = (caller: Caller, oauth_token: unknown, headers?: Record<string, string>) =>
    send(caller, 'POST', base, { ...body, oauth_token }, headers)
  const { id } = (await create(ada, made('oauth token'), once())).body.automation
  const change = (caller: Caller, patch: object) => send(caller, 'PATCH', `${base}/${id}`, patch)
  await create(staff, made('oauth token of AI staff'))
  await create(ada, { token: made('oauth token in an object') })
  await create(ada, made('oauth token that is too long').repeat(2000))
  await change(ada, { oauth_token: made('second oauth token'), description: 'x' })
  await change(staff, { oauth_token: made('oauth token from AI staff') })
  await change(ada, { oauth_token: made('oauth token with an illegal status'), status: 'rejected' })
  await send(ada, 'PATCH', `${base}/${id}`, { oauth_token: made('stale oauth token') }, { 'if-match': '"0"' })
  await send(ada, 'POST', `${base}/${id}/reject`, { reason: 'no' })
  await change(ada, { name: 'Post again', status: 'pending_approval' })
  const gone = (await create(ada, made('oauth token of the deleted'))).body.automation
  await send(ada, 'DELETE', `${base}/${gone.id}`)
  return id
}

/** Every operation that reads, as a person and as AI staff. */
async function readEverything(
  { app, send, ada, path: organization, spaceId }: Founded,
  staff: Caller,
  automationId: string,
) {
  const { service_accounts } = (await send(ada, 'GET', `${organization}/service-accounts`)).body
  const userId = service_accounts[0].user_id
  const ids: Record<string, string> = {
    orgId: organization.split('/').at(-1) ?? '',
    spaceId,
    automationId,
    userId,
    revision: '1',
    ...Object.fromEntries(['roleId', 'runId', 'chatRoomId', 'requestId', 'serviceAccountId'].map((id) => [id, userId])),
  }
  for (const { path } of operationsOf(app, ids).filter(({ method }) => method === 'GET'))
    for (const caller of [ada, staff]) await send(caller, 'GET', path)
}

/** What the program's own failures say: writes that Postgres refuses, with the rows in its messages. */
async function failEverywhere({ app, db, send, ada, password, path, spaceId, made, given, answers, log }: Founded) {
  const invite = given('last invite token', (await send(ada, 'POST', `${path}/invites`, {})).body.token)
  for (const table of ['users', 'refresh_tokens', 'service_accounts', 'invites', 'automations'])
    await sql`alter table ${sql.table(table)} add constraint refuses check (false) not valid`.execute(db)
  const newcomer = { email: 'ida@example.com', password: made('password of a failure'), invite_token: invite }
  const automation = {
    name: 'x',
    kind: 'social_post',
    status: 'pending_approval',
    oauth_token: made('last oauth token'),
  }
  const requests: [string, object][] = [
    [`${AUTH}/register`, newcomer],
    [`${AUTH}/login`, { email: 'ada@example.com', password }],
    [`${path}/service-accounts`, { name: 'Broken' }],
    [`${path}/invites`, {}],
    [`${path}/spaces/${spaceId}/automations`, automation],
  ]
  const lines = log.length
  for (const [url, payload] of requests) {
    const answer = await app.inject({ method: 'POST', url, headers: { authorization: `Bearer ${ada.token}` }, payload })
    answers.push({ what: `broken ${url}`, text: JSON.stringify(answer.headers) + answer.body })
    t.equal(answer.statusCode, 500, url)
  }
  t.equal(log.slice(lines).filter((line) => line.includes('"refuses"')).length, requests.length, 'each is in the log')
}

t.test('a secret that went in never comes out', async (t) => {
  const on = await walkLogins(await spiedApp(t))
  const { answers, secrets, db, ada, path, spaceId } = on
  await walkInvites(on)
  const staff = await walkServiceAccounts(on)
  const automationId = await walkCredentials(on, staff)
  await readEverything(on, staff, automationId)
  await until(async () => {
    const log = await on.send(ada, 'GET', `${path}/audit-log?action=auth.login_failed`)
    return log.body.entries.length > 0
  })
  const room = (await on.send(ada, 'POST', `${path}/spaces/${spaceId}/chat-rooms`, { name: 'planted' })).body
  await on.send(ada, 'POST', `${path}/spaces/${spaceId}/chat-rooms/${room.id}/messages`, { content: 'canary planted' })
  await failEverywhere(on)
  secrets.push({ name: 'JWT_SECRET', value: JWT_SECRET, shownIn: new Set() })
  t.ok(secrets.length > 40, `${secrets.length} secrets`)
  const planted = { name: 'planted', value: 'canary planted', shownIn: new Set<number>() }

  t.test('not in any answer but the one that shows it once', async (t) => {
    for (const [i, { what, text }] of answers.entries()) {
      const hidden = secrets.filter(({ shownIn }) => !shownIn.has(i))
      t.same(found(text, hidden, everyForm), [], what)
      t.notMatch(text, /\$argon2|postgres:\/\//, what)
    }
  })

  t.test('not in any row of any table', async (t) => {
    const tables = await dump(db)
    t.same(
      tables.filter(([, text]) => found(text, [planted], everyForm).length > 0).map(([table]) => table),
      ['chat_messages'],
      'what is there is found',
    )
    for (const [table, text] of tables)
      t.same(found(text, secrets, SEARCHED.includes(table) ? spellings : everyForm), [], table)
  })

  t.test('not in the audit log', async (t) => {
    const { entries, next_cursor } = (await on.send(ada, 'GET', `${path}/audit-log?limit=200`)).body
    t.equal(next_cursor, null)
    t.ok(entries.length > 20)
    t.same(found(JSON.stringify(entries), secrets, everyForm), [])
    t.notMatch(JSON.stringify(entries), /\$argon2|ciphertext/)
  })

  t.test('not in the log of the program', async (t) => {
    t.ok(on.log.length > answers.length)
    for (const line of on.log) {
      t.same(found(line, secrets, everyForm), [], line.slice(0, 200))
      t.notMatch(line, /\$argon2/, line.slice(0, 200))
    }
  })

  t.test('not in the document', async (t) => t.same(found(on.app.openapiYaml(), secrets, everyForm), []))
})
