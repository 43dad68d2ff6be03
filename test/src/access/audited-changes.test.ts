import t, { type Test } from 'tap'
import { verify } from '../../../src/audit-chain.ts'
import { callerOf, registration } from '../../support/accounts.ts'
import { type Answer, type Caller, emptyApp } from '../../support/app.ts'

type Details = { [name: string]: unknown }
type Entry = { id: string; action: string; target: { type: string; id: string }; details: Details }
type Expected = { action: string; [field: string]: unknown }

const person = ({ userId: id }: Caller) => ({ type: 'user', id })

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
  const seen = new Set<string>()
  /** Holds what was written since the last time against what the answered request should have left, no more, no less. */
  const left = async (t: Test, answer: Answer, actor: object, ...expected: Expected[]) => {
    const fresh = (await listAll()).filter(({ id }) => !seen.has(id))
    for (const { id } of fresh) seen.add(id)
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
