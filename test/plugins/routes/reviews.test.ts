import t from 'tap'
import { testApp } from '../../support/app.ts'

const DIGEST = { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } }

t.test('the queue shows what waits in the spaces that the caller may enter, oldest first', async (t) => {
  const { send, owner, organizationId, spaceId, person, serviceAccount, db } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  const propose = async () => (await send(staff, 'POST', base, DIGEST)).body.automation
  const queue = `${organization}/reviews`
  const waiting = await propose()
  const running = await propose()
  await send(owner, 'POST', `${base}/${running.id}/approve`)
  await send(staff, 'PATCH', `${base}/${running.id}`, { name: 'x', description: 'because' })
  const { reviews } = (await send(owner, 'GET', `${queue}?status=pending`)).body
  t.match(reviews, [
    {
      automation_id: waiting.id,
      digest: waiting.digest,
      note: null,
      proposed_by_name: 'AI staff',
      status: 'pending_approval',
    },
    { automation_id: running.id, note: 'because', status: 'active', proposed_by_service_account_id: staff.id },
  ])
  t.same(
    reviews[0].changes.map((each: { op: string }) => each.op),
    ['add', 'add', 'add', 'add'],
  )
  t.same(reviews[1].changes, [
    { path: '/name', op: 'replace', before: 'Weekly digest', after: 'x' },
    { path: '/config/proposal_note', op: 'add', after: 'because' },
  ])
  const page = (await send(owner, 'GET', `${queue}?limit=1`)).body
  t.equal(page.reviews[0].automation_id, waiting.id)
  const next = (await send(owner, 'GET', `${queue}?limit=1&cursor=${page.next_cursor}`)).body
  t.match(next, { reviews: [{ automation_id: running.id }], next_cursor: null })

  const nobody = '018e1234-abcd-7000-8000-000000000000'
  for (const [query, wanted] of [
    [`automation_id=${running.id}`, [running.id]],
    [`space_id=${spaceId}`, [waiting.id, running.id]],
    [`space_id=${nobody}`, []],
    [`author_id=${staff.id}`, [waiting.id, running.id]],
    [`author_id=${owner.userId}`, []],
    ['kind=scheduled', [waiting.id, running.id]],
    ['kind=webhook', []],
    [`kind=scheduled&automation_id=${waiting.id}&author_id=${staff.id.toUpperCase()}`, [waiting.id]],
  ] as const) {
    const found = (await send(owner, 'GET', `${queue}?${query}`)).body.reviews
    t.same(
      found.map((each: { automation_id: string }) => each.automation_id),
      wanted,
      query,
    )
  }
  t.equal((await send(owner, 'GET', `${queue}?author_id=me`)).status, 400)

  const days = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000
  t.equal(days(waiting.updated_at, reviews[0].expires_at), 30)
  t.equal(days(reviews[1].proposed_at, reviews[1].expires_at), 30)
  await send(owner, 'PATCH', `${organization}/automation-policy`, { proposal_expires_after_days: 7 })
  const [sooner] = (await send(owner, 'GET', queue)).body.reviews
  t.equal(days(waiting.updated_at, sooner.expires_at), 7)

  const reader = await person(['files.read'])
  t.equal((await send(reader, 'GET', queue)).body.reviews.length, 2)
  const [role] = await db.selectFrom('roles').select('id').where('is_system', '=', true).execute()
  const access = { organization_id: organizationId, space_id: spaceId, role_id: role?.id ?? '' }
  await db.insertInto('space_roles').values(access).execute()
  t.same((await send(reader, 'GET', queue)).body.reviews, [], 'not those of a space that is closed to them')
  t.equal((await send(await person(['chat.read']), 'GET', queue)).status, 403)
})
