import { sql } from 'kysely'
import t from 'tap'
import { v7 as newId } from 'uuid'
import * as listedAutomations from '../../../db/queries/listed-automations.ts'
import { testApp } from '../../support/app.ts'

const MANY = 6
/** 640 KiB that can't be made small. */
const NOISE = sql`(select string_agg(md5(random()::text || n), '') from generate_series(1, 20480) n)`

t.test('what one tenant stores makes no answer too large', async (t) => {
  const { db, send, owner, person, organizationId, spaceId } = await testApp(t)
  const space = `/api/v1/organizations/${organizationId}/spaces/${spaceId}`
  const automations = `${space}/automations`
  const { automation: first } = (await send(owner, 'POST', automations, { name: 'One', kind: 'scheduled' })).body

  /** Copies of the first automation, each with a large config and a change of as much that waits. */
  async function fill(): Promise<void> {
    const ids = Array.from({ length: MANY }, () => newId())
    await sql`
      with made as materialized (
        select ${NOISE} as noise
      ), copies as (
        insert into automations (id, organization_id, space_id, kind, status, revision, pending_revision, created_by_user_id, owner_user_id)
        select copy, a.organization_id, a.space_id, a.kind, 'paused', 1, 2, a.created_by_user_id, a.owner_user_id
          from automations a, unnest(${ids}::uuid[]) copy
         where a.id = ${first.id}
        returning id, created_by_user_id
      )
      insert into automation_revisions (organization_id, automation_id, revision, name, config, digest, authored_by_user_id)
      select ${organizationId}, c.id, revision, 'Copy', json_build_object('fill', noise), ${first.digest}, c.created_by_user_id
        from copies c, generate_series(1, 2) revision, (select noise from made) made`.execute(db)
  }
  await fill()
  const pagesOf = async (path: string, key: string) => {
    const pages: { id: string; automation_id: string; revision: number }[][] = []
    for (let cursor = ''; ; ) {
      const { body } = await send(
        owner,
        'GET',
        `${path}${cursor && `${path.includes('?') ? '&' : '?'}cursor=${cursor}`}`,
      )
      pages.push(body[key])
      if (body.next_cursor === null) return pages
      cursor = body.next_cursor
    }
  }

  t.test('a list without a limit is whole, in its order, whatever its size', async (t) => {
    const { status, text: body, body: answer } = await send(owner, 'GET', automations)
    t.equal(status, 200)
    t.ok(body.length > MANY * 1_000_000)
    t.same(Object.keys(answer), ['automations'])
    const listed: { id: string; updated_at: string; pending_revision: { revision: number } }[] = answer.automations
    t.equal(listed.length, MANY + 1)
    const order = listed.map(({ updated_at, id }) => `${updated_at} ${id}`)
    t.same(order, [...order].sort().reverse())
    t.equal(listed[0]?.pending_revision.revision, 2)
    t.equal((await send(owner, 'GET', `${automations}?kind=webhook`)).text, '{"automations":[]}')
  })

  t.test('a limit is how many there are, and pages are the whole', async (t) => {
    const pages = await pagesOf(`${automations}?limit=3`, 'automations')
    t.same(
      pages.map(({ length }) => length),
      [3, 3, 1],
    )
    t.equal(new Set(pages.flat().map(({ id }) => id)).size, MANY + 1)
  })

  t.test('what changes while it is read is in it once, and what is deleted is left out', async (t) => {
    const ids = (await db.selectFrom('automations').select('id').orderBy('updated_at').orderBy('id').execute()).map(
      ({ id }) => id,
    )
    const [oldest = '', second = ''] = ids
    const target = { organizationId, id: spaceId }
    const urls = { hooksUrl: '', tunnelsUrl: '' }
    const page = { most: null, after: null }
    const begun = await listedAutomations.list(db, target, listedAutomations.NO_FILTER, page, urls)
    await send(owner, 'PATCH', `${automations}/${oldest}`, { name: 'Moves to the top' })
    await send(owner, 'DELETE', `${automations}/${second}`)
    const listed: { id: string; name: string }[] = []
    if ('json' in begun) throw new Error('it came in one piece')
    for await (const part of listedAutomations.listParts(db, target, begun.ids, urls))
      listed.push(...JSON.parse(`[${part}]`))
    t.same(
      listed.map(({ id }) => id),
      ids.filter((id) => id !== second).reverse(),
    )
    t.equal(listed.at(-1)?.name, 'Moves to the top')
  })

  t.test('a page ends early where its rows are large, and the pages are the whole', async (t) => {
    const reviews = await pagesOf(`/api/v1/organizations/${organizationId}/reviews?limit=200`, 'reviews')
    t.ok(reviews.length >= 2)
    const left = (await db.selectFrom('automations').select('id').where('pending_revision', 'is not', null).execute())
      .length
    t.equal(new Set(reviews.flat().map(({ automation_id: id }) => id)).size, left)

    const [{ automation_id: id } = { automation_id: '' }] = reviews[0] ?? []
    await sql`
      insert into automation_revisions (organization_id, automation_id, revision, name, config, digest, authored_by_user_id)
      select organization_id, automation_id, n, name, config, digest, authored_by_user_id
        from automation_revisions, generate_series(3, 10) n
       where automation_id = ${id} and revision = 1`.execute(db)
    const revisions = await pagesOf(`${automations}/${id}/revisions`, 'revisions')
    t.ok(revisions.length >= 2)
    t.same(
      revisions.flat().map(({ revision }) => revision),
      [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
    )

    await sql`
      insert into automation_runs (id, organization_id, space_id, automation_id, revision, digest, trigger, status, input)
      select r.id, ${organizationId}, ${spaceId}, ${id}, 1, ${first.digest}, 'manual', 'queued', c.config
        from unnest(${Array.from({ length: 10 }, () => newId())}::uuid[]) r (id), automation_revisions c
       where c.automation_id = ${id} and c.revision = 1`.execute(db)
    const runs = await pagesOf(`${automations}/${id}/runs`, 'runs')
    t.ok(runs.length >= 2)
    t.equal(new Set(runs.flat().map(({ id }) => id)).size, 10)
    t.equal((await pagesOf(`${automations}/${id}/runs?limit=1&status=queued`, 'runs')).length, 10)
  })

  t.test('lists of small rows are whole too, however many there are', async (t) => {
    const reader = await person(['chat.read'])
    const rooms = Array.from({ length: 450 }, (_, i) => ({
      id: newId(),
      organization_id: organizationId,
      space_id: spaceId,
      name: `Room ${i}`,
      created_at: new Date(Date.UTC(2026, 0, 1, 0, 0, i % 7)),
    }))
    const list = async () => (await send(reader, 'GET', `${space}/chat-rooms`)).body.chat_rooms
    for (const until of [1, 200, 201, 450]) {
      const made = await db.selectFrom('chat_rooms').select('id').execute()
      await db.insertInto('chat_rooms').values(rooms.slice(made.length, until)).execute()
      const order = rooms.slice(0, until).sort((a, b) => +a.created_at - +b.created_at || (a.id < b.id ? -1 : 1))
      t.same(
        (await list()).map(({ id }: { id: string }) => id),
        order.map(({ id }) => id),
        `${until}`,
      )
    }
  })
})
