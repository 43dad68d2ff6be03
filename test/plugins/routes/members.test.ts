import t from 'tap'
import { v7 as newId } from 'uuid'
import { PERMISSIONS } from '../../../src/access/permissions.ts'
import { testApp } from '../../support/app.ts'

t.test('members of an organization', async (t) => {
  const { send, owner, organizationId, person, serviceAccount } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/members`
  const rolesOf = (userId: string) => `${base}/${userId}/roles`
  const createRole = async (permissions: string[]) => {
    const path = `/api/v1/organizations/${organizationId}/roles`
    return (await send(owner, 'POST', path, { name: newId(), permissions })).body.role.id as string
  }
  const [ownerRoleId] = (await send(owner, 'GET', rolesOf(owner.userId))).body.role_ids

  t.test('every member sees who belongs, with their roles', async (t) => {
    const newcomer = await person([])
    const staff = await serviceAccount(['files.read'])
    const { status, body } = await send(newcomer, 'GET', base)
    t.equal(status, 200)
    const of = (userId: string) => body.members.find((each: { user_id: string }) => each.user_id === userId)
    t.match(of(owner.userId), {
      role_ids: [ownerRoleId],
      service_account_id: null,
      display_name: 'Person',
      role: 'admin',
    })
    t.match(of(newcomer.userId), { role_ids: [], email: `${newcomer.userId}@example.com` })
    t.match(of(staff.userId), { service_account_id: staff.id, is_service_account: true, email: null, role: 'member' })
    t.equal(of(staff.userId).role_ids.length, 1)
    t.same(Object.keys(of(owner.userId)).sort(), [
      'created_at',
      'display_name',
      'email',
      'is_service_account',
      'last_seen_at',
      'organization_id',
      'role',
      'role_ids',
      'service_account_id',
      'user_id',
    ])
    t.notMatch(JSON.stringify(body), /password|token/)
  })

  t.test('roles are set whole, and work from the next request on', async (t) => {
    const [reads, writes] = [await createRole(['files.read']), await createRole(['files.write'])]
    const someone = await person([])
    const put = await send(owner, 'PUT', rolesOf(someone.userId), { role_ids: [reads, writes.toUpperCase()] })
    t.equal(put.status, 200)
    const role_ids = [reads, writes].sort()
    t.same(put.body, { ok: true, role_ids })
    t.same((await send(someone, 'GET', rolesOf(someone.userId))).body, { role_ids })
    const one = await send(owner, 'PUT', rolesOf(someone.userId.toUpperCase()), { role_ids: [writes] })
    t.same(one.body, { ok: true, role_ids: [writes] })
    t.same((await send(owner, 'PUT', rolesOf(someone.userId), { role_ids: [] })).body, { ok: true, role_ids: [] })
    const twice = { role_ids: [reads, reads.toUpperCase()] }
    t.same((await send(owner, 'PUT', rolesOf(someone.userId), twice)).body, { ok: true, role_ids: [reads] })
  })

  t.test('a service account gets its roles here too', async (t) => {
    const staff = await serviceAccount([])
    const reads = await createRole(['files.read'])
    t.equal((await send(owner, 'PUT', rolesOf(staff.userId), { role_ids: [reads] })).status, 200)
    t.same((await send(staff, 'GET', rolesOf(staff.userId))).body, { role_ids: [reads] })
  })

  t.test('only roles of this organization can be given', async (t) => {
    const someone = await person([])
    const mixed = { role_ids: [await createRole([]), newId()] }
    const { status, body } = await send(owner, 'PUT', rolesOf(someone.userId), mixed)
    t.equal(status, 400)
    t.equal(body.code, 'unknown_role')
    t.same((await send(owner, 'GET', rolesOf(someone.userId))).body, { role_ids: [] }, 'nothing was written')
    for (const wrong of [{}, { role_ids: null }, { role_ids: ['x'] }, { role_ids: [], user_id: newId() }])
      t.equal((await send(owner, 'PUT', rolesOf(someone.userId), wrong)).status, 400)
  })

  t.test('nobody gives or takes a role with more than they hold', async (t) => {
    const manager = await person(['org.members.manage', 'files.read'])
    const [weak, strong] = [await createRole(['files.read']), await createRole(['files.read', 'org.manage'])]
    const someone = await person([])
    const refused = async (userId: string, role_ids: string[], message: string) => {
      const { status, body } = await send(manager, 'PUT', rolesOf(userId), { role_ids })
      t.equal(status, 403, message)
      t.equal(body.code, 'exceeds_own_permissions', message)
    }
    await refused(someone.userId, [strong], 'giving')
    await refused(manager.userId, [ownerRoleId], 'giving oneself')
    await send(owner, 'PUT', rolesOf(someone.userId), { role_ids: [strong] })
    await refused(someone.userId, [], 'taking')
    await refused(owner.userId, [], 'taking from an Owner')
    const more = await send(manager, 'PUT', rolesOf(someone.userId), { role_ids: [strong, weak] })
    t.equal(more.status, 200, 'a role beside one that is beyond them')
    const removed = await send(manager, 'DELETE', `${base}/${someone.userId}`)
    t.equal(removed.body.code, 'exceeds_own_permissions', 'removing')
    t.equal((await send(manager, 'DELETE', `${base}/${owner.userId}`)).status, 403, 'removing an Owner')
  })

  t.test('a removed person is out, and can be let in again without roles', async (t) => {
    const someone = await person(['files.read'])
    t.equal((await send(owner, 'DELETE', `${base}/${someone.userId}`)).status, 204)
    t.equal((await send(someone, 'GET', base)).body.code, 'not_a_member')
    const gone = await send(owner, 'DELETE', `${base}/${someone.userId}`)
    t.equal(gone.status, 404)
    t.equal(gone.body.code, 'member_not_found')
    t.equal((await send(owner, 'GET', rolesOf(someone.userId))).body.code, 'member_not_found')
    t.equal((await send(owner, 'PUT', rolesOf(someone.userId), { role_ids: [] })).body.code, 'member_not_found')
  })

  t.test('a service account is not removed like a person', async (t) => {
    const staff = await serviceAccount([])
    const { status, body } = await send(owner, 'DELETE', `${base}/${staff.userId}`)
    t.equal(status, 409)
    t.equal(body.code, 'service_account_member')
  })

  t.test('the last Owner stays, whatever AI staff owns', async (t) => {
    const staff = await serviceAccount([])
    t.equal((await send(owner, 'PUT', rolesOf(staff.userId), { role_ids: [ownerRoleId] })).status, 200)
    for (const answer of [
      await send(owner, 'DELETE', `${base}/${owner.userId}`),
      await send(owner, 'PUT', rolesOf(owner.userId), { role_ids: [] }),
    ]) {
      t.equal(answer.status, 409)
      t.equal(answer.body.code, 'last_owner')
    }
    t.equal((await send(owner, 'PUT', rolesOf(owner.userId), { role_ids: [ownerRoleId] })).status, 200)
    t.equal((await send(owner, 'PUT', rolesOf(staff.userId), { role_ids: [] })).status, 200, 'AI staff can be stripped')

    const second = await person([])
    await send(owner, 'PUT', rolesOf(second.userId), { role_ids: [ownerRoleId] })
    t.equal((await send(second, 'PUT', rolesOf(second.userId), { role_ids: [] })).status, 200, 'one of two may go')
  })

  t.test('only people who manage members change them', async (t) => {
    const someone = await person([])
    const reader = await person(['org.manage', 'files.read'])
    const staff = await serviceAccount([...PERMISSIONS])
    const calls = [
      ['DELETE', `${base}/${someone.userId}`, undefined],
      ['PUT', rolesOf(someone.userId), { role_ids: [] }],
    ] as const
    for (const [method, path, body] of calls) {
      t.equal((await send(reader, method, path, body)).body.code, 'forbidden')
      t.equal((await send(staff, method, path, body)).body.code, 'people_only')
      t.equal((await send(null, method, path, body)).status, 401)
    }
    t.equal((await send(owner, 'DELETE', `${base}/nope`)).body.code, 'invalid_id')
  })
})
