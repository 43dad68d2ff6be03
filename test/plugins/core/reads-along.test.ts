import { sql } from 'kysely'
import t from 'tap'
import { type Caller, testApp } from '../../support/app.ts'

const WEBHOOK = { name: 'n', kind: 'webhook' }

t.test('what is read with the question of access', async (t) => {
  const { app, send, db, owner, organizationId, spaceId, person, otherOrganization } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const { automation } = (await send(owner, 'POST', base, WEBHOOK)).body
  const outsider = (await otherOrganization()).owner
  const strangers: [string, Caller, string][] = [
    ['nobody', { token: 'sa_nobody', userId: '', id: '' }, '401 unauthorized'],
    ['somebody of another organization', outsider, '403 not_a_member'],
    ['a member without a role', await person([]), '403 no_space_access'],
    ['a member who may do something else', await person(['chat.read']), '403 forbidden'],
  ]

  for (const path of [base, `${base}/${automation.id}`]) {
    const ask = async (token: string) => {
      const answer = await app.inject({ url: path, headers: { authorization: `Bearer ${token}` } })
      return `${answer.statusCode} ${answer.json().code}`
    }
    t.test(`${path}: that it can't be read is told to nobody who may not`, async (t) => {
      await sql`alter table tunnel_names rename to elsewhere`.execute(db)
      t.equal(await ask(owner.token), '500 internal')
      for (const [who, { token }, refusal] of strangers) t.equal(await ask(token), refusal, who)
      await sql`alter table elsewhere rename to tunnel_names`.execute(db)
    })

    t.test(`${path}: whoever may no longer is refused by the next request`, async (t) => {
      const member = await person(['files.read'])
      t.equal((await send(member, 'GET', path)).status, 200)
      await db.deleteFrom('member_roles').where('user_id', '=', member.userId).execute()
      t.equal(await ask(member.token), '403 no_space_access')
      await db.deleteFrom('members').where('user_id', '=', member.userId).execute()
      t.equal(await ask(member.token), '403 not_a_member')
      await db
        .updateTable('sessions')
        .set({ revoked_at: sql<Date>`now()` })
        .where('user_id', '=', member.userId)
        .execute()
      t.equal(await ask(member.token), '401 unauthorized')
    })
  }

  t.test('a page by its limit, and by nothing that is none', async (t) => {
    for (let i = 0; i < 2; i++) await send(owner, 'POST', base, WEBHOOK)
    const { automations } = (await send(owner, 'GET', base)).body
    const first = await send(owner, 'GET', `${base}?limit=2`)
    t.same(first.body.automations, automations.slice(0, 2))
    const next = await send(owner, 'GET', `${base}?limit=2&cursor=${first.body.next_cursor}`)
    t.same(next.body, { automations: automations.slice(2), next_cursor: null })
    for (const limit of ['200', '%31%30', '1e1', '+3', '010', '3.0'])
      t.same((await send(owner, 'GET', `${base}?limit=${limit}`)).body, { automations, next_cursor: null }, limit)
    for (const limit of ['0', '201', '-1', '', 'x', '1.5', '9'.repeat(30), '2&limit=2', '2&x=1', '2&cursor=x'])
      t.equal((await send(owner, 'GET', `${base}?limit=${limit}`)).status, 400, limit)
    for (const { id } of automations.slice(0, 2)) await send(owner, 'DELETE', `${base}/${id}`)
  })

  t.test('it is the same as what is read after it', async (t) => {
    const [along, page] = [await send(owner, 'GET', base), await send(owner, 'GET', `${base}?limit=10`)]
    t.same(along.body, { automations: [automation] })
    t.same(page.body, { automations: [automation], next_cursor: null })
    t.same((await send(owner, 'GET', `${base}/${automation.id}`)).body, { automation })
    const gone = `${base}/018e1234-abcd-7000-8000-000000000000`
    t.equal((await send(owner, 'GET', gone)).body.code, 'automation_not_found')
    t.equal((await send(owner, 'GET', `${base}/x`)).body.code, 'invalid_automation_id')
    t.equal((await send(owner, 'GET', `${base}?status=paused`)).body.automations.length, 0)
  })
})
