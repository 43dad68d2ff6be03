import t from 'tap'
import { emptyApp, testApp } from '../../support/app.ts'

const ROOT = '/api/v1/organizations'
const OFF = { open_signups_enabled: false, datasets_enabled: false }
const NOWHERE = '018e1234-abcd-7000-8000-000000000000'

t.test('organizations', async (t) => {
  const on = await testApp(t)
  const { send, owner, organizationId } = on
  const other = await on.otherOrganization()
  const member = await on.person([])
  const staff = await on.serviceAccount(['org.manage'])
  const path = `${ROOT}/${organizationId}`

  t.test('everybody sees their own alone', async (t) => {
    for (const caller of [owner, member, staff]) {
      const { body } = await send(caller, 'GET', ROOT)
      t.same(
        body.organizations.map(({ id }: { id: string }) => id),
        [organizationId],
      )
      t.same((await send(caller, 'GET', path)).body, body.organizations[0], 'one is answered bare')
    }
    for (const id of [other.organizationId, NOWHERE]) {
      const answer = await send(owner, 'GET', `${ROOT}/${id}`)
      t.match(answer, { status: 403, body: { error: 'not a member of this organization' } })
    }
    t.equal((await send(owner, 'GET', path.toUpperCase().replace(ROOT.toUpperCase(), ROOT))).status, 200)
    t.match(await send(owner, 'GET', `${ROOT}/x`), { status: 400, body: { error: 'invalid organization id' } })
  })

  t.test('a second one is refused', async (t) => {
    for (const caller of [owner, member])
      t.match(await send(caller, 'POST', ROOT, { name: 'Another' }), {
        status: 403,
        body: { error: 'single_org_exists' },
      })
    t.match(await send(staff, 'POST', ROOT, { name: 'Another' }), { status: 403, body: { code: 'people_only' } })
    t.match(await send(owner, 'POST', ROOT, { name: ' ' }), {
      status: 400,
      body: { code: 'invalid_request', details: [{ path: '/name', message: 'must not be blank' }] },
    })
  })

  t.test('everybody sees what they may do', async (t) => {
    const permissionsOf = async (caller: typeof owner) =>
      (await send(caller, 'GET', `${path}/me/permissions`)).body.permissions
    t.equal((await permissionsOf(owner)).length, 19)
    t.same(await permissionsOf(member), [])
    t.same(await permissionsOf(staff), ['org.manage'])
    t.same(await permissionsOf(await on.person(['files.write', 'board.read'])), ['board.read', 'files.write'])
  })

  t.test('features are for every member to see, and for those who manage the organization to turn', async (t) => {
    const features = `${path}/features`
    const manager = await on.person(['org.manage'])
    t.same((await send(manager, 'GET', features)).body, { features: OFF })
    t.same((await send(staff, 'GET', features)).body, { features: OFF })
    t.match(await send(manager, 'PATCH', features, { open_signups_enabled: true }), {
      status: 200,
      body: { features: { open_signups_enabled: true } },
    })
    t.equal((await send(manager, 'PATCH', features, {})).body.features.open_signups_enabled, true)
    t.equal((await send(member, 'GET', path)).body.open_signups_enabled, true)
    for (const caller of [member, await on.person(['org.members.manage'])]) {
      t.equal((await send(caller, 'GET', features)).body.features.open_signups_enabled, true)
      t.match(await send(caller, 'PATCH', features, {}), { status: 403, body: { code: 'forbidden' } })
    }
    const byStaff = await send(staff, 'PATCH', features, { open_signups_enabled: false })
    t.match(byStaff, { status: 403, body: { code: 'people_only' } }, 'whoever lets people in could let itself in')
    for (const body of [{ open_signups_enabled: 'true' }, { open_signups_enabled: null }, { boards: true }])
      t.equal((await send(manager, 'PATCH', features, body)).status, 400)
    t.equal((await send(other.owner, 'GET', `${ROOT}/${other.organizationId}`)).body.open_signups_enabled, false)
  })
})

t.test('where the server takes many organizations, people make their own', async (t) => {
  const { send } = await emptyApp(t, { multiTenant: true })
  const ada = { email: 'ada@example.com', password: 'correct horse battery staple' }
  const { body } = await send(null, 'POST', '/api/v1/auth/register', ada)
  const caller = { token: body.access_token, userId: '', id: '' }
  const slugs: [name: string, slug: RegExp][] = [
    ['Ärzte & Söhne', /^arzte-sohne$/],
    ['Ärzte-Söhne', /^arzte-sohne-[0-9a-f]{8}$/],
    ['株式会社', /^organization$/],
    ['!!!', /^organization-[0-9a-f]{8}$/],
    ['a'.repeat(200), /^a{60}$/],
    ['İstanbul', /^istanbul$/],
  ]
  for (const [name, slug] of slugs) {
    const created = await send(caller, 'POST', ROOT, { name: ` ${name.slice(0, 198)} ` })
    t.equal(created.status, 201)
    t.match(created.body.slug, slug)
    t.same((await send(caller, 'GET', `${ROOT}/${created.body.id}`)).body, created.body)
  }
  const { organizations } = (await send(caller, 'GET', ROOT)).body
  t.equal(organizations.length, slugs.length)
  const { roles } = (await send(caller, 'GET', `${ROOT}/${organizations[0].id}/roles`)).body
  t.match(roles, [{ name: 'Owner', is_system: true }])

  const again = () => send(caller, 'POST', ROOT, { name: 'Once' }, { 'idempotency-key': 'once' })
  const [one, two] = [await again(), await again()]
  t.same(two.body, one.body)
  t.equal((await send(caller, 'GET', ROOT)).body.organizations.length, slugs.length + 1)
})
