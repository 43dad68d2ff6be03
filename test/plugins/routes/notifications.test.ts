import t from 'tap'
import { v7 as newId } from 'uuid'
import { type Caller, testApp } from '../../support/app.ts'

const EMPTY = { notifications: [], ids: [], unread_count: 0 }
const DECIDES = ['files.read', 'files.write'] as const

t.test('the inbox of a person', async (t) => {
  const { db, send, owner, person, serviceAccount, organizationId, spaceId, otherOrganization } = await testApp(t)
  const path = '/api/v1/me/notifications'
  const automations = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const proposer = await serviceAccount([...DECIDES])
  const propose = async (name: string): Promise<string> => {
    const body = { name, kind: 'scheduled', config: { cron: '0 9 * * *' } }
    return (await send(proposer, 'POST', automations, body)).body.automation.id
  }
  const edit = (id: string, name: string) => send(proposer, 'PATCH', `${automations}/${id}`, { name })
  const of = async (caller: Caller, query = '') => (await send(caller, 'GET', `${path}${query}`)).body
  const read = (caller: Caller, ids: string[], org_id = organizationId) =>
    send(caller, 'POST', `${path}/mark-read`, { org_id, ids })
  const take = (caller: Caller, ids: string[], org_id = organizationId) =>
    send(caller, 'POST', `${path}/delete`, { org_id, ids })

  t.same(await of(owner), EMPTY)
  const [first, second] = [await propose('First'), await propose('Second')]
  await send(owner, 'POST', `${automations}/${first}/approve`)
  await edit(first, 'First, changed')

  t.test('has what waits for a decision of theirs, the newest first', async (t) => {
    const { notifications, ids, unread_count } = await of(owner)
    t.equal(unread_count, 2)
    t.same(ids, [first, second])
    t.match(notifications, [
      { id: first, type: 'automation.change_proposed', title: 'First, changed', space_id: spaceId, read_at: null },
      { id: second, type: 'automation.proposed', title: 'Second', organization_id: organizationId },
    ])
    t.match(notifications[1], {
      user_id: owner.userId,
      automation_id: second,
      payload: { space_id: spaceId, automation_id: second },
      body: /^.+ proposes an automation in .+$/,
    })
  })

  t.test('is asked for in part', async (t) => {
    t.match(await of(owner, '?limit=1'), { ids: [first], unread_count: 2 })
    t.match(await of(owner, '?type=automation.proposed'), { ids: [second], unread_count: 1 })
    t.match(await of(owner, `?org_id=${organizationId}&space_id=${spaceId}`), { unread_count: 2 })
    for (const query of [`?space_id=${organizationId}`, '?type=chat.mention', `?chat_room_id=${newId()}`])
      t.same(await of(owner, query), EMPTY, query)
    for (const query of ['?limit=0', '?limit=201', '?org_id=x', '?unread_only=yes', '?type=a&type=b', '?more=1'])
      t.equal((await send(owner, 'GET', `${path}${query}`)).status, 400, query)
  })

  t.test('has nothing for anybody else, and nothing that they may not enter', async (t) => {
    const other = await otherOrganization()
    for (const caller of [other.owner, await person(['files.read']), await person([]), proposer])
      t.same(await of(caller), EMPTY)
    t.same(await of(other.owner, `?org_id=${organizationId}`), EMPTY)
    t.match(await read(other.owner, [first]), { status: 200, body: { updated: 0 } })
    t.match(await take(other.owner, [first, second]), { status: 200, body: { deleted: 0 } })
    t.same(await db.selectFrom('notification_marks').selectAll().execute(), [])

    const decider = await person([...DECIDES])
    t.equal((await of(decider)).unread_count, 2)
    const { roles } = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/roles`)).body
    const access = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/access`
    await send(owner, 'PUT', access, { role_ids: [roles[0].id] })
    t.same(await of(decider), EMPTY)
    t.match(await read(decider, []), { body: { updated: 0 } })
    await send(owner, 'PUT', access, { role_ids: [] })
    t.equal((await of(decider)).unread_count, 2)
  })

  t.test('keeps what was read, and counts what was not', async (t) => {
    const other = await person([...DECIDES])
    t.match(await read(owner, [second, newId()]), { status: 200, body: { updated: 1 } })
    t.match(await read(owner, [second]), { status: 200, body: { updated: 0 } })
    const { notifications, unread_count } = await of(owner)
    t.match([unread_count, notifications.length], [1, 2])
    t.match(notifications[1], { id: second, read_at: /^\d{4}-\d\d-\d\dT.+Z$/ })
    for (const yes of ['1', 'true']) t.match(await of(owner, `?unread_only=${yes}`), { ids: [first], unread_count: 1 })
    for (const no of ['0', 'false']) t.match(await of(owner, `?unread_only=${no}`), { ids: [first, second] })
    t.match(await read(owner, []), { status: 200, body: { updated: 1 } })
    t.equal((await of(owner)).unread_count, 0)
    t.equal((await of(other)).unread_count, 2, 'each person for themselves')
  })

  t.test('has what was read anew when it is edited, and not when it is only looked at', async (t) => {
    await edit(second, 'Second, edited')
    const { notifications, unread_count } = await of(owner)
    t.equal(unread_count, 1)
    t.match(notifications[0], { id: second, title: 'Second, edited', read_at: null })
  })

  t.test('loses what is taken out, until it is edited; it waits all the same', async (t) => {
    t.match(await take(owner, [second]), { status: 200, body: { deleted: 1 } })
    t.match(await take(owner, [second]), { status: 200, body: { deleted: 0 } })
    t.match(await read(owner, []), { status: 200, body: { updated: 0 } }, 'reading brings nothing back')
    t.match(await of(owner), { ids: [first], unread_count: 0 })
    const { reviews } = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/reviews`)).body
    t.equal(reviews.length, 2)
    await edit(second, 'Second, edited again')
    t.match(await of(owner), { ids: [second, first], unread_count: 1 })
  })

  t.test('is for people alone, who say which', async (t) => {
    for (const mark of [read, take])
      t.match(await mark(proposer, [first]), { status: 403, body: { code: 'people_only' } })
    for (const body of [{}, { org_id: organizationId }, { org_id: organizationId, ids: ['x'] }, { org_id: 7, ids: [] }])
      for (const action of ['mark-read', 'delete'])
        t.equal((await send(owner, 'POST', `${path}/${action}`, body)).status, 400, `${action} ${JSON.stringify(body)}`)
    t.equal((await take(owner, [])).status, 400)
  })

  t.test('is read in many tabs at once, while what waits is deleted, without a failure', async (t) => {
    const ids = await Promise.all(Array.from({ length: 6 }, (_, i) => propose(`At once ${i}`)))
    const answers = await Promise.all([
      ...Array.from({ length: 6 }, () => read(owner, [])),
      ...ids.map((id) => send(owner, 'DELETE', `${automations}/${id}`)),
      ...Array.from({ length: 6 }, () => take(owner, ids)),
    ])
    t.same([...new Set(answers.map(({ status }) => status))].sort(), [200, 204])
    t.match(await of(owner), { ids: [second, first], unread_count: 0 })
  })

  t.test('has nothing of what is decided', async (t) => {
    await send(owner, 'POST', `${automations}/${first}/reject`, {})
    await send(owner, 'POST', `${automations}/${second}/reject`, {})
    t.same(await of(owner), EMPTY)
  })
})
