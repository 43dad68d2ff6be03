import t from 'tap'
import { verify } from '../../../src/audit-chain.ts'
import { callerOf, passRefreshGrace, registration } from '../../support/accounts.ts'
import { type Caller, emptyApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'

type Entry = {
  action: string
  target: { type: string; id: string }
  details: Record<string, unknown>
}

const person = ({ userId: id }: Caller) => ({ type: 'user', id })
const NOBODY = { type: 'system', id: null }

t.test('logins are on record in every organization of the account', async (t) => {
  const on = await emptyApp(t, { multiTenant: true })
  const { send } = on
  const account = registration('ada')
  const ada = await callerOf(
    on,
    await send(null, 'POST', '/api/v1/auth/register', { ...account, organization_name: 'One' }),
  )
  await send(ada, 'POST', '/api/v1/organizations', { name: 'Two' })
  await send(null, 'POST', '/api/v1/auth/register', { ...registration('grace'), organization_name: 'Hers' })
  const { organizations } = (await send(ada, 'GET', '/api/v1/organizations')).body
  t.equal(organizations.length, 2)
  const login = (body: object) => send(null, 'POST', '/api/v1/auth/login', body)
  const withToken = (path: string, refresh_token: string) =>
    send(null, 'POST', `/api/v1/auth/${path}`, { refresh_token })

  /** Each organization's entries of one action, newest first. */
  const entriesOf = async (action: string): Promise<Entry[][]> =>
    Promise.all(
      organizations.map(async ({ id }: { id: string }) => {
        const path = `/api/v1/organizations/${id}/audit-log?action=${action}`
        return (await send(ada, 'GET', path)).body.entries
      }),
    )
  const target = { type: 'user', id: ada.id }
  const address = '127.0.0.1'

  t.test('one that works, and its end', async (t) => {
    const loggedIn = await login(account)
    const fields = { actor: person(ada), target, request_id: loggedIn.headers['x-request-id'], details: { address } }
    t.match(await entriesOf('auth.logged_in'), [[fields], [fields]])
    const session_id = (await entriesOf('auth.logged_in'))[0]?.[0]?.details.session_id
    const { refresh_token } = (await withToken('refresh', loggedIn.body.refresh_token)).body
    t.same(await entriesOf('auth.refresh_reused'), [[], []], 'a refresh is not worth a word')

    const loggedOut = await withToken('logout', refresh_token)
    await withToken('logout', refresh_token)
    await withToken('logout', 'rt_unknown')
    const request_id = loggedOut.headers['x-request-id']
    const ended = { ...fields, request_id, details: { address, session_id } }
    const written = await entriesOf('auth.logged_out')
    t.match(written, [[ended], [ended]])
    t.same(
      written.map(({ length }) => length),
      [1, 1],
      'once, however often it is repeated',
    )
  })

  t.test('a wrong password, under nobody’s name', async (t) => {
    const refused = await login({ ...account, password: 'canary of a password' })
    const unknown = await login({ email: 'nobody@example.com', password: 'canary of a password' })
    for (const { status, body } of [refused, unknown]) {
      t.equal(status, 401)
      t.same(body, { error: 'invalid credentials', code: 'invalid_credentials', request_id: body.request_id })
    }
    t.same(Object.keys(refused.headers).sort(), Object.keys(unknown.headers).sort())
    const failures = await until(async () => {
      const found = await entriesOf('auth.login_failed')
      return found.every(({ length }) => length > 0) ? found : undefined
    })
    const request_id = refused.headers['x-request-id']
    const failed = { actor: NOBODY, target, request_id, details: { address } }
    t.match(failures, [[failed], [failed]])
    t.same(
      failures.map(({ length }) => length),
      [1, 1],
    )
    const { entry } = await on.db
      .selectFrom('audit_log')
      .select((eb) => eb.fn<string>('string_agg', ['entry', eb.val('')]).as('entry'))
      .executeTakeFirstOrThrow()
    t.notMatch(entry, /nobody@example\.com|canary/)
  })

  t.test('a refresh token that comes a second time', async (t) => {
    const { refresh_token } = (await login(account)).body
    t.equal((await withToken('refresh', refresh_token)).status, 200)
    t.equal((await withToken('refresh', refresh_token)).status, 200)
    t.same(await entriesOf('auth.refresh_reused'), [[], []], 'another tab is no theft')
    await passRefreshGrace(on.db)
    const again = await withToken('refresh', refresh_token)
    t.equal(again.status, 401)
    t.equal((await withToken('refresh', refresh_token)).status, 401)
    const reused = { actor: NOBODY, target, request_id: again.headers['x-request-id'], details: { address } }
    const written = await entriesOf('auth.refresh_reused')
    t.match(written, [[reused], [reused]])
    t.same(
      written.map(({ length }) => length),
      [1, 1],
      'the session ends once',
    )
  })

  t.test('of many late uses at once, the one that ended the session', async (t) => {
    const { refresh_token } = (await login(account)).body
    await withToken('refresh', refresh_token)
    await passRefreshGrace(on.db)
    const answers = await Promise.all(Array.from({ length: 8 }, () => withToken('refresh', refresh_token)))
    t.ok(answers.every(({ status }) => status === 401))
    t.same(
      (await entriesOf('auth.refresh_reused')).map(({ length }) => length),
      [2, 2],
    )
  })

  t.test('an expired one is no theft', async (t) => {
    const { refresh_token } = (await login(account)).body
    await on.db
      .updateTable('refresh_tokens')
      .set({ expires_at: new Date(0) })
      .where('used_at', 'is', null)
      .execute()
    t.equal((await withToken('refresh', refresh_token)).status, 401)
    t.same(
      (await entriesOf('auth.refresh_reused')).map(({ length }) => length),
      [2, 2],
    )
  })

  t.test('many logins of people of the same organizations at once do not wait in a circle', async (t) => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => login(account)))
    t.ok(answers.every(({ status }) => status === 200))
    for await (const { broken } of verify(on.db)) t.equal(broken, undefined)
  })
})
