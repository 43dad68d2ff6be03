import { sql } from 'kysely'
import t from 'tap'
import { v7 as newId } from 'uuid'
import * as roles from '../../db/queries/roles.ts'
import { type Caller, testApp } from '../support/app.ts'
import { until } from '../support/until.ts'

const ROUNDS = Array.from({ length: 10 }, (_, round) => round)

t.test('an organization keeps an Owner', async (t) => {
  const { send, owner, organizationId, person, db } = await testApp(t)
  const members = `/api/v1/organizations/${organizationId}/members`
  const rolesOf = (caller: Caller) => `${members}/${caller.userId}/roles`
  const [ownerRoleId] = (await send(owner, 'GET', rolesOf(owner))).body.role_ids
  /** New people who are the only Owners: whoever was one before is not any more. */
  const onlyOwner = async (...owners: Caller[]) => {
    await db.deleteFrom('member_roles').where('role_id', '=', ownerRoleId).execute()
    const row = { organization_id: organizationId, role_id: ownerRoleId }
    for (const { userId } of owners)
      await db
        .insertInto('member_roles')
        .values({ ...row, user_id: userId })
        .execute()
  }
  const countOwners = async () =>
    (await db.selectFrom('member_roles').select('user_id').where('role_id', '=', ownerRoleId).execute()).length

  t.test('when all of them step back at once', async (t) => {
    for (const _ of ROUNDS) {
      const owners = [await person([]), await person([]), await person([]), await person([])]
      await onlyOwner(...owners)
      const answers = await Promise.all(owners.map((each) => send(each, 'PUT', rolesOf(each), { role_ids: [] })))
      t.equal(await countOwners(), 1)
      t.same(answers.map(({ status }) => status).sort(), [200, 200, 200, 409])
      t.equal(answers.find(({ status }) => status === 409)?.body.code, 'last_owner')
    }
  })

  t.test('when two remove or strip each other at once', async (t) => {
    for (const round of ROUNDS) {
      const [a, b] = [await person([]), await person([])]
      await onlyOwner(a, b)
      const answers = await Promise.all([
        send(a, 'DELETE', `${members}/${b.userId}`),
        round % 2 ? send(b, 'PUT', rolesOf(a), { role_ids: [] }) : send(b, 'DELETE', `${members}/${a.userId}`),
      ])
      t.equal(await countOwners(), 1)
      const [won, lost] = answers.sort((x, y) => x.status - y.status)
      t.ok(won && won.status < 300)
      t.ok(['forbidden', 'not_a_member'].includes(lost?.body.code), 'the loser has no power left to do it with')
    }
  })
})

t.test('nobody climbs', async (t) => {
  const { send, owner, organizationId, person, db } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const rolesOf = (caller: Caller) => `${organization}/members/${caller.userId}/roles`
  const heldBy = async (caller: Caller) => (await send(owner, 'GET', rolesOf(caller))).body.role_ids
  const [ownerRoleId] = await heldBy(owner)
  const createRole = async (permissions: string[]): Promise<string> =>
    (await send(owner, 'POST', `${organization}/roles`, { name: newId(), permissions })).body.role.id

  t.test('by any road from managing members', async (t) => {
    const climber = await person(['org.members.manage'])
    const [ownRole] = await heldBy(climber)
    const boss = { name: 'boss', role_ids: [ownerRoleId] }
    const { service_account } = (await send(owner, 'POST', `${organization}/service-accounts`, boss)).body
    const bossPath = `${organization}/service-accounts/${service_account.id}`
    for (const [method, path, body] of [
      ['PUT', rolesOf(climber), { role_ids: [ownRole, ownerRoleId] }],
      ['PATCH', `${organization}/roles/${ownRole}`, { permissions: ['org.members.manage', 'org.manage'] }],
      ['POST', `${organization}/roles`, { name: 'crown', permissions: ['org.members.manage', 'space.delete'] }],
      ['POST', `${organization}/service-accounts`, { name: 'crown', role_ids: [ownerRoleId] }],
      ['POST', `${bossPath}/rotate`, undefined],
      ['PATCH', bossPath, { name: 'mine' }],
      ['DELETE', bossPath, undefined],
      ['DELETE', `${organization}/members/${owner.userId}`, undefined],
      ['PUT', rolesOf(owner), { role_ids: [] }],
    ] as const) {
      const { status, body: refusal } = await send(climber, method, path, body)
      t.equal(status, 403, `${method} ${path}`)
      t.equal(refusal.code, 'exceeds_own_permissions')
    }
    t.same(await heldBy(climber), [ownRole])
    t.same(await heldBy(owner), [ownerRoleId])
  })

  /** Sends while nobody else may change power, and does `meanwhile` before its turn comes. */
  const overtaken = async (send: () => Promise<{ body: { code: string } }>, meanwhile: () => Promise<unknown>) => {
    const isWaiting = async () => {
      const { rows } = await sql`
        select pid from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
      return rows.length > 0
    }
    const sent = await db.transaction().execute(async (trx) => {
      await roles.lockOwner(trx, organizationId)
      const answer = send()
      await until(isWaiting)
      await meanwhile()
      return { answer }
    })
    return (await sent.answer).body.code
  }

  t.test('with power that is taken while the request waits for its turn', async (t) => {
    const role_ids = [await createRole(['files.write'])]
    const strip = (caller: Caller) => db.deleteFrom('member_roles').where('user_id', '=', caller.userId).execute()
    const [climber, accomplice] = [await person(['org.members.manage', 'files.write']), await person([])]
    const give = () => send(climber, 'PUT', rolesOf(accomplice), { role_ids })
    t.equal(await overtaken(give, () => strip(climber)), 'forbidden')
    t.same(await heldBy(accomplice), [])

    const maker = await person(['org.members.manage', 'files.write'])
    const make = () => send(maker, 'POST', `${organization}/service-accounts`, { name: 'x', role_ids })
    t.equal(await overtaken(make, () => strip(maker)), 'forbidden')
  })

  t.test('by a role that grows while its handing over waits for its turn', async (t) => {
    const role = await createRole(['files.read'])
    const [climber, accomplice] = [await person(['org.members.manage', 'files.read']), await person([])]
    const give = () => send(climber, 'PUT', rolesOf(accomplice), { role_ids: [role] })
    const grow = () =>
      db
        .updateTable('roles')
        .set({ permissions: ['org.manage'] })
        .where('id', '=', role)
        .execute()
    t.equal(await overtaken(give, grow), 'exceeds_own_permissions')
    t.same(await heldBy(accomplice), [])
  })
})

t.test('a space never lies open between two changes', async (t) => {
  const { send, owner, organizationId, person } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const outsider = await person(['chat.read'])
  const createRole = async () =>
    (await send(owner, 'POST', `${organization}/roles`, { name: newId(), permissions: [] })).body.role.id
  for (const _ of ROUNDS) {
    const [kept, leaving] = [await createRole(), await createRole()]
    const { id } = (await send(owner, 'POST', `${organization}/spaces`, { name: 'guarded' })).body
    const access = `${organization}/spaces/${id}/access`
    await send(owner, 'PUT', access, { role_ids: [kept, leaving] })
    // One takes `kept` off the list while another deletes `leaving`: both together would leave no list.
    const [put, deleted] = await Promise.all([
      send(owner, 'PUT', access, { role_ids: [leaving] }),
      send(owner, 'DELETE', `${organization}/roles/${leaving}`),
    ])
    t.not(put.status === 200, deleted.status === 204, `exactly one goes through: ${put.text} ${deleted.text}`)
    t.equal((await send(outsider, 'GET', `${organization}/spaces/${id}`)).status, 403)
  }
})

t.test('a space that is deleted under those who write to it is no fault of the server', async (t) => {
  const { send, owner, organizationId } = await testApp(t)
  const spaces = `/api/v1/organizations/${organizationId}/spaces`
  for (const _ of ROUNDS) {
    const space = `${spaces}/${(await send(owner, 'POST', spaces, { name: 'short-lived' })).body.id}`
    const room = (await send(owner, 'POST', `${space}/chat-rooms`, { name: 'r' })).body
    const messages = `${space}/chat-rooms/${room.id}/messages`
    const answers = await Promise.all([
      send(owner, 'POST', `${space}/chat-rooms`, { name: 'late' }),
      send(owner, 'POST', messages, { content: 'late' }),
      send(owner, 'DELETE', space),
      send(owner, 'PUT', `${space}/access`, { role_ids: [] }),
      send(owner, 'POST', messages, { content: 'late' }),
    ])
    for (const { status } of answers) t.ok(status < 300 || status === 404, `${status}`)
    t.equal((await send(owner, 'GET', space)).status, 404)
  }
})
