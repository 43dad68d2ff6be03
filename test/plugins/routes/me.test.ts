import t from 'tap'
import { testApp } from '../../support/app.ts'

t.test('the caller', async (t) => {
  const { send, owner, serviceAccount, organizationId, spaceId } = await testApp(t)
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
      service_account: { id: staff.id, organization_id: organizationId, pending_proposals: 0 },
    })
    const author = await serviceAccount(['files.write'])
    const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
    await send(author, 'POST', base, { name: 'X', kind: 'scheduled' })
    t.equal((await send(author, 'GET', path)).body.service_account.pending_proposals, 1)
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

  t.test('is nobody without a token', async (t) => {
    t.equal((await send(null, 'GET', path)).status, 401)
  })
})
