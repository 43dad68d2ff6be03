import t from 'tap'
import { v7 as newId } from 'uuid'
import { PERMISSIONS } from '../../../src/access/permissions.ts'
import { testApp } from '../../support/app.ts'

const ROLE_FIELDS = ['created_at', 'id', 'is_system', 'name', 'organization_id', 'permissions', 'updated_at']

t.test('roles of an organization', async (t) => {
  const { send, owner, organizationId, spaceId, person, serviceAccount, db } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/roles`
  const manager = await person(['org.members.manage', 'files.read'])
  const roleNamed = async (name: string) =>
    (await send(owner, 'GET', base)).body.roles.find((role: { name: string }) => role.name === name)
  const create = async (name: string, permissions: string[] = []) =>
    (await send(owner, 'POST', base, { name, permissions })).body.role

  t.test('one is created, listed to every member, changed and deleted', async (t) => {
    const created = await send(owner, 'POST', base, { name: '  Editor ', permissions: ['files.read', 'files.write'] })
    t.equal(created.status, 201)
    const { role } = created.body
    t.same(Object.keys(role).sort(), ROLE_FIELDS)
    t.match(role, { organization_id: organizationId, name: 'Editor', is_system: false })
    t.same(role.permissions, ['files.read', 'files.write'])
    t.same(await roleNamed('Editor'), role)
    const nobody = await person([])
    t.same((await send(nobody, 'GET', base)).body, (await send(owner, 'GET', base)).body)

    const changed = await send(owner, 'PATCH', `${base}/${role.id}`, { permissions: ['files.read'] })
    t.equal(changed.status, 200)
    const { updated_at } = changed.body.role
    t.same(changed.body.role, { ...role, permissions: ['files.read'], updated_at })
    t.ok(updated_at > role.updated_at)
    const kept = { permissions: ['files.write'], set_permissions: false }
    t.same((await send(owner, 'PATCH', `${base}/${role.id}`, kept)).body.role, changed.body.role)
    const renamed = await send(owner, 'PATCH', `${base}/${role.id}`, { name: 'Reader' })
    t.match(renamed.body.role, { name: 'Reader', permissions: ['files.read'] })
    t.same(
      (await send(owner, 'PATCH', `${base}/${role.id}`, {})).body.role,
      renamed.body.role,
      'nothing asked, nothing done',
    )

    const deleted = await send(owner, 'DELETE', `${base}/${role.id}`)
    t.equal(deleted.status, 204)
    t.equal(deleted.text, '')
    t.equal((await send(owner, 'DELETE', `${base}/${role.id}`)).body.code, 'role_not_found')
    t.equal((await send(owner, 'PATCH', `${base}/${role.id}`, {})).status, 404)
  })

  t.test('a repeated POST with a key makes one role', async (t) => {
    const key = { 'idempotency-key': newId() }
    const body = { name: 'Once', permissions: [] }
    const first = await send(owner, 'POST', base, body, key)
    const again = await send(owner, 'POST', base, body, key)
    t.equal(again.status, 201)
    t.same(again.body, first.body)
  })

  t.test('names are unique, and Owner is taken in every spelling', async (t) => {
    await create('Taken')
    const other = await create('Other')
    for (const name of ['Taken', ' Taken ', 'Owner', 'owner', ' OWNER\n', 'Ｏwner']) {
      const created = await send(owner, 'POST', base, { name, permissions: [] })
      t.equal(created.status, 409, name)
      t.equal(created.body.code, 'name_taken')
      t.equal((await send(owner, 'PATCH', `${base}/${other.id}`, { name })).body.code, 'name_taken')
    }
    t.equal((await send(owner, 'PATCH', `${base}/${other.id}`, { name: 'Other' })).status, 200, 'its own name is free')
  })

  t.test('Owner is fixed', async (t) => {
    const role = await roleNamed('Owner')
    t.equal(role.is_system, true)
    for (const body of [{ name: 'Boss' }, { permissions: [] }, {}])
      t.equal((await send(owner, 'PATCH', `${base}/${role.id}`, body)).body.code, 'system_role')
    const deleted = await send(owner, 'DELETE', `${base}/${role.id}`)
    t.equal(deleted.status, 409)
    t.equal(deleted.body.code, 'system_role')
    t.same(await roleNamed('Owner'), role)
  })

  t.test('nobody moves a permission that they do not hold', async (t) => {
    const refused = async (answer: Promise<{ status: number; body: { code: string } }>, message: string) => {
      const { status, body } = await answer
      t.equal(status, 403, message)
      t.equal(body.code, 'exceeds_own_permissions', message)
    }
    const strong = await create('Strong', ['files.read', 'files.write'])
    await refused(send(manager, 'POST', base, { name: 'Mine', permissions: ['files.write'] }), 'into a new role')
    await refused(send(manager, 'POST', base, { name: 'Mine', permissions: [...PERMISSIONS] }), 'all of them')
    const weak = (await send(manager, 'POST', base, { name: 'Mine', permissions: ['files.read'] })).body.role
    await refused(send(manager, 'PATCH', `${base}/${weak.id}`, { permissions: ['files.write'] }), 'into an old one')
    await refused(send(manager, 'PATCH', `${base}/${strong.id}`, { permissions: ['files.read'] }), 'out of one')
    await refused(send(manager, 'DELETE', `${base}/${strong.id}`), 'away with the role')
    t.same((await roleNamed('Strong')).permissions, ['files.read', 'files.write'], 'nothing was written')
    const kept = await send(manager, 'PATCH', `${base}/${strong.id}`, { permissions: ['files.write'] })
    t.equal(kept.status, 200, 'what they hold they may take, though the role holds more')
    t.equal((await send(manager, 'PATCH', `${base}/${weak.id}`, { permissions: [] })).status, 200)
    t.equal((await send(manager, 'DELETE', `${base}/${weak.id}`)).status, 204)
  })

  t.test('only people who manage members write roles', async (t) => {
    const role = await create('Plain')
    const reader = await person(['files.read', 'org.manage'])
    const staff = await serviceAccount([...PERMISSIONS])
    const calls = [
      ['POST', base, { name: 'x', permissions: [] }],
      ['PATCH', `${base}/${role.id}`, { name: 'x' }],
      ['DELETE', `${base}/${role.id}`, undefined],
    ] as const
    for (const [method, path, body] of calls) {
      t.equal((await send(reader, method, path, body)).body.code, 'forbidden')
      t.equal((await send(staff, method, path, body)).body.code, 'people_only')
      t.equal((await send(null, method, path, body)).status, 401)
    }
    t.equal((await send(staff, 'GET', base)).status, 200)
  })

  t.test('what is not a role is refused with its place', async (t) => {
    const wrong: [unknown, string][] = [
      [{ name: 'x', permissions: ['files.everything'] }, '/permissions/0'],
      [{ name: 'x', permissions: 'files.read' }, '/permissions'],
      [{ name: 'x', permissions: ['files.read', 'files.read'] }, '/permissions'],
      [{ name: 'x' }, '/permissions'],
      [{ permissions: [] }, '/name'],
      [{ name: ' ', permissions: [] }, '/name'],
      [{ name: 'x'.repeat(101), permissions: [] }, '/name'],
      [{ name: 'x', permissions: [], is_system: true }, '/is_system'],
      [{ name: 'x', permissions: [], id: newId() }, '/id'],
      [{ name: 'x', permissions: [], organization_id: newId() }, '/organization_id'],
      [{ name: 'x\u0000', permissions: [] }, '/name'],
    ]
    for (const [body, path] of wrong) {
      const { status, body: refusal } = await send(owner, 'POST', base, body)
      t.equal(status, 400, JSON.stringify(body))
      t.equal(refusal.code, 'invalid_request', JSON.stringify(body))
      t.equal(refusal.details[0].path, path)
    }
    t.equal((await send(owner, 'PATCH', `${base}/nope`, {})).body.code, 'invalid_id')
  })

  t.test('a role that is the only one to let people into a space stays, lest the space lie open', async (t) => {
    const [guard, second] = [await create('Guard'), await create('Second')]
    const access = `${organization}/spaces/${spaceId}/access`
    t.equal((await send(owner, 'PUT', access, { role_ids: [guard.id] })).status, 200)
    const refused = await send(owner, 'DELETE', `${base}/${guard.id}`)
    t.equal(refused.status, 409)
    t.equal(refused.body.code, 'role_in_use')
    await send(owner, 'PUT', access, { role_ids: [guard.id, second.id] })
    t.equal((await send(owner, 'DELETE', `${base}/${guard.id}`)).status, 204)
    t.same((await send(owner, 'GET', access)).body, { role_ids: [second.id] })
    await send(owner, 'PUT', access, { role_ids: [] })
  })

  t.test('a deleted role is gone from those who held it', async (t) => {
    const role = await create('Passing', ['chat.read'])
    const holder = await person([])
    const path = `${organization}/members/${holder.userId}/roles`
    await send(owner, 'PUT', path, { role_ids: [role.id] })
    await send(owner, 'DELETE', `${base}/${role.id}`)
    t.same((await send(owner, 'GET', path)).body, { role_ids: [] })
    t.same(await db.selectFrom('member_roles').select('role_id').where('role_id', '=', role.id).execute(), [])
  })
})
