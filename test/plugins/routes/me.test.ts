import t from 'tap'
import { type Caller, testApp } from '../../support/app.ts'

t.test('the caller', async (t) => {
  const { send, owner, person, serviceAccount, organizationId, spaceId, otherOrganization } = await testApp(t)
  const staff = await serviceAccount(['org.manage'])
  const path = '/api/v1/me'

  t.test('is a person', async (t) => {
    const { status, body } = await send(owner, 'GET', path)
    t.equal(status, 200)
    t.match(body, { id: owner.id, email: `${owner.id}@example.com`, service_account: null, signup_pending: false })
    t.match(body.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.same(
      Object.keys(body).sort(),
      ['created_at', 'display_name', 'email', 'id', 'service_account', 'signup_pending', 'signup_request'],
      'and nothing of the password',
    )
  })

  t.test('is a service account, which knows itself by that', async (t) => {
    const { body } = await send(staff, 'GET', path)
    t.match(body, {
      id: staff.userId,
      email: null,
      service_account: { id: staff.id, organization_id: organizationId },
    })
  })

  t.test('changes a display name, and nothing else', async (t) => {
    const renamed = await send(owner, 'PATCH', path, { display_name: '  Ada King ' })
    t.match(renamed, { status: 200, body: { display_name: 'Ada King' } })
    t.match(await send(owner, 'PATCH', path, {}), { status: 200, body: { display_name: 'Ada King' } })
    for (const key of ['id', 'email', 'created_at', 'service_account', 'signup_pending', 'password_hash']) {
      const answer = await send(owner, 'PATCH', path, { display_name: 'X', [key]: null })
      t.match(answer, { status: 400, body: { details: [{ path: `/${key}` }] } })
    }
    for (const display_name of ['', ' \n', 7, null, 'x'.repeat(201), 'a\u0000b', '\ud800'])
      t.equal((await send(owner, 'PATCH', path, { display_name })).status, 400)
    t.equal((await send(owner, 'GET', path)).body.display_name, 'Ada King')
  })

  t.test('keeps the name that people gave it, when it is a service account', async (t) => {
    t.match(await send(staff, 'PATCH', path, { display_name: 'Ada King' }), {
      status: 403,
      body: { code: 'people_only' },
    })
  })

  t.test('sees what waits for a decision of theirs, and of nobody else', async (t) => {
    const automations = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
    const config = { cron: '0 9 * * *' }
    const proposer = await serviceAccount(['files.read', 'files.write'])
    const of = async (caller: Caller, query = '') => (await send(caller, 'GET', `${path}/notifications${query}`)).body
    t.same(await of(owner), { notifications: [], unread_count: 0 })
    const propose = async (name: string) =>
      (await send(proposer, 'POST', automations, { name, kind: 'scheduled', config })).body.automation.id
    const [first, second] = [await propose('First'), await propose('Second')]
    await send(owner, 'POST', `${automations}/${first}/approve`)
    await send(proposer, 'PATCH', `${automations}/${first}`, { name: 'First, changed' })

    const { notifications, unread_count } = await of(owner)
    t.equal(unread_count, 2)
    t.match(notifications, [
      { id: first, type: 'automation.change_proposed', title: 'First, changed', space_id: spaceId, read_at: null },
      { id: second, type: 'automation.proposed', title: 'Second', organization_id: organizationId },
    ])
    t.match(notifications[1].body, /^.+ proposes an automation in .+$/)
    t.match(await of(owner, '?limit=1'), { notifications: [{ id: first }], unread_count: 2 })
    t.match(await of(owner, '?type=automation.proposed'), { notifications: [{ id: second }], unread_count: 1 })
    t.match(await of(owner, `?org_id=${organizationId}&space_id=${spaceId}`), { unread_count: 2 })
    t.match(await of(owner, `?space_id=${organizationId}`), { notifications: [], unread_count: 0 })
    for (const query of ['?limit=0', '?type=x', '?org_id=x', '?more=1'])
      t.equal((await send(owner, 'GET', `${path}/notifications${query}`)).status, 400, query)

    const other = await otherOrganization()
    const reader = await person(['files.read'])
    const nobody = await person([])
    for (const caller of [other.owner, reader, nobody, proposer])
      t.same(await of(caller), { notifications: [], unread_count: 0 })
    t.same(await of(other.owner, `?org_id=${organizationId}`), { notifications: [], unread_count: 0 })

    const decider = await person(['files.read', 'files.write'])
    t.equal((await of(decider)).unread_count, 2)
    const { roles } = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/roles`)).body
    const access = { role_ids: [roles[0].id] }
    await send(owner, 'PUT', `/api/v1/organizations/${organizationId}/spaces/${spaceId}/access`, access)
    t.equal((await of(decider)).unread_count, 0, 'nor what is in a space that they may not enter')
    t.equal((await of(owner)).unread_count, 2)
  })

  t.test('is nobody without a token', async (t) => {
    t.equal((await send(null, 'GET', path)).status, 401)
  })
})
