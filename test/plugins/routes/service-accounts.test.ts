import t from 'tap'
import { v7 as newId } from 'uuid'
import { PERMISSIONS } from '../../../src/access/permissions.ts'
import { testApp } from '../../support/app.ts'

const FIELDS = [
  'created_at',
  'created_by',
  'cursor_default_ref',
  'cursor_default_repo_url',
  'expires_at',
  'id',
  'last_used_at',
  'name',
  'openrouter_model',
  'organization_id',
  'provider',
  'role_ids',
  'user_id',
]

t.test('service accounts', async (t) => {
  const { send, owner, organizationId, person, serviceAccount, db } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/service-accounts`
  const createRole = async (permissions: string[]) =>
    (await send(owner, 'POST', `${organization}/roles`, { name: newId(), permissions })).body.role.id as string
  const create = async (body: Record<string, unknown> = {}) => {
    const { body: answer } = await send(owner, 'POST', base, { name: 'AI staff', ...body })
    const { service_account: account, token } = answer
    return { account, caller: { token, userId: account.user_id, id: account.id }, path: `${base}/${account.id}` }
  }

  t.test('one is created with every field, and its token works at once', async (t) => {
    const role = await createRole(['files.read'])
    const { status, body } = await send(owner, 'POST', base, {
      name: ' Drafter ',
      role_ids: [role],
      expires_at: '2999-01-01T00:00:00+01:00',
      provider: 'openrouter',
      openrouter_model: 'some/model',
      cursor_default_repo_url: 'https://example.com/repo',
      cursor_default_ref: 'main',
    })
    t.equal(status, 201)
    t.same(Object.keys(body).sort(), ['service_account', 'token'])
    t.same(Object.keys(body.service_account).sort(), FIELDS)
    t.match(body.service_account, {
      organization_id: organizationId,
      name: 'Drafter',
      created_by: owner.userId,
      provider: 'openrouter',
      openrouter_model: 'some/model',
      cursor_default_repo_url: 'https://example.com/repo',
      cursor_default_ref: 'main',
      role_ids: [role],
      expires_at: '2998-12-31T23:00:00.000Z',
      last_used_at: null,
    })
    t.match(body.token, /^sa_[\w-]{43}$/)
    const caller = { token: body.token, userId: body.service_account.user_id, id: body.service_account.id }
    t.equal((await send(caller, 'GET', `${organization}/members`)).status, 200)
    const rows = await db.selectFrom('service_accounts').selectAll().execute()
    t.notMatch(JSON.stringify(rows), body.token, 'the token itself is not kept')
    t.notMatch((await send(owner, 'GET', base)).text, body.token)
  })

  t.test('it starts without roles, an end or anything else', async (t) => {
    const { account } = await create()
    t.match(account, { role_ids: [], expires_at: null, provider: null, openrouter_model: null })
    const listed = (await send(owner, 'GET', base)).body.service_accounts
    t.same(listed.at(-1), account)
    t.equal((await create({ role_ids: [], expires_at: null, provider: null })).account.provider, null)
  })

  t.test('what is left out of a change stays', async (t) => {
    const role = await createRole(['files.read'])
    const { account, path } = await create({ provider: 'openrouter', role_ids: [role] })
    const renamed = await send(owner, 'PATCH', path, { name: ' Other ' })
    t.equal(renamed.status, 200)
    t.same(renamed.body.service_account, { ...account, name: 'Other' })
    const { members } = (await send(owner, 'GET', `${organization}/members`)).body
    const member = members.find((each: { user_id: string }) => each.user_id === account.user_id)
    t.equal(member.display_name, 'Other', 'its messages are signed with the new name')
    const change = { provider: null, cursor_default_ref: 'dev', role_ids: [], expires_at: '2999-01-01T00:00:00Z' }
    const changed = await send(owner, 'PATCH', path, change)
    t.match(changed.body.service_account, { ...change, expires_at: '2999-01-01T00:00:00.000Z', name: 'Other' })
    const endless = await send(owner, 'PATCH', path, { expires_at: null })
    t.equal(endless.body.service_account.expires_at, null)
  })

  t.test('a deleted one is gone, and what it wrote stays its own', async (t) => {
    const { account, caller, path } = await create({ role_ids: [await createRole(['space.create'])] })
    const space = await send(caller, 'POST', `${organization}/spaces`, { name: 'By AI staff' })
    t.equal(space.status, 201)
    t.equal((await send(owner, 'DELETE', path)).status, 204)
    t.equal((await send(caller, 'GET', '/api/v1/organizations/x/members')).status, 401)
    for (const answer of [
      await send(owner, 'DELETE', path),
      await send(owner, 'PATCH', path, { name: 'x' }),
      await send(owner, 'POST', `${path}/rotate`),
    ]) {
      t.equal(answer.status, 404)
      t.equal(answer.body.code, 'service_account_not_found')
    }
    t.notMatch((await send(owner, 'GET', base)).text, account.id)
    t.notMatch((await send(owner, 'GET', `${organization}/members`)).text, account.user_id)
    const row = await db
      .selectFrom('service_accounts')
      .select(['token_hash', 'deleted_at', 'created_by'])
      .where('id', '=', account.id)
      .executeTakeFirstOrThrow()
    t.match(row, { token_hash: null, deleted_at: Date, created_by: owner.userId })
    t.equal((await send(owner, 'GET', `${organization}/spaces/${space.body.id}`)).status, 200)
  })

  t.test('rotation cuts the old token off at once', async (t) => {
    const { account, caller, path } = await create()
    const { status, body } = await send(owner, 'POST', `${path}/rotate`)
    t.equal(status, 200)
    t.same(body.service_account, account)
    t.not(body.token, caller.token)
    t.equal((await send(caller, 'GET', `${organization}/members`)).status, 401)
    t.equal((await send({ ...caller, token: body.token }, 'GET', `${organization}/members`)).status, 200)
  })

  t.test('a repeated rotation with a key rotates once', async (t) => {
    const { caller, path } = await create()
    const key = { 'idempotency-key': newId() }
    const first = await send(owner, 'POST', `${path}/rotate`, undefined, key)
    const again = await send(owner, 'POST', `${path}/rotate`, undefined, key)
    t.equal(again.status, 200)
    t.equal(again.body.token, first.body.token)
    t.equal((await send({ ...caller, token: first.body.token }, 'GET', `${organization}/members`)).status, 200)
  })

  t.test('an end must lie ahead', async (t) => {
    const { path } = await create()
    for (const expires_at of ['2020-01-01T00:00:00Z', '2990-12-31T23:59:60Z', '0000-01-01T00:00:00Z']) {
      for (const { status, body } of [
        await send(owner, 'POST', base, { name: 'x', expires_at }),
        await send(owner, 'PATCH', path, { expires_at }),
      ]) {
        t.equal(status, 400, expires_at)
        t.same(body.details, [{ path: '/expires_at', message: 'must lie ahead' }])
      }
    }
    for (const expires_at of ['tomorrow', '2999-01-01', 1e12, '']) {
      const { status, body } = await send(owner, 'POST', base, { name: 'x', expires_at })
      t.equal(status, 400, String(expires_at))
      t.equal(body.details[0].path, '/expires_at')
    }
  })

  t.test('an expired token is worth nothing, and is not rotated into another dead one', async (t) => {
    const { account, caller, path } = await create({ expires_at: '2999-01-01T00:00:00Z' })
    await db
      .updateTable('service_accounts')
      .set({ token_expires_at: new Date(Date.now() - 1000) })
      .where('id', '=', account.id)
      .execute()
    t.equal((await send(caller, 'GET', `${organization}/members`)).status, 401)
    const refused = await send(owner, 'POST', `${path}/rotate`)
    t.equal(refused.status, 409)
    t.equal(refused.body.code, 'service_account_expired')
    t.equal((await send(owner, 'PATCH', path, { name: 'Old' })).status, 200, 'it can still be renamed')
    await send(owner, 'PATCH', path, { expires_at: null })
    t.equal((await send(owner, 'POST', `${path}/rotate`)).status, 200)
  })

  t.test('nobody takes hold of one that can do more than they can', async (t) => {
    const manager = await person(['org.members.manage', 'files.read'])
    const [weak, strong] = [await createRole(['files.read']), await createRole(['org.manage'])]
    const { path, caller } = await create({ role_ids: [strong] })
    for (const { status, body } of [
      await send(manager, 'POST', base, { name: 'x', role_ids: [strong] }),
      await send(manager, 'POST', `${path}/rotate`),
      await send(manager, 'PATCH', path, { name: 'x' }),
      await send(manager, 'PATCH', path, { role_ids: [weak] }),
      await send(manager, 'DELETE', path),
    ]) {
      t.equal(status, 403)
      t.equal(body.code, 'exceeds_own_permissions')
    }
    t.equal((await send(caller, 'GET', `${organization}/members`)).status, 200, 'its token still works')
    const own = await send(manager, 'POST', base, { name: 'x', role_ids: [weak] })
    t.equal(own.status, 201)
    const ownPath = `${base}/${own.body.service_account.id}`
    t.equal((await send(manager, 'PATCH', ownPath, { role_ids: [strong] })).body.code, 'exceeds_own_permissions')
    t.equal((await send(manager, 'POST', `${ownPath}/rotate`)).status, 200)
    t.equal((await send(manager, 'DELETE', ownPath)).status, 204)
  })

  t.test('roles of nowhere make no account', async (t) => {
    const before = (await send(owner, 'GET', base)).body.service_accounts.length
    const { status, body } = await send(owner, 'POST', base, { name: 'x', role_ids: [newId()] })
    t.equal(status, 400)
    t.equal(body.code, 'unknown_role')
    t.equal((await send(owner, 'GET', base)).body.service_accounts.length, before)
  })

  t.test('what it is made of comes from the server alone', async (t) => {
    for (const key of ['id', 'user_id', 'organization_id', 'created_by', 'token', 'token_hash', 'last_used_at']) {
      const { status, body } = await send(owner, 'POST', base, { name: 'x', [key]: newId() })
      t.equal(status, 400, key)
      t.equal(body.details[0].path, `/${key}`)
    }
    const blank = await send(owner, 'POST', base, { name: ' ' })
    t.equal(blank.body.code, 'invalid_request')
  })

  t.test('only people who manage members touch them; AI staff may look if it holds the permission', async (t) => {
    const { path } = await create()
    const [reader, staff] = [await person(['org.manage']), await serviceAccount([...PERMISSIONS])]
    const calls = [
      ['POST', base, { name: 'x' }],
      ['PATCH', path, { name: 'x' }],
      ['POST', `${path}/rotate`, undefined],
      ['DELETE', path, undefined],
    ] as const
    for (const [method, url, body] of calls) {
      t.equal((await send(reader, method, url, body)).body.code, 'forbidden')
      t.equal((await send(staff, method, url, body)).body.code, 'people_only')
      t.equal((await send(null, method, url, body)).status, 401)
    }
    t.equal((await send(reader, 'GET', base)).status, 403)
    t.equal((await send(staff, 'GET', base)).status, 200)
    t.equal((await send(owner, 'POST', `${base}/nope/rotate`)).body.code, 'invalid_id')
  })
})
