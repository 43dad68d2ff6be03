import t, { type Test } from 'tap'
import { type Caller, type TestApp, testApp } from '../../support/app.ts'

const NOWHERE = '018e1234-abcd-7000-8000-000000000000'

async function openApp(t: Test) {
  const on = await testApp(t)
  const organization = `/api/v1/organizations/${on.organizationId}`
  await on.send(on.owner, 'PATCH', `${organization}/features`, { open_signups_enabled: true })
  return { ...on, organization, path: `${organization}/signup-requests` }
}

/** Registers somebody, who then waits. */
async function signUp({ send, owner }: TestApp, path: string, name: string): Promise<Caller & { requestId: string }> {
  const account = { email: `${name}@example.com`, password: 'correct horse battery staple' }
  const { body } = await send(null, 'POST', '/api/v1/auth/register', account)
  const { signup_requests } = (await send(owner, 'GET', path)).body
  const { id: requestId, user_id } = signup_requests.find(({ email }: { email: string }) => email === account.email)
  return { token: body.access_token, userId: user_id, id: user_id, requestId }
}

t.test('people who wait', async (t) => {
  const on = await openApp(t)
  const { send, owner, organization, path } = on
  const mayEnter = async (caller: Caller) => (await send(caller, 'GET', organization)).status === 200
  const pendingOf = async (caller: Caller) => (await send(caller, 'GET', '/api/v1/me')).body.signup_pending

  t.test('are listed, whoever waits longest first', async (t) => {
    const [ada, grace] = [await signUp(on, path, 'ada'), await signUp(on, path, 'grace')]
    const { signup_requests } = (await send(owner, 'GET', path)).body
    t.match(signup_requests, [
      {
        id: ada.requestId,
        organization_id: on.organizationId,
        user_id: ada.id,
        email: 'ada@example.com',
        display_name: 'ada',
        status: 'pending',
        resolved_at: null,
        resolved_by_user_id: null,
      },
      { id: grace.requestId },
    ])
    t.equal(signup_requests.length, 2)
  })

  t.test('are let in, as members without roles', async (t) => {
    const caller = await signUp(on, path, 'let-in')
    t.notOk(await mayEnter(caller))
    const approved = await send(owner, 'POST', `${path}/${caller.requestId}/approve`)
    t.equal(approved.status, 200)
    t.match(approved.body.signup_request, { status: 'approved', resolved_by_user_id: owner.id })
    t.match(approved.body.signup_request.resolved_at, /Z$/)
    t.ok(await mayEnter(caller), 'from the very next request on')
    t.equal(await pendingOf(caller), false)
    t.same((await send(caller, 'GET', `${organization}/me/permissions`)).body.permissions, [])
    for (const decision of ['approve', 'deny'])
      t.match(await send(owner, 'POST', `${path}/${caller.requestId}/${decision}`), {
        status: 409,
        body: { code: 'signup_request_decided' },
      })
    t.ok(await mayEnter(caller))
  })

  t.test('are kept out', async (t) => {
    const caller = await signUp(on, path, 'kept-out')
    const denied = await send(owner, 'POST', `${path}/${caller.requestId}/deny`)
    t.match(denied, { status: 200, body: { signup_request: { status: 'denied', resolved_by_user_id: owner.id } } })
    t.notOk(await mayEnter(caller))
    t.equal(await pendingOf(caller), false)
    t.equal((await send(owner, 'POST', `${path}/${caller.requestId}/approve`)).status, 409)
    const { signup_requests } = (await send(owner, 'GET', path)).body
    t.notOk(signup_requests.some(({ id }: { id: string }) => id === caller.requestId))
  })

  t.test('are decided on by people who manage members', async (t) => {
    const caller = await signUp(on, path, 'undecided')
    const staff = await on.serviceAccount(['org.manage', 'org.members.manage'])
    const other = await on.otherOrganization()
    t.equal((await send(staff, 'GET', path)).status, 200, 'AI staff may look')
    for (const decision of ['approve', 'deny']) {
      const url = `${path}/${caller.requestId}/${decision}`
      t.match(await send(staff, 'POST', url), { status: 403, body: { code: 'people_only' } })
      t.match(await send(caller, 'POST', url), { status: 403, body: { code: 'not_a_member' } })
      t.match(await send(await on.person(['org.manage']), 'POST', url), { status: 403, body: { code: 'forbidden' } })
      t.match(await send(other.owner, 'POST', url), { status: 403, body: { code: 'not_a_member' } })
      const elsewhere = url.replace(on.organizationId, other.organizationId)
      t.match(await send(other.owner, 'POST', elsewhere), { status: 404, body: { code: 'signup_request_not_found' } })
    }
    t.match(await send(caller, 'GET', path), { status: 403 })
    t.equal((await send(owner, 'POST', `${path}/${NOWHERE}/approve`)).status, 404)
    t.equal((await send(owner, 'POST', `${path}/x/approve`)).status, 400)
    t.equal(await pendingOf(caller), true)
  })

  t.test('get one decision of many at once', async (t) => {
    const caller = await signUp(on, path, 'racer')
    const decisions = ['approve', 'deny', 'approve', 'deny', 'approve', 'deny']
    const answers = await Promise.all(
      decisions.map((decision) => send(owner, 'POST', `${path}/${caller.requestId}/${decision}`)),
    )
    t.same(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409, 409])
    const won = answers.find(({ status }) => status === 200)?.body.signup_request.status
    t.equal(await mayEnter(caller), won === 'approved')
  })
})
