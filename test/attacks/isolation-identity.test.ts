import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { v7 as newId } from 'uuid'
import { PERMISSIONS } from '../../src/access/permissions.ts'
import { type Caller, testApp } from '../support/app.ts'

type Operation = [method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown]
type Ids = { organization: string; user: string; role: string; account: string; space: string; room: string }

/** Every operation on members, roles, service accounts, spaces and chat, with a body that would do harm. */
function operations(ids: Ids): Operation[] {
  const organization = `/api/v1/organizations/${ids.organization}`
  const space = `${organization}/spaces/${ids.space}`
  return [
    ['GET', `${organization}/members`],
    ['DELETE', `${organization}/members/${ids.user}`],
    ['GET', `${organization}/members/${ids.user}/roles`],
    ['PUT', `${organization}/members/${ids.user}/roles`, { role_ids: [] }],
    ['GET', `${organization}/roles`],
    ['POST', `${organization}/roles`, { name: 'intruder', permissions: [] }],
    ['PATCH', `${organization}/roles/${ids.role}`, { permissions: [] }],
    ['DELETE', `${organization}/roles/${ids.role}`],
    ['GET', `${organization}/service-accounts`],
    ['POST', `${organization}/service-accounts`, { name: 'intruder' }],
    ['PATCH', `${organization}/service-accounts/${ids.account}`, { name: 'intruder' }],
    ['POST', `${organization}/service-accounts/${ids.account}/rotate`],
    ['DELETE', `${organization}/service-accounts/${ids.account}`],
    ['GET', `${organization}/spaces`],
    ['GET', `${organization}/spaces/access-summary`],
    ['POST', `${organization}/spaces`, { name: 'intruder' }],
    ['GET', space],
    ['GET', `${space}/access`],
    ['GET', `${space}/accessible-members`],
    ['PUT', `${space}/access`, { role_ids: [] }],
    ['GET', `${space}/chat-rooms`],
    ['POST', `${space}/chat-rooms`, { name: 'intruder' }],
    ['DELETE', `${space}/chat-rooms/${ids.room}`],
    ['GET', `${space}/chat-rooms/${ids.room}/messages`],
    ['POST', `${space}/chat-rooms/${ids.room}/messages`, { content: 'intruder' }],
    ['DELETE', space],
  ]
}

const isForEveryMember = ([method, path]: Operation) =>
  method === 'GET' && /\/(members|roles|spaces|spaces\/access-summary)$/.test(path)

const TABLES = [
  'members',
  'member_roles',
  'roles',
  'service_accounts',
  'spaces',
  'space_roles',
  'chat_rooms',
  'chat_messages',
]

/** An organization and another, each with something of everything. */
async function twoOrganizations(t: Test) {
  const app = await testApp(t)
  const { send, db, person } = app
  const other = await app.otherOrganization()

  async function fill({ organizationId, owner, spaceId }: typeof other): Promise<Ids> {
    const organization = `/api/v1/organizations/${organizationId}`
    const space = `${organization}/spaces/${spaceId}`
    const post = async (path: string, body: unknown) => (await send(owner, 'POST', path, body)).body
    const { role } = await post(`${organization}/roles`, { name: 'secret role', permissions: ['files.read'] })
    const staff = { name: 'secret staff', role_ids: [role.id] }
    const { service_account } = await post(`${organization}/service-accounts`, staff)
    await send(owner, 'PUT', `${space}/access`, { role_ids: [role.id] })
    const room = await post(`${space}/chat-rooms`, { name: 'secret room' })
    await post(`${space}/chat-rooms/${room.id}/messages`, { content: 'secret message' })
    return {
      organization: organizationId,
      user: (await person([], organizationId)).userId,
      role: role.id,
      account: service_account.id,
      space: spaceId,
      room: room.id,
    }
  }

  /** All that the other organization holds. */
  async function snapshot() {
    const rows: unknown[][] = []
    for (const table of TABLES) {
      const found = await sql`
        select to_json(x)::text as row from ${sql.table(table)} x
         where organization_id = ${other.organizationId}::uuid order by 1`.execute(db)
      rows.push(found.rows)
    }
    return rows
  }

  return { ...app, other, snapshot, own: await fill(app), foreign: await fill(other) }
}

t.test('another organization', async (t) => {
  const { send, owner, other, own, foreign, snapshot, organizationId } = await twoOrganizations(t)
  const before = await snapshot()

  t.test('is closed to an Owner of this one, like one that does not exist', async (t) => {
    const nowhere = operations({ ...foreign, organization: newId() })
    for (const [i, [method, path, body]] of operations(foreign).entries()) {
      const { status, body: refusal } = await send(owner, method, path, body)
      t.equal(status, 403, `${method} ${path}`)
      t.equal(refusal.error, 'not a member of this organization')
      const none = await send(owner, method, nowhere[i]?.[1] ?? '', body)
      t.same({ ...none.body, request_id: '' }, { ...refusal, request_id: '' }, 'the answers are alike')
    }
  })

  t.test('lends none of its ids to this one', async (t) => {
    for (const key of ['user', 'role', 'account', 'space', 'room'] as const) {
      for (const [method, path, body] of operations({ ...own, [key]: foreign[key] })) {
        if (!path.includes(foreign[key])) continue
        const { status, text } = await send(owner, method, path, body)
        t.equal(status, 404, `${method} ${path}`)
        t.notMatch(text, /secret/)
      }
    }
  })

  t.test('lends no roles to members, service accounts or spaces of this one', async (t) => {
    const organization = `/api/v1/organizations/${organizationId}`
    const role_ids = [own.role, foreign.role]
    const writes: Operation[] = [
      ['PUT', `${organization}/members/${own.user}/roles`, { role_ids }],
      ['POST', `${organization}/service-accounts`, { name: 'x', role_ids }],
      ['PATCH', `${organization}/service-accounts/${own.account}`, { role_ids }],
      ['PUT', `${organization}/spaces/${own.space}/access`, { role_ids }],
    ]
    for (const [method, path, body] of writes) {
      const { status, body: refusal } = await send(owner, method, path, body)
      t.equal(status, 400, `${method} ${path}`)
      t.equal(refusal.code, 'unknown_role')
    }
  })

  t.test('shows nothing in the lists of this one', async (t) => {
    for (const [method, path] of operations(own)) {
      if (method !== 'GET') continue
      const { status, text } = await send(owner, method, path)
      t.equal(status, 200, path)
      for (const id of Object.values(foreign)) t.notOk(text.includes(id), path)
    }
  })

  t.test('is just as it was, and its own Owner still sees it', async (t) => {
    t.same(await snapshot(), before)
    for (const [method, path] of operations(foreign))
      if (method === 'GET') t.equal((await send(other.owner, method, path)).status, 200, path)
  })
})

t.test('a room of the right organization under the wrong space is not there', async (t) => {
  const { send, owner, own, organizationId } = await twoOrganizations(t)
  const spaces = `/api/v1/organizations/${organizationId}/spaces`
  const { id } = (await send(owner, 'POST', spaces, { name: 'Next door' })).body
  const path = `${spaces}/${id}/chat-rooms/${own.room}/messages`
  t.equal((await send(owner, 'GET', path)).body.code, 'chat_room_not_found')
  t.equal((await send(owner, 'POST', path, { content: 'x' })).body.code, 'chat_room_not_found')
})

t.test('power that is taken away is gone on the next request', async (t) => {
  const { send, owner, own, organizationId, db, person } = await twoOrganizations(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const almighty = async (): Promise<[Caller, string]> => {
    const role = { name: newId(), permissions: [...PERMISSIONS] }
    const { id } = (await send(owner, 'POST', `${organization}/roles`, role)).body.role
    const caller = await person([])
    await send(owner, 'PUT', `${organization}/members/${caller.userId}/roles`, { role_ids: [id] })
    t.equal((await send(caller, 'GET', `${organization}/service-accounts`)).status, 200)
    return [caller, id]
  }

  t.test('of a removed member, whose token still lives', async (t) => {
    const [caller] = await almighty()
    t.equal((await send(owner, 'DELETE', `${organization}/members/${caller.userId}`)).status, 204)
    for (const [method, path, body] of operations(own))
      t.equal((await send(caller, method, path, body)).body.code, 'not_a_member', `${method} ${path}`)
  })

  t.test('of a member whose role is taken, weakened or deleted', async (t) => {
    const ways = [
      (caller: Caller) => send(owner, 'PUT', `${organization}/members/${caller.userId}/roles`, { role_ids: [] }),
      (_: Caller, role: string) => send(owner, 'PATCH', `${organization}/roles/${role}`, { permissions: [] }),
      (_: Caller, role: string) => send(owner, 'DELETE', `${organization}/roles/${role}`),
    ]
    for (const take of ways) {
      const [caller, role] = await almighty()
      t.ok((await take(caller, role)).status < 300)
      for (const operation of operations(own)) {
        const [method, path, body] = operation
        // The roles of a member are for every member to see, under a path of their own.
        const isOpen = isForEveryMember(operation)
        t.equal((await send(caller, method, path, body)).status, isOpen ? 200 : 403, `${method} ${path}`)
      }
    }
  })

  t.test('over a space whose access list changes', async (t) => {
    const caller = await person(['chat.read'])
    const { id } = (await send(owner, 'POST', `${organization}/spaces`, { name: 'closing' })).body
    const rooms = `${organization}/spaces/${id}/chat-rooms`
    t.equal((await send(caller, 'GET', rooms)).status, 200)
    await send(owner, 'PUT', `${organization}/spaces/${id}/access`, { role_ids: [own.role] })
    const { status, body } = await send(caller, 'GET', rooms)
    t.equal(status, 403)
    t.equal(body.error, 'no access to this space')
    const nowhere = await send(caller, 'GET', `${organization}/spaces/${newId()}/chat-rooms`)
    t.same({ ...nowhere.body, request_id: '' }, { ...body, request_id: '' }, 'a space that is not there looks the same')
  })

  t.test('of a service account that is deleted, rotated or expired', async (t) => {
    for (const end of ['delete', 'rotate', 'expire']) {
      const { body } = await send(owner, 'POST', `${organization}/service-accounts`, { name: end })
      const { service_account: account, token } = body
      const caller = { token, userId: account.user_id, id: account.id }
      const path = `${organization}/service-accounts/${account.id}`
      t.equal((await send(caller, 'GET', `${organization}/members`)).status, 200)
      if (end === 'delete') await send(owner, 'DELETE', path)
      if (end === 'rotate') await send(owner, 'POST', `${path}/rotate`)
      const token_expires_at = new Date(Date.now() - 1)
      if (end === 'expire')
        await db.updateTable('service_accounts').set({ token_expires_at }).where('id', '=', account.id).execute()
      for (const [method, url, body] of operations(own))
        t.equal((await send(caller, method, url, body)).body.code, 'unauthorized', `${end}: ${method} ${url}`)
    }
  })

  t.test('over the answers that were kept for a repeated POST', async (t) => {
    const [caller] = await almighty()
    const key = { 'idempotency-key': newId() }
    const path = `${organization}/service-accounts`
    t.match((await send(caller, 'POST', path, { name: 'kept' }, key)).text, /sa_/)
    await send(owner, 'PUT', `${organization}/members/${caller.userId}/roles`, { role_ids: [] })
    const again = await send(caller, 'POST', path, { name: 'kept' }, key)
    t.equal(again.status, 403)
    t.notMatch(again.text, /sa_/)
    const another = await send(owner, 'POST', path, { name: 'kept' }, key)
    t.notOk(another.headers['idempotency-replayed'], 'nobody else gets the answer by the same key')
  })
})

t.test("AI staff with every permission changes nobody's power", async (t) => {
  const { send, own, serviceAccount } = await twoOrganizations(t)
  const staff = await serviceAccount([...PERMISSIONS])
  for (const [method, path, body] of operations(own)) {
    if (method === 'GET' || /\/spaces$|\/spaces\/[^/]+$|\/chat-rooms/.test(path)) continue
    const { status, body: refusal } = await send(staff, method, path, body)
    t.equal(status, 403, `${method} ${path}`)
    t.equal(refusal.code, 'people_only')
  }
})
