import t, { type Test } from 'tap'
import { PERMISSIONS } from '../../../src/access/permissions.ts'
import { verify } from '../../../src/audit.ts'
import { type Answer, type Caller, type EmptyApp, emptyApp, testApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'

const PASSWORD = 'correct horse battery staple'
const ME = '/api/v1/me'

type Details = { [name: string]: unknown }
type Entry = { sequence: number; action: string; target: { type: string; id: string }; details: Details }
type Expected = { action: string; [field: string]: unknown }

const registration = (name: string, more: object = {}) => ({
  email: `${name}@example.com`,
  password: PASSWORD,
  ...more,
})
const person = ({ userId: id }: Caller) => ({ type: 'user', id })
const NOBODY = { type: 'system', id: null }

async function callerOf({ send }: EmptyApp, { body }: Answer): Promise<Caller> {
  const token = body.access_token as string
  const { id } = (await send({ token, userId: '', id: '' }, 'GET', ME)).body
  return { token, userId: id, id }
}

/** An organization whose founder, Ada, has registered, and who reads its audit log as it grows. */
async function foundedApp(t: Test) {
  const on = await emptyApp(t)
  const register = (name: string, more?: object) =>
    on.send(null, 'POST', '/api/v1/auth/register', registration(name, more))
  const registered = await register('ada', { organization_name: 'Analytical Engines' })
  const ada = await callerOf(on, registered)
  const [organization] = (await on.send(ada, 'GET', '/api/v1/organizations')).body.organizations
  const path = `/api/v1/organizations/${organization.id}`

  const listAll = async (): Promise<Entry[]> =>
    (await on.send(ada, 'GET', `${path}/audit-log?limit=200`)).body.entries.reverse()
  let seen = 0
  /** Holds what was written since the last time against what the answered request should have left, no more, no less. */
  const left = async (t: Test, answer: Answer, actor: object, ...expected: Expected[]) => {
    const fresh = (await listAll()).filter(({ sequence }) => sequence > seen)
    seen += fresh.length
    t.same(
      fresh.map(({ action }) => action),
      expected.map(({ action }) => action),
    )
    const common = { actor, request_id: answer.headers['x-request-id'] }
    t.match(
      fresh,
      expected.map((entry) => ({ ...common, ...entry })),
    )
  }
  return { ...on, ada, organization, path, register, registered, left, listAll }
}

t.test('every change of who may do what leaves its entry', async (t) => {
  const on = await foundedApp(t)
  const { ada, organization, path, send, left, register } = on
  const roles = async () => (await send(ada, 'GET', `${path}/roles`)).body.roles
  const as = (type: string, id: string) => ({ type, id })

  t.test('founding', async (t) => {
    const [owner] = await roles()
    const target = as('organization', organization.id)
    const details = { name: 'Analytical Engines', slug: 'analytical-engines' }
    const joined = { by: 'founding', role_ids: [owner.id] }
    await left(
      t,
      on.registered,
      person(ada),
      { action: 'organization.created', target, details, space_id: null },
      { action: 'member.joined', target: as('member', ada.id), details: joined },
    )
  })

  t.test('roles', async (t) => {
    const created = await send(ada, 'POST', `${path}/roles`, { name: 'Reader', permissions: ['files.read'] })
    const { id } = created.body.role
    const target = as('role', id)
    const facts = { name: 'Reader', permissions: ['files.read'] }
    await left(t, created, person(ada), { action: 'role.created', target, details: facts })

    const change = { name: 'Writer', permissions: ['files.read', 'files.write'] }
    const updated = await send(ada, 'PATCH', `${path}/roles/${id.toUpperCase()}`, change)
    const details = { before: facts, after: change }
    await left(t, updated, person(ada), { action: 'role.updated', target, details })
    await left(t, await send(ada, 'PATCH', `${path}/roles/${id}`, { name: 'Writer' }), person(ada))

    const refused = await send(ada, 'POST', `${path}/roles`, change)
    t.equal(refused.status, 409)
    await left(t, refused, person(ada))

    const deleted = await send(ada, 'DELETE', `${path}/roles/${id}`)
    await left(t, deleted, person(ada), { action: 'role.deleted', target, details: change })
  })

  t.test('invites and members', async (t) => {
    const invited = await send(ada, 'POST', `${path}/invites`, { email: 'Grace@example.com' })
    const { invite, token } = invited.body
    const target = as('invite', invite.id)
    const details = { email: 'grace@example.com', expires_at: invite.expires_at }
    await left(t, invited, person(ada), { action: 'invite.created', target, details })

    const registered = await register('grace', { invite_token: token })
    const grace = await callerOf(on, registered)
    const member = as('member', grace.id)
    await left(
      t,
      registered,
      person(grace),
      { action: 'invite.accepted', target, details: { created_by: ada.id } },
      { action: 'member.joined', target: member, details: { by: 'invite', invite_id: invite.id } },
    )

    const [owner] = await roles()
    const rolesOfGrace = `${path}/members/${grace.id}/roles`
    const given = await send(ada, 'PUT', rolesOfGrace, { role_ids: [owner.id] })
    const added = { added: [owner.id], removed: [] }
    await left(t, given, person(ada), { action: 'member.roles_changed', target: member, details: added })
    await left(t, await send(ada, 'PUT', rolesOfGrace, { role_ids: [owner.id.toUpperCase()] }), person(ada))
    const taken = await send(grace, 'PUT', rolesOfGrace, { role_ids: [] })
    const removed = { added: [], removed: [owner.id] }
    await left(t, taken, person(grace), { action: 'member.roles_changed', target: member, details: removed })
    await send(ada, 'PUT', rolesOfGrace, { role_ids: [owner.id] })
    await left(t, given, person(ada), { action: 'member.roles_changed', target: member, request_id: /^/ })
    const gone = await send(ada, 'DELETE', `${path}/members/${grace.id}`)
    await left(t, gone, person(ada), { action: 'member.removed', target: member, details: { role_ids: [owner.id] } })
  })

  t.test('sign-ups', async (t) => {
    const features = (open_signups_enabled: boolean) => send(ada, 'PATCH', `${path}/features`, { open_signups_enabled })
    const opened = await features(true)
    const target = as('organization', organization.id)
    const details = { before: { open_signups_enabled: false }, after: { open_signups_enabled: true } }
    await left(t, opened, person(ada), { action: 'organization.features_changed', target, details })
    await left(t, await features(true), person(ada))
    await left(t, await send(ada, 'PATCH', `${path}/features`, {}), person(ada))

    const waiting = async (name: string) => {
      const registered = await register(name)
      const caller = await callerOf(on, registered)
      const { signup_requests } = (await send(ada, 'GET', `${path}/signup-requests`)).body
      const request = as('signup_request', signup_requests[0].id)
      const details = { user_id: caller.id, email: `${name}@example.com` }
      await left(t, registered, person(caller), { action: 'signup.requested', target: request, details })
      return { caller, request, details }
    }
    const let_in = await waiting('mary')
    const approved = await send(ada, 'POST', `${path}/signup-requests/${let_in.request.id}/approve`)
    const joined = { by: 'signup_request', signup_request_id: let_in.request.id }
    await left(
      t,
      approved,
      person(ada),
      { action: 'signup.approved', target: let_in.request, details: let_in.details },
      { action: 'member.joined', target: as('member', let_in.caller.id), details: joined },
    )
    const kept_out = await waiting('mallory')
    const denied = await send(ada, 'POST', `${path}/signup-requests/${kept_out.request.id}/deny`)
    await left(t, denied, person(ada), {
      action: 'signup.denied',
      target: kept_out.request,
      details: kept_out.details,
    })
    const invited = await waiting('ida')
    const invite = await send(ada, 'POST', `${path}/invites`, {})
    const accepted = await send(invited.caller, 'POST', `/api/v1/invites/${invite.body.token}/accept`)
    await left(
      t,
      accepted,
      person(invited.caller),
      { action: 'invite.created', actor: person(ada), target: as('invite', invite.body.invite.id), request_id: /^/ },
      { action: 'invite.accepted', target: as('invite', invite.body.invite.id) },
      { action: 'member.joined', details: { by: 'invite', signup_request_id: invited.request.id } },
    )
    await left(t, await features(false), person(ada), { action: 'organization.features_changed', target })
  })

  t.test('service accounts', async (t) => {
    const [owner] = await roles()
    const base = `${path}/service-accounts`
    const created = await send(ada, 'POST', base, { name: ' Drafts ', role_ids: [owner.id] })
    const { service_account: account, token } = created.body
    const staff = { token, id: account.id, userId: account.user_id }
    const target = as('service_account', account.id)
    const details = { name: 'Drafts', expires_at: null, user_id: account.user_id, role_ids: [owner.id] }
    await left(t, created, person(ada), { action: 'service_account.created', target, details })

    const body = { name: 'Sketches', expires_at: '2999-01-01T00:00:00Z', cursor_default_repo_url: 'https://u:p@git' }
    const updated = await send(ada, 'PATCH', `${base}/${account.id}`, body)
    const changed = ['cursor_default_repo_url', 'expires_at', 'name']
    const now = { name: 'Sketches', expires_at: '2999-01-01T00:00:00.000Z' }
    const first = { ...now, changed, roles_added: [], roles_removed: [] }
    await left(t, updated, person(ada), { action: 'service_account.updated', target, details: first })
    const stripped = await send(ada, 'PATCH', `${base}/${account.id}`, { role_ids: [] })
    const second = { ...now, changed: ['role_ids'], roles_added: [], roles_removed: [owner.id] }
    await left(t, stripped, person(ada), { action: 'service_account.updated', target, details: second })
    await left(t, await send(ada, 'PATCH', `${base}/${account.id}`, { role_ids: [] }), person(ada))

    const given = await send(ada, 'PUT', `${path}/members/${staff.userId}/roles`, { role_ids: [owner.id] })
    const member = { added: [owner.id], removed: [], service_account_id: staff.id }
    await left(t, given, person(ada), {
      action: 'member.roles_changed',
      target: as('member', staff.userId),
      details: member,
    })

    const space = await send(staff, 'POST', `${path}/spaces`, { name: 'Its own' })
    const id = space.body.id
    await left(t, space, as('service_account', staff.id), {
      action: 'space.created',
      target: as('space', id),
      space_id: id,
    })

    const rotated = await send(ada, 'POST', `${base}/${account.id}/rotate`)
    await left(t, rotated, person(ada), { action: 'service_account.rotated', target, details: now })
    const deleted = await send(ada, 'DELETE', `${base}/${account.id}`)
    await left(t, deleted, person(ada), {
      action: 'service_account.deleted',
      target,
      details: { ...now, role_ids: [owner.id] },
    })
  })

  t.test('spaces', async (t) => {
    const [owner] = await roles()
    const created = await send(ada, 'POST', `${path}/spaces`, { name: ' Engine room ' })
    const { id } = created.body
    const target = as('space', id)
    const common = { target, space_id: id, details: { name: 'Engine room' } }
    await left(t, created, person(ada), { action: 'space.created', ...common })
    const access = (role_ids: string[]) => send(ada, 'PUT', `${path}/spaces/${id.toUpperCase()}/access`, { role_ids })
    const closed = await access([owner.id])
    const details = { before: [], after: [owner.id] }
    await left(t, closed, person(ada), { ...common, action: 'space.access_changed', details })
    await left(t, await access([owner.id]), person(ada))
    const deleted = await send(ada, 'DELETE', `${path}/spaces/${id.toUpperCase()}`)
    await left(t, deleted, person(ada), { action: 'space.deleted', ...common })
    await left(t, await send(ada, 'DELETE', `${path}/spaces/${id}`), person(ada))
  })

  t.test('credentials of automations', async (t) => {
    const space = (await send(ada, 'POST', `${path}/spaces`, { name: 'Posts' })).body.id
    await left(t, on.registered, person(ada), { action: 'space.created', request_id: /^/ })
    const base = `${path}/spaces/${space}/automations`
    const body = { name: 'Post', kind: 'social_post', status: 'pending_approval', oauth_token: 'canary' }
    const created = await send(ada, 'POST', base, body)
    const target = as('automation', created.body.automation.id)
    const details = { kind: 'social_post', credential: 'set' }
    await left(t, created, person(ada), { action: 'automation.created', target, details })
    for (const [oauth_token, credential] of [
      [null, 'removed'],
      ['canary', 'set'],
    ] as const) {
      const changed = await send(ada, 'PATCH', `${base}/${target.id}`, { oauth_token })
      await left(t, changed, person(ada), { action: 'automation.updated', target, details: { credential } })
    }
    await send(ada, 'PATCH', `${base}/${target.id}`, { name: 'Other' })
    const last = (await on.listAll()).at(-1)
    t.same(Object.keys(last?.details ?? {}), ['after', 'before', 'revision'], 'silence where it was left alone')
  })

  t.test('and the chain of all of them holds', async (t) => {
    for await (const { broken } of verify(on.db)) t.equal(broken, undefined)
  })
})

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
    await withToken('refresh', refresh_token)
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

  t.test('of many uses at once, those that ended the session', async (t) => {
    const { refresh_token } = (await login(account)).body
    const answers = await Promise.all(Array.from({ length: 8 }, () => withToken('refresh', refresh_token)))
    t.equal(answers.filter(({ status }) => status === 200).length, 1)
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

t.test('the log is read', async (t) => {
  const on = await testApp(t)
  const { send, owner, organizationId } = on
  const organization = `/api/v1/organizations/${organizationId}`
  const path = `${organization}/audit-log`
  const manager = await on.person(PERMISSIONS)
  const roles: string[] = []
  for (const [i, caller] of [owner, manager, owner, manager, owner, manager, owner].entries()) {
    const { role } = (await send(caller, 'POST', `${organization}/roles`, { name: `Role ${i}`, permissions: [] })).body
    roles.push(role.id)
  }
  await send(owner, 'DELETE', `${organization}/roles/${roles[0]}`)
  const list = async (query = '') => (await send(owner, 'GET', `${path}?${query}`)).body
  const targets = ({ entries }: { entries: Entry[] }) => entries.map(({ target }) => target.id)

  t.test('newest first, from 1 without a gap, each with the hash before it', async (t) => {
    const { entries, next_cursor } = await list()
    t.equal(next_cursor, null)
    t.same(
      entries.map(({ sequence }: Entry) => sequence),
      [8, 7, 6, 5, 4, 3, 2, 1],
    )
    for (const [i, { previous_hash }] of entries.entries()) t.equal(previous_hash, entries[i + 1]?.hash ?? '')
  })

  t.test('by action, actor and target, and all at once', async (t) => {
    t.same(targets(await list('action=role.deleted')), [roles[0]])
    t.equal((await list('action=role.created')).entries.length, 7)
    t.same(targets(await list(`actor_id=${manager.id}`)), [roles[5], roles[3], roles[1]])
    t.same(targets(await list(`target_id=${roles[0]}`)), [roles[0], roles[0]])
    t.same(targets(await list(`action=role.created&actor_id=${owner.id}&target_id=${roles[2]}`)), [roles[2]])
    t.same((await list('action=role')).entries, [])
    t.same((await list(`target_id=${organizationId}`)).entries, [])
  })

  t.test('in pages that do not shift while it grows', async (t) => {
    for (const filter of ['', `&actor_id=${owner.id}`]) {
      const whole = targets(await list(`limit=200${filter}`))
      const found: string[] = []
      let cursor = ''
      do {
        const page = await list(`limit=2${filter}${cursor}`)
        t.ok(page.entries.length <= 2)
        found.push(...targets(page))
        cursor = page.next_cursor && `&cursor=${page.next_cursor}`
        await send(owner, 'POST', `${organization}/roles`, { name: `Later ${found.length}${filter}`, permissions: [] })
      } while (cursor)
      t.same(found, whole)
    }
    for (const cursor of [
      'x',
      Buffer.from('["0"]').toString('base64url'),
      Buffer.from('["1e9"]').toString('base64url'),
    ])
      t.match(await send(owner, 'GET', `${path}?cursor=${cursor}`), { status: 400, body: { code: 'invalid_cursor' } })
  })

  t.test('by those who manage the organization alone', async (t) => {
    const others = PERMISSIONS.filter((permission) => permission !== 'org.manage')
    for (const caller of [await on.person(others), await on.serviceAccount(others), await on.person([])])
      t.match(await send(caller, 'GET', path), { status: 403, body: { code: 'forbidden' } })
    t.equal((await send(await on.serviceAccount(['org.manage']), 'GET', path)).status, 200)
    t.equal((await send(null, 'GET', path)).status, 401)
    const other = await on.otherOrganization()
    t.match(await send(other.owner, 'GET', path), { status: 403, body: { code: 'not_a_member' } })
    const theirs = await send(other.owner, 'GET', `/api/v1/organizations/${other.organizationId}/audit-log`)
    t.same(theirs.body.entries, [], 'and each reads its own')
  })

  t.test('a repeated POST with a key leaves one entry', async (t) => {
    const key = { 'idempotency-key': 'once' }
    const create = () => send(owner, 'POST', `${organization}/roles`, { name: 'Once', permissions: [] }, key)
    const { role } = (await create()).body
    t.equal((await create()).body.role.id, role.id)
    t.equal((await list(`target_id=${role.id}`)).entries.length, 1)
  })
})
