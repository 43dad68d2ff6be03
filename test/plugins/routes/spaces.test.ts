import t from 'tap'
import { v7 as newId } from 'uuid'
import { type Caller, testApp } from '../../support/app.ts'

t.test('spaces of an organization', async (t) => {
  const { send, owner, organizationId, spaceId, person, serviceAccount, db } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces`
  const createRole = async (permissions: string[] = []) =>
    (await send(owner, 'POST', `${organization}/roles`, { name: newId(), permissions })).body.role.id as string
  const give = (caller: Caller, roleIds: string[]) =>
    send(owner, 'PUT', `${organization}/members/${caller.userId}/roles`, { role_ids: roleIds })

  t.test('one is answered bare', async (t) => {
    const { status, body } = await send(owner, 'POST', base, { name: ' Marketing ', description: 'Words' })
    t.equal(status, 201)
    t.same(Object.keys(body).sort(), ['created_at', 'description', 'id', 'name', 'organization_id'])
    t.match(body, { organization_id: organizationId, name: 'Marketing', description: 'Words' })
    t.same((await send(owner, 'GET', `${base}/${body.id}`)).body, body)
    t.same((await send(owner, 'GET', base)).body.spaces.at(-1), body)
    t.equal((await send(owner, 'POST', base, { name: 'Bare', description: null })).body.description, null)
    t.equal((await send(owner, 'DELETE', `${base}/${body.id}`)).status, 204)
    t.equal((await send(owner, 'GET', `${base}/${body.id}`)).body.error, 'space not found')
    t.equal((await send(owner, 'DELETE', `${base}/${body.id}`)).status, 404)
  })

  t.test('a repeated POST with a key makes one space', async (t) => {
    const key = { 'idempotency-key': newId() }
    const first = await send(owner, 'POST', base, { name: 'Once' }, key)
    t.same((await send(owner, 'POST', base, { name: 'Once' }, key)).body, first.body)
    t.equal((await send(owner, 'POST', base, { name: 'Twice' }, key)).status, 422)
  })

  t.test('deleting one deletes all that is in it', async (t) => {
    const { id } = (await send(owner, 'POST', base, { name: 'Full' })).body
    const space = `${base}/${id}`
    await send(owner, 'PUT', `${space}/access`, { role_ids: [await createRole()] })
    const room = (await send(owner, 'POST', `${space}/chat-rooms`, { name: 'general' })).body
    await send(owner, 'POST', `${space}/chat-rooms/${room.id}/messages`, { content: 'Hello' })
    await send(owner, 'POST', `${space}/automations`, { name: 'a', kind: 'webhook' })
    t.equal((await send(owner, 'DELETE', space)).status, 204)
    for (const table of ['space_roles', 'chat_rooms', 'chat_messages', 'automations'] as const)
      t.same(await db.selectFrom(table).select('space_id').where('space_id', '=', id).execute(), [], table)
  })

  t.test('each needs its permission', async (t) => {
    const plain = await person(['files.read'])
    t.equal((await send(plain, 'POST', base, { name: 'x' })).body.error, 'forbidden')
    t.equal((await send(plain, 'DELETE', `${base}/${spaceId}`)).body.error, 'forbidden')
    t.equal((await send(plain, 'PUT', `${base}/${spaceId}/access`, { role_ids: [] })).body.error, 'forbidden')
    t.equal((await send(plain, 'GET', `${base}/${spaceId}/access`)).status, 200)
    t.equal((await send(null, 'GET', base)).status, 401)
    const staff = await serviceAccount(['space.create', 'space.delete', 'space.members.manage'])
    const made = await send(staff, 'POST', base, { name: 'By AI staff' })
    t.equal(made.status, 201)
    const access = `${base}/${made.body.id}/access`
    t.equal((await send(staff, 'PUT', access, { role_ids: [] })).body.code, 'people_only')
    t.equal((await send(staff, 'DELETE', `${base}/${made.body.id}`)).status, 403)
  })

  t.test('what is not a space is refused with its place', async (t) => {
    for (const [body, path] of [
      [{}, '/name'],
      [{ name: ' ' }, '/name'],
      [{ name: 7 }, '/name'],
      [{ name: 'x', id: newId() }, '/id'],
      [{ name: 'x', organization_id: newId() }, '/organization_id'],
      [{ name: 'x', created_by: newId() }, '/created_by'],
    ] as const) {
      const answer = await send(owner, 'POST', base, body)
      t.equal(answer.status, 400)
      t.equal(answer.body.code, 'invalid_request')
      t.equal(answer.body.details[0].path, path)
    }
    t.equal((await send(owner, 'GET', `${base}/nope`)).body.error, 'invalid space id')
  })

  t.test('the access list takes roles of this organization, and no list is an empty one', async (t) => {
    const access = `${base}/${spaceId}/access`
    const roles = [await createRole(), await createRole()].sort()
    t.same((await send(owner, 'GET', access)).body, { role_ids: [] })
    const put = await send(owner, 'PUT', access, { role_ids: roles.map((id) => id.toUpperCase()) })
    t.equal(put.status, 200)
    t.same(put.body, { role_ids: roles })
    t.same((await send(owner, 'GET', access)).body, { role_ids: roles })
    const unknown = await send(owner, 'PUT', access, { role_ids: [newId()] })
    t.equal(unknown.status, 400)
    t.equal(unknown.body.code, 'unknown_role')
    t.same((await send(owner, 'GET', access)).body, { role_ids: roles }, 'nothing was written')
    t.same((await send(owner, 'PUT', access, { role_ids: [] })).body, { role_ids: [] })
  })

  t.test('the list shows exactly the spaces that let one in', async (t) => {
    const [listed, other] = [await createRole(), await createRole()]
    const creator = await person(['space.create'])
    const spaces = {
      open: (await send(owner, 'POST', base, { name: 'open' })).body.id,
      closed: (await send(owner, 'POST', base, { name: 'closed' })).body.id,
      created: (await send(creator, 'POST', base, { name: 'created' })).body.id,
    }
    await send(owner, 'PUT', `${base}/${spaces.closed}/access`, { role_ids: [listed] })
    await send(owner, 'PUT', `${base}/${spaces.created}/access`, { role_ids: [listed] })

    const holderOfListed = await person([])
    await give(holderOfListed, [listed])
    const holderOfOther = await person([])
    await give(holderOfOther, [other])
    const strippedCreator = await person(['space.create'])
    const own = (await send(strippedCreator, 'POST', base, { name: 'own' })).body.id
    await give(strippedCreator, [])

    const callers: [string, Caller, string[]][] = [
      ['no role', await person([]), []],
      ['a role that is not listed', holderOfOther, [spaceId, spaces.open, own]],
      ['a listed role', holderOfListed, [spaceId, spaces.open, spaces.closed, spaces.created, own]],
      ['the creator', creator, [spaceId, spaces.open, spaces.created, own]],
      ['the creator without a role', strippedCreator, [own]],
      ['org.manage', await person(['org.manage']), [...Object.values(spaces), spaceId, own]],
      ['space.members.manage', await person(['space.members.manage']), [...Object.values(spaces), spaceId, own]],
      ['the Owner', owner, [...Object.values(spaces), spaceId, own]],
      ['AI staff with a role', await serviceAccount(['files.read']), [spaceId, spaces.open, own]],
      ['AI staff without one', await serviceAccount([]), []],
    ]
    const all = [spaceId, ...Object.values(spaces), own]
    for (const [who, caller, expected] of callers) {
      const { body } = await send(caller, 'GET', base)
      const ids: string[] = body.spaces.map((space: { id: string }) => space.id)
      t.same(ids.filter((id) => all.includes(id)).sort(), [...expected].sort(), who)
      for (const id of all) {
        const { status } = await send(caller, 'GET', `${base}/${id}`)
        t.equal(status === 200, ids.includes(id), `${who}: the list and the door agree`)
      }
      const { projects } = (await send(caller, 'GET', `${base}/access-summary`)).body
      t.same(
        projects,
        ids.map((id) => ({ project_id: id, can_access: true })),
        `${who}: so does the summary`,
      )
    }
    for (const id of all) {
      const { body } = await send(owner, 'GET', `${base}/${id}/accessible-members`)
      const members: { user_id: string }[] = body.members
      for (const [who, { userId }, expected] of callers)
        t.equal(
          members.some(({ user_id }) => user_id === userId),
          expected.includes(id),
          `${who} among who may enter`,
        )
      const { role_ids } = (await send(owner, 'GET', `${base}/${id}/access`)).body
      t.match(body, { allowed_role_ids: role_ids, space_has_allowlist: role_ids.length > 0 })
    }
  })
})
