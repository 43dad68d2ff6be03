import { sql } from 'kysely'
import t from 'tap'
import { v7 as newId } from 'uuid'
import { testApp } from '../support/app.ts'
import { operationsOf } from '../support/operations.ts'

const SECRET = { name: 'canary name', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'canary channel' } }

t.test('an automation is reached through its own space, and through no other', async (t) => {
  const { app, send, db, owner, organizationId, spaceId, otherOrganization } = await testApp(t)
  const other = await otherOrganization()
  const spaces = `/api/v1/organizations/${organizationId}/spaces`
  const nextDoor = (await send(owner, 'POST', spaces, { name: 'Next door' })).body.id

  /** An automation with a run, an event and a pending change, with everything that could be said of it a canary. */
  const fill = async (caller: typeof owner, organization: string, space: string) => {
    const base = `/api/v1/organizations/${organization}/spaces/${space}/automations`
    const { id } = (await send(caller, 'POST', base, { ...SECRET, status: 'active' })).body.automation
    const { run } = (await send(caller, 'POST', `${base}/${id}/run`)).body
    await send(caller, 'PATCH', `${base}/${id}`, { description: 'canary description' })
    const event = {
      id: newId(),
      organization_id: organization,
      space_id: space,
      automation_id: id as string,
      status: 'accepted',
      headers: '{}',
      body: '"canary body"',
      body_bytes: 13,
      received_at: new Date(),
    }
    await db.insertInto('webhook_events').values(event).execute()
    return { automationId: event.automation_id, runId: run.id as string, eventId: event.id }
  }
  const here = await fill(owner, organizationId, spaceId)
  const foreign = [
    await fill(owner, organizationId, nextDoor),
    await fill(other.owner, other.organizationId, other.spaceId),
  ]
  const rows = async () => {
    const tables = ['automations', 'automation_revisions', 'automation_runs', 'audit_log']
    const all = tables.map((table) =>
      sql<{ row: string }>`
      select to_json(x)::text as row from ${sql.table(table)} x order by 1`.execute(db),
    )
    return (await Promise.all(all)).flatMap((each) => each.rows)
  }

  t.test('with the id of an automation of another space or organization', async (t) => {
    const before = await rows()
    for (const ids of foreign) {
      const operations = operationsOf(app, { orgId: organizationId, spaceId, revision: '1', ...ids })
      const withId = operations.filter(({ template }) => template.includes('{automationId}'))
      t.ok(withId.length >= 12)
      for (const { id, method, path, body } of withId) {
        const { status, text } = await send(owner, method, path, body)
        t.equal(status, 404, id)
        t.notMatch(text, /canary/)
      }
    }
    t.same(await rows(), before)
  })

  t.test('with the id of a run or an event of another automation', async (t) => {
    const before = await rows()
    for (const { runId, eventId } of foreign) {
      const operations = operationsOf(app, { orgId: organizationId, spaceId, ...here, runId, eventId })
      for (const [name, code] of [
        ['{runId}', 'run_not_found'],
        ['{eventId}', 'event_not_found'],
      ] as const)
        for (const { id, method, path, body } of operations.filter(({ template }) => template.includes(name)))
          t.match(await send(owner, method, path, body), { status: 404, body: { code } }, id)
    }
    t.same(await rows(), before)
  })

  t.test('and what is not there looks the same', async (t) => {
    const ids = {
      orgId: organizationId,
      spaceId,
      automationId: newId(),
      runId: newId(),
      eventId: newId(),
      revision: '1',
    }
    const nowhere = operationsOf(app, ids)
    const [elsewhere] = foreign
    for (const [i, operation] of operationsOf(app, { ...ids, ...elsewhere }).entries()) {
      if (!operation.template.includes('{automationId}')) continue
      const { id, method, path, body } = operation
      const there = await send(owner, method, path, body)
      const none = await send(owner, method, nowhere[i]?.path ?? '', body)
      t.same({ ...there.body, request_id: '' }, { ...none.body, request_id: '' }, id)
    }
  })

  t.test('and no list of one space or organization shows what is of another', async (t) => {
    const lists = operationsOf(app, { orgId: organizationId, spaceId, revision: '1', ...here }).filter(
      ({ method, template }) => method === 'GET' && template.includes('{orgId}'),
    )
    for (const { id, path } of lists) {
      const { text } = await send(owner, 'GET', path)
      const shown = foreign.flatMap(Object.values<string>).filter((each) => text.includes(each))
      // The audit log and the queue are of the whole organization, which the next door belongs to.
      const isWide = ['listAuditLog', 'listReviews'].includes(id)
      t.same(
        shown.filter((each) => !isWide || !Object.values(foreign[0] ?? {}).includes(each)),
        [],
        id,
      )
    }
  })
})
