import { sql } from 'kysely'
import t from 'tap'
import * as automations from '../../../db/queries/automations.ts'
import { encodeCursor } from '../../../plugins/cursor.ts'
import { sweep } from '../../../src/maintenance.ts'
import { type Caller, testApp } from '../../support/app.ts'
import { type Followed, follow } from '../../support/follow.ts'
import { until } from '../../support/until.ts'

t.test('events of a space', async (t) => {
  const { app, send, owner, person, organizationId, spaceId, db, otherOrganization } = await testApp(t)
  const space = `/api/v1/organizations/${organizationId}/spaces/${spaceId}`
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const create = async (name: string) =>
    (await send(owner, 'POST', `${space}/automations`, { name, kind: 'scheduled', config: {} })).body.automation
  const stream = (t: Test, caller: Caller, headers: Record<string, string> = {}, query = '') =>
    follow(t, `${origin}${space}/events${query}`, { authorization: `Bearer ${caller.token}`, ...headers })
  type Test = Parameters<typeof follow>[0]
  const typesOf = (events: Followed[]) => events.map(({ data }) => data.type)

  t.test('come as they happen, in order', async (t) => {
    const { status, headers, events } = await stream(t, owner)
    t.equal(status, 200)
    t.match(headers.get('cache-control'), /no-transform/, 'a proxy that compressed them would keep them back')
    const config = { every: 'P1D' }
    const { id } = await create('Followed')
    await send(owner, 'PATCH', `${space}/automations/${id}`, { config, status: 'active' })
    const { run } = (await send(owner, 'POST', `${space}/automations/${id}/run`)).body
    await send(owner, 'POST', `${space}/automations/${id}/runs/${run.id}/cancel`)
    await send(owner, 'DELETE', `${space}/automations/${id}`)
    await until(async () => events.length >= 5)
    t.match(
      events.map(({ data }) => data),
      [
        { type: 'automation.created', automation_id: id, run_id: null, status: 'draft' },
        { type: 'automation.updated', automation_id: id, status: 'active' },
        { type: 'run.created', automation_id: id, run_id: run.id, status: 'queued' },
        { type: 'run.updated', run_id: run.id, status: 'cancelled' },
        { type: 'automation.deleted', automation_id: id, status: 'active' },
      ],
    )
  })

  t.test('are resumed after the last one that arrived, whatever their number, once each', async (t) => {
    const first = await stream(t, owner)
    await until(async () => first.lastId())
    for (let i = 0; i < 9; i++) await create(`Number ${i}`)
    await db
      .insertInto('space_events')
      .values(
        Array.from({ length: 500 }, () => ({
          organization_id: organizationId,
          space_id: spaceId,
          type: 'automation.updated',
          automation_id: '018e1234-abcd-7000-8000-0000000000a0',
          status: 'draft',
        })),
      )
      .execute()
    await until(async () => first.events.length >= 509)
    t.equal(new Set(first.events.map(({ id }) => id)).size, 509)
    const middle = first.events[4]?.id ?? ''
    const again = await stream(t, owner, { 'last-event-id': middle }, '?timeout_seconds=0')
    await again.ended
    t.same(again.events, first.events.slice(5))
  })

  t.test('of a transaction that commits late are not passed over', async (t) => {
    const { events, lastId } = await stream(t, owner)
    await until(async () => lastId())
    const { id } = await create('Updated late')
    const written = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    const late = db.transaction().execute(async (trx) => {
      await automations.update(trx, { organizationId, id: spaceId }, id, {})
      await sql`select`.execute(trx) // with which it is sent
      written.resolve()
      await released.promise
    })
    await written.promise
    await create('Committed before')
    released.resolve()
    await late
    await until(async () => events.length >= 3)
    t.same(typesOf(events).toSorted(), ['automation.created', 'automation.created', 'automation.updated'])
  })

  t.test('end with the access of who follows', async (t) => {
    const reader = await person(['files.read'])
    const { events, ended, lastId } = await stream(t, reader)
    await until(async () => lastId())
    await create('Seen')
    await until(async () => events.length === 1)
    await db.deleteFrom('member_roles').where('user_id', '=', reader.userId).execute()
    await create('Not seen')
    await ended
    t.equal(events.length, 1)
    t.equal((await stream(t, reader)).status, 403)
  })

  t.test('of an organization are those of the spaces that one may enter, in order', async (t) => {
    const organization = `/api/v1/organizations/${organizationId}`
    const { id: otherId } = (await send(owner, 'POST', `${organization}/spaces`, { name: 'Board' })).body
    const reader = await person(['files.read', 'files.write'])
    const { roles } = (await send(owner, 'GET', `${organization}/roles`)).body
    const closed = { role_ids: [roles.find(({ name }: { name: string }) => name === 'Owner').id] }
    const all = await follow(t, `${origin}${organization}/events`, { authorization: `Bearer ${owner.token}` })
    const some = await follow(t, `${origin}${organization}/events`, { authorization: `Bearer ${reader.token}` })
    await until(async () => all.lastId() && some.lastId())
    const createIn = async (space: string) =>
      (await send(owner, 'POST', `${organization}/spaces/${space}/automations`, { name: 'x', kind: 'webhook' })).body
        .automation.id
    const made = [await createIn(spaceId), await createIn(otherId), await createIn(spaceId)]
    await until(async () => all.events.length === 3 && some.events.length === 3)
    t.match(
      all.events.map(({ data }) => data),
      [spaceId, otherId, spaceId].map((space_id, i) => ({ space_id, automation_id: made[i] })),
    )
    t.same(some.events, all.events)
    t.equal((await send(owner, 'PUT', `${organization}/spaces/${otherId}/access`, closed)).status, 200)
    const [, seen] = [await createIn(otherId), await createIn(spaceId)]
    await until(async () => all.events.length === 5 && some.events.length === 4)
    t.match(some.events.at(-1)?.data, { space_id: spaceId, automation_id: seen })
    const again = await follow(t, `${origin}${organization}/events?timeout_seconds=0`, {
      authorization: `Bearer ${owner.token}`,
      'last-event-id': all.events[1]?.id ?? '',
    })
    await again.ended
    t.same(again.events, all.events.slice(2))
    const strange = await otherOrganization()
    t.equal((await send(strange.owner, 'GET', `${organization}/events`)).status, 403)
  })

  t.test('that are not kept any more are said to be gone', async (t) => {
    const cursor = encodeCursor(['3', '0', new Date(Date.now() - 25 * 3_600_000).toISOString()])
    const { events, ended } = await stream(t, owner, { 'last-event-id': cursor }, '?timeout_seconds=0')
    await ended
    t.match(events[0]?.data, { type: 'reset', automation_id: null })
    await sweep(db, { means: app, retentionDays: 90 }, new Date(Date.now() + 25 * 3_600_000))
    t.same(await db.selectFrom('space_events').select('id').execute(), [])
  })

  t.test('an id that this server did not give is refused', async (t) => {
    const unreadable = ['x', encodeCursor(['1']), encodeCursor(['9'.repeat(19), '-1', 'now'])]
    for (const id of unreadable) {
      const answer = await send(owner, 'GET', `${space}/events`, undefined, { 'last-event-id': id })
      t.equal(`${answer.status} ${answer.body.code}`, '400 invalid_cursor', id)
    }
    const tooLarge = encodeCursor(['9'.repeat(19), '9'.repeat(19), new Date().toISOString()])
    t.equal((await send(owner, 'GET', `${space}/events`, undefined, { 'last-event-id': tooLarge })).status, 400)
  })

  t.test('a server that stops lets its streams go', async (t) => {
    const { ended, lastId } = await stream(t, owner)
    await until(async () => lastId())
    await app.close()
    await ended
  })
})
