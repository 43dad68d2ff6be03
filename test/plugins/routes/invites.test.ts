import t from 'tap'
import { type Caller, type TestApp, testApp } from '../../support/app.ts'

const PASSWORD = 'correct horse battery staple'
const DAY = 24 * 3600 * 1000

const invite = async (on: TestApp, body: object = {}, caller = on.owner) =>
  on.send(caller, 'POST', `/api/v1/organizations/${on.organizationId}/invites`, body)
const accept = ({ send }: TestApp, caller: Caller | null, token: string) =>
  send(caller, 'POST', `/api/v1/invites/${token}/accept`)
const register = ({ send }: TestApp, body: object) =>
  send(null, 'POST', '/api/v1/auth/register', { password: PASSWORD, ...body })
const isMember = async ({ send, organizationId }: TestApp, caller: Caller) =>
  (await send(caller, 'GET', `/api/v1/organizations/${organizationId}`)).status === 200

/** Somebody with an account that belongs to another organization alone. */
const stranger = async (on: TestApp) => (await on.otherOrganization()).owner

t.test('an invite is made by those who manage members', async (t) => {
  const on = await testApp(t)
  const manager = await on.person(['org.members.manage'])
  const { status, body } = await invite(on, { email: ' Grace@Example.com' }, manager)
  t.equal(status, 201)
  t.match(body.token, /^inv_[\w-]{43}$/)
  t.match(body.invite, {
    organization_id: on.organizationId,
    email: 'grace@example.com',
    created_by: manager.id,
    accepted_at: null,
  })
  t.equal(Date.parse(body.invite.expires_at) - Date.parse(body.invite.created_at), 7 * DAY)
  t.equal((await invite(on, {}, manager)).body.invite.email, null)

  const row = await on.db.selectFrom('invites').select('token_hash').executeTakeFirstOrThrow()
  t.equal(row.token_hash.length, 32, 'only a hash is kept')

  const staff = await on.serviceAccount(['org.manage', 'org.members.manage'])
  t.match(await invite(on, {}, staff), { status: 403, body: { code: 'people_only' } })
  t.match(await invite(on, {}, await on.person(['org.manage'])), { status: 403, body: { code: 'forbidden' } })
  t.match(await invite(on, {}, await stranger(on)), { status: 403, body: { code: 'not_a_member' } })
  for (const body of [{ email: 'grace' }, { email: null }, { role_ids: [] }, { organization_id: on.organizationId }])
    t.equal((await invite(on, body)).status, 400)
})

t.test('accepting an invite', async (t) => {
  const on = await testApp(t)

  t.test('makes a member without roles, once', async (t) => {
    const { token } = (await invite(on)).body
    const guest = await stranger(on)
    t.notOk(await isMember(on, guest))
    const accepted = await accept(on, guest, token)
    t.match(accepted, { status: 200, body: { organization: { id: on.organizationId } } })
    t.ok(await isMember(on, guest))
    const path = `/api/v1/organizations/${on.organizationId}/me/permissions`
    t.same((await on.send(guest, 'GET', path)).body.permissions, [])
    for (const caller of [guest, await stranger(on)])
      t.match(await accept(on, caller, token), { status: 404, body: { error: 'invite not found' } })
    t.equal((await register(on, { email: 'late@example.com', invite_token: token })).status, 404)
  })

  t.test('by a member does not use it up', async (t) => {
    const { token } = (await invite(on)).body
    t.match(await accept(on, on.owner, token), { status: 409, body: { code: 'already_member' } })
    t.equal((await accept(on, await stranger(on), token)).status, 200)
  })

  t.test('for another email is refused, and does not use it up', async (t) => {
    const guest = await stranger(on)
    const { token } = (await invite(on, { email: `${guest.id.toUpperCase()}@example.com` })).body
    const another = await stranger(on)
    t.match(await accept(on, another, token), { status: 403, body: { error: 'invite not for this user' } })
    t.match(await register(on, { email: 'another@example.com', invite_token: token }), {
      status: 403,
      body: { error: 'invite not for this user' },
    })
    t.notOk(await isMember(on, another))
    t.equal((await accept(on, guest, token)).status, 200)
  })

  t.test('is for people who are signed in', async (t) => {
    const { token } = (await invite(on)).body
    const staff = await on.serviceAccount(['org.manage', 'org.members.manage'])
    t.match(await accept(on, staff, token), { status: 403, body: { code: 'people_only' } })
    t.equal((await accept(on, null, token)).status, 401)
    t.equal((await accept(on, await stranger(on), token)).status, 200)
  })

  t.test('needs a token that is known and not too old', async (t) => {
    const guest = await stranger(on)
    const { token } = (await invite(on)).body
    for (const wrong of ['x', `${token}x`, token.slice(0, -1), token.toUpperCase(), '%00', '%ED%A0%80'])
      t.ok([400, 404].includes((await accept(on, guest, wrong)).status), wrong)
    await on.db.updateTable('invites').set({ expires_at: new Date() }).where('accepted_at', 'is', null).execute()
    t.equal((await accept(on, guest, token)).status, 404)
    t.equal((await register(on, { email: 'late@example.com', invite_token: token })).status, 404)
  })

  t.test('repeated with an Idempotency-Key gets the first answer again', async (t) => {
    const guest = await stranger(on)
    const { token } = (await invite(on)).body
    const send = () =>
      on.send(guest, 'POST', `/api/v1/invites/${token}/accept`, undefined, { 'idempotency-key': 'mine' })
    const [one, two] = [await send(), await send()]
    t.equal(two.status, 200)
    t.same(two.body, one.body)
  })
})

t.test('of many who accept one invite at once exactly one gets in', async (t) => {
  const on = await testApp(t)
  const { token } = (await invite(on)).body
  const guests = await Promise.all(Array.from({ length: 8 }, () => stranger(on)))
  const answers = await Promise.all([
    ...guests.map((guest) => accept(on, guest, token)),
    ...[1, 2, 3].map((i) => register(on, { email: `racer${i}@example.com`, invite_token: token })),
  ])
  t.equal(answers.filter(({ status }) => status < 300).length, 1)
  t.equal(answers.filter(({ status }) => status === 404).length, 10)
  const members = await on.db
    .selectFrom('members')
    .select('user_id')
    .where('organization_id', '=', on.organizationId)
    .execute()
  t.equal(members.length, 2)
})

t.test('registering with an invite joins at once', async (t) => {
  const on = await testApp(t)
  const { token } = (await invite(on, { email: 'grace@example.com' })).body
  const taken = await register(on, { email: `${on.owner.id}@example.com`, invite_token: (await invite(on)).body.token })
  t.match(taken, { status: 409, body: { code: 'email_taken' } })
  const { status, body } = await register(on, { email: 'GRACE@example.com', invite_token: token })
  t.equal(status, 201)
  t.notOk('signup_pending' in body)
  const grace = { token: body.access_token, userId: '', id: '' }
  t.ok(await isMember(on, grace))
  const { accepted_by } = await on.db
    .selectFrom('invites')
    .select('accepted_by')
    .where('email', '=', 'grace@example.com')
    .executeTakeFirstOrThrow()
  t.equal(accepted_by, (await on.send(grace, 'GET', '/api/v1/me')).body.id)
})

t.test('an invite dies with the right of its maker to make it', async (t) => {
  const on = await testApp(t)
  const manager = await on.person(['org.members.manage'])
  const [kept, dead] = [(await invite(on)).body.token, (await invite(on, {}, manager)).body.token]
  await on.send(on.owner, 'DELETE', `/api/v1/organizations/${on.organizationId}/members/${manager.id}`)
  t.notOk(await isMember(on, manager))
  t.equal((await accept(on, manager, dead)).status, 404, 'nobody comes back by an invite of their own')
  t.equal((await accept(on, await stranger(on), kept)).status, 200)
})

t.test('an invite ends the wait of somebody who signed up', async (t) => {
  const on = await testApp(t)
  const path = `/api/v1/organizations/${on.organizationId}`
  await on.send(on.owner, 'PATCH', `${path}/features`, { open_signups_enabled: true })
  const { body } = await register(on, { email: 'grace@example.com' })
  const grace = { token: body.access_token, userId: '', id: '' }
  t.equal((await accept(on, grace, (await invite(on)).body.token)).status, 200)
  t.equal((await on.send(grace, 'GET', '/api/v1/me')).body.signup_pending, false)
  t.same((await on.send(on.owner, 'GET', `${path}/signup-requests`)).body.signup_requests, [])
})
