import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { type Answer, testApp } from '../support/app.ts'

const PROPOSAL = { name: 'Digest', kind: 'scheduled', config: { cron: '0 9 * * MON' } }
const EVERYTHING = [
  'org.manage',
  'org.members.manage',
  'space.create',
  'space.delete',
  'space.members.manage',
  'chat.read',
  'chat.write',
  'files.read',
  'files.write',
  'files.delete',
] as const

t.test('AI staff with every permission', async (t) => {
  const { app, send, owner, organizationId, spaceId, serviceAccount, db } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(EVERYTHING)
  const accomplice = await serviceAccount(EVERYTHING)
  const propose = async () => (await send(staff, 'POST', base, { ...PROPOSAL, status: 'active' })).body.automation
  const stateOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}`)).body.automation
  const refused = (t: Test, answer: Answer, code: string) =>
    t.equal(`${answer.status} ${answer.body.code}`, `403 ${code}`)

  t.test('can’t make its proposal active by any field or route', async (t) => {
    const { id, digest } = await propose()
    for (const status of ['active', 'paused', 'draft'])
      refused(t, await send(staff, 'PATCH', `${base}/${id}`, { status }), 'service_account_status')
    for (const who of [staff, accomplice]) {
      refused(t, await send(who, 'POST', `${base}/${id}/approve`, { digest }), 'service_account_cannot_approve')
      refused(t, await send(who, 'POST', `${base}/${id}/reject`), 'service_account_cannot_approve')
    }
    t.equal((await stateOf(id)).status, 'pending_approval')
  })

  t.test('can’t say who made or reviewed it', async (t) => {
    const { id } = await propose()
    const fields = {
      id,
      organization_id: organizationId,
      space_id: spaceId,
      created_by_user_id: owner.id,
      created_by_service_account_id: null,
      reviewed_by_user_id: owner.id,
      reviewed_at: new Date().toISOString(),
      approved_digest: `sha256:${'0'.repeat(64)}`,
      owner_user_id: owner.id,
      digest: `sha256:${'0'.repeat(64)}`,
      revision: 7,
      pending_revision: null,
      last_run_at: new Date().toISOString(),
      version: 9,
      kind: 'webhook',
    }
    for (const [field, value] of Object.entries(fields)) {
      t.equal((await send(staff, 'PATCH', `${base}/${id}`, { [field]: value })).status, 400, field)
      if (field !== 'kind')
        t.equal((await send(staff, 'POST', base, { ...PROPOSAL, [field]: value })).status, 400, field)
    }
    const [before] = [await stateOf(id)]
    t.match(before, { created_by_service_account_id: staff.id, created_by_user_id: null, revision: 1 })
  })

  t.test('can’t make itself, or anybody, an approver', async (t) => {
    const { body } = await send(owner, 'GET', `${organization}/roles`)
    const ownerRole = body.roles.find((role: { is_system: boolean }) => role.is_system).id
    const attempts: [method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown][] = [
      ['POST', `${organization}/invites`, {}],
      ['POST', `${organization}/roles`, { name: 'x', permissions: ['files.write'] }],
      ['PATCH', `${organization}/roles/${ownerRole}`, { name: 'x' }],
      ['DELETE', `${organization}/roles/${ownerRole}`],
      ['PUT', `${organization}/members/${staff.userId}/roles`, { role_ids: [ownerRole] }],
      ['DELETE', `${organization}/members/${owner.userId}`],
      ['POST', `${organization}/service-accounts`, { name: 'x' }],
      ['POST', `${organization}/service-accounts/${accomplice.id}/rotate`],
      ['PATCH', `${organization}/features`, { open_signups_enabled: true }],
      ['PATCH', `${organization}/automation-policy`, { max_pending_per_service_account: 10000 }],
      ['PUT', `${organization}/spaces/${spaceId}/access`, { role_ids: [] }],
      ['POST', '/api/v1/organizations', { name: 'mine' }],
    ]
    for (const [method, path, payload] of attempts) refused(t, await send(staff, method, path, payload), 'people_only')
  })

  t.test('can’t swap the content once it was approved', async (t) => {
    const { id, digest } = await propose()
    await send(owner, 'POST', `${base}/${id}/approve`, { digest })
    await send(staff, 'PATCH', `${base}/${id}`, { config: { cron: '* * * * *' } })
    t.match(await stateOf(id), {
      config: PROPOSAL.config,
      digest,
      approved_digest: digest,
      pending_revision: { revision: 2 },
    })
    refused(t, await send(staff, 'DELETE', `${base}/${id}`), 'service_account_not_author')
  })

  t.test('can’t slip an edit between a person’s look and click', async (t) => {
    const looked = await propose()
    const { headers } = await send(owner, 'GET', `${base}/${looked.id}`)
    await send(staff, 'PATCH', `${base}/${looked.id}`, { config: { cron: '* * * * *' } })
    const path = `${base}/${looked.id}`
    t.equal((await send(owner, 'POST', `${path}/approve`, { digest: looked.digest })).status, 409)
    t.equal((await send(owner, 'POST', `${path}/approve`)).status, 428)
    t.equal((await send(owner, 'POST', `${path}/approve`, {}, { 'if-match': String(headers.etag) })).status, 412)
    t.equal((await send(owner, 'PATCH', path, { status: 'active' })).status, 428)
    t.equal((await send(owner, 'PATCH', path, { status: 'active' }, { 'if-match': String(headers.etag) })).status, 412)
    t.equal((await stateOf(looked.id)).status, 'pending_approval')
  })

  t.test('can’t wear a reviewer down with the same rejected words', async (t) => {
    const { id, digest } = await propose()
    await send(owner, 'POST', `${base}/${id}/reject`)
    const again = await send(staff, 'PATCH', `${base}/${id}`, PROPOSAL.config ? { config: PROPOSAL.config } : {})
    t.match(again.body.automation, { status: 'pending_approval', revision: 2, digest })
    t.equal((await send(owner, 'POST', `${base}/${id}/approve`)).status, 428, 'it has to be looked at again')
  })

  t.test('can’t touch what people draft, or what others propose', async (t) => {
    const draft = (await send(owner, 'POST', base, PROPOSAL)).body.automation
    refused(t, await send(staff, 'PATCH', `${base}/${draft.id}`, { name: 'x' }), 'service_account_not_author')
    refused(t, await send(staff, 'DELETE', `${base}/${draft.id}`), 'service_account_not_author')
    const { id } = await propose()
    refused(t, await send(accomplice, 'PATCH', `${base}/${id}`, { name: 'x' }), 'service_account_not_author')
    refused(t, await send(accomplice, 'DELETE', `${base}/${id}`), 'service_account_not_author')
  })

  t.test('can’t use what was paused or drafted unreviewed as a way in', async (t) => {
    for (const status of ['paused', 'draft']) {
      const { id } = await propose()
      await send(owner, 'PATCH', `${base}/${id}`, { status })
      await send(staff, 'PATCH', `${base}/${id}`, { config: { cron: '* * * * *' } })
      t.equal((await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })).status, 428, status)
    }
  })

  t.test('can’t delete what people approved, or wrote a part of, whatever became of it since', async (t) => {
    const proposed = async () => (await send(staff, 'POST', base, PROPOSAL)).body.automation
    const { id } = await proposed()
    t.equal((await send(owner, 'POST', `${base}/${id}/approve`)).status, 200)
    for (const status of ['active', 'paused', 'draft', 'pending_approval']) {
      await send(owner, 'PATCH', `${base}/${id}`, { status })
      t.match(await send(staff, 'DELETE', `${base}/${id}`), {
        status: 403,
        body: { code: 'service_account_not_author' },
      })
    }
    await send(owner, 'POST', `${base}/${id}/reject`)
    t.equal((await send(staff, 'DELETE', `${base}/${id}`)).status, 403)
    const helped = await proposed()
    await send(owner, 'PATCH', `${base}/${helped.id}`, { name: 'In better words' })
    t.equal((await send(staff, 'DELETE', `${base}/${helped.id}`)).status, 403)
    t.equal((await send(staff, 'DELETE', `${base}/${(await proposed()).id}`)).status, 204)
  })

  t.test('can’t have its words let run by a person who changed others and never saw them', async (t) => {
    for (const aside of [{}, { status: 'draft' }, { status: 'paused' }]) {
      const { id } = await propose()
      const path = `${base}/${id}`
      await send(staff, 'PATCH', path, { config: { cron: '* * * * *' } })
      await send(owner, 'PATCH', path, { ...aside, name: 'Nicer' })
      t.equal((await send(owner, 'PATCH', path, { status: 'active' })).status, 428)
      const { headers } = await send(owner, 'GET', path)
      const seen = await send(owner, 'PATCH', path, { status: 'active' }, { 'if-match': String(headers.etag) })
      t.match(seen.body.automation, { status: 'active', reviewed_by_user_id: owner.id, owner_user_id: owner.id })
    }
  })

  t.test('deleted or stripped while pending: the mark of its authorship stays', async (t) => {
    const leaver = await serviceAccount(['files.read', 'files.write'])
    const { id } = (await send(leaver, 'POST', base, PROPOSAL)).body.automation
    await db.deleteFrom('member_roles').where('user_id', '=', leaver.userId).execute()
    t.equal((await send(leaver, 'PATCH', `${base}/${id}`, { name: 'x' })).status, 403)
    await send(owner, 'POST', `${organization}/service-accounts/${leaver.id}/rotate`)
    t.equal((await send(leaver, 'PATCH', `${base}/${id}`, { name: 'x' })).status, 401)
    await send(owner, 'DELETE', `${organization}/service-accounts/${leaver.id}`)
    t.match(await stateOf(id), { created_by_service_account_id: leaver.id, owner_user_id: null })
    const { automation } = (await send(owner, 'POST', `${base}/${id}/approve`)).body
    t.match(automation, {
      created_by_service_account_id: leaver.id,
      reviewed_by_user_id: owner.id,
      owner_user_id: owner.id,
    })
  })

  t.test('a direct update can’t break the invariant', async (t) => {
    const { id, digest } = await propose()
    const where = sql`where id = ${id}`
    const attempts = [
      sql`update automations set status = 'active' ${where}`,
      sql`update automations set status = 'active', approved_digest = ${digest} ${where}`,
      sql`update automations set status = 'active', reviewed_by_user_id = ${owner.id} ${where}`,
      sql`update automations set status = 'active', approved_digest = ${digest}, reviewed_by_user_id = ${staff.userId} ${where}`,
    ]
    for (const attempt of attempts) await t.rejects(attempt.execute(db), { code: '23514' })

    const running = await propose()
    await send(owner, 'POST', `${base}/${running.id}/approve`)
    const { pending_revision: staged } = (await send(staff, 'PATCH', `${base}/${running.id}`, { name: 'x' })).body
      .automation
    const swap = sql`revision = ${staged.revision}, approved_digest = ${staged.digest}, pending_revision = null`
    for (const attempt of [
      sql`update automations set ${swap} where id = ${running.id}`,
      sql`update automations set ${swap}, reviewed_at = now() where id = ${running.id}`,
      sql`update automations set reviewed_by_user_id = null where id = ${running.id}`,
    ])
      await t.rejects(attempt.execute(db), { code: '23514' }, 'who reviewed one revision has not reviewed the next')
    await t.rejects(sql`update automation_revisions set name = 'x' where automation_id = ${id}`.execute(db), {
      code: '23001',
    })
    await t.rejects(sql`delete from automation_revisions where automation_id = ${id}`.execute(db), { code: '23001' })
    await t.rejects(sql`truncate automation_revisions cascade`.execute(db), { code: '23001' })
    for (const statement of [
      sql`update audit_log set action = 'x'`,
      sql`delete from audit_log`,
      sql`truncate audit_log`,
      sql`update audit_seals set hash = ''`,
      sql`delete from audit_seals`,
    ])
      await t.rejects(statement.execute(db), { code: '23001' })
    t.equal((await stateOf(id)).status, 'pending_approval')
  })

  t.test('races people hundreds of times: what is active is what a person named', async (t) => {
    const named = new Set<string>()
    const { id } = await propose()
    const path = `${base}/${id}`
    const headers = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' })
    const statuses = new Map<string, number>()
    const count = (kind: string, status: number) =>
      statuses.set(`${kind} ${status}`, (statuses.get(`${kind} ${status}`) ?? 0) + 1)
    const call = (token: string, method: 'POST' | 'PATCH' | 'GET', url: string, payload?: object) =>
      app.inject({ method, url, headers: headers(token), ...(payload ? { payload } : {}) })

    const edit = async (n: number) => {
      const { statusCode } = await call(staff.token, 'PATCH', path, { config: { cron: '0 9 * * MON', n } })
      count('edit', statusCode)
    }
    const look = async () => {
      const { automation } = (await call(owner.token, 'GET', path)).json()
      const seen = automation.pending_revision?.digest ?? automation.digest
      const answer = await call(owner.token, 'POST', `${path}/approve`, { digest: seen })
      if (answer.statusCode === 200) named.add(seen)
      count('approve', answer.statusCode)
    }
    const check = async () => {
      const { automation } = (await call(owner.token, 'GET', path)).json()
      if (automation.status === 'active') t.equal(automation.digest, automation.approved_digest)
    }
    for (let round = 0; round < 150; round++) {
      // Some rounds leave the reviewers alone, or they would never be in time.
      const edits = round % 3 === 0 ? [] : [edit(2 * round), edit(2 * round + 1)]
      await Promise.all([look(), ...edits, look(), check()])
    }
    await Promise.all([edit(-1), look()])
    await look()

    const known = /^(edit 200|approve (200|404|409))$/
    t.same(
      [...statuses.keys()].filter((key) => !known.test(key)),
      [],
      JSON.stringify([...statuses]),
    )
    t.ok((statuses.get('approve 200') ?? 0) > 0, 'some were approved')
    t.ok((statuses.get('approve 409') ?? 0) > 0, 'some were stale')
    const final = await stateOf(id)
    t.equal(final.status, 'active')
    t.ok(named.has(final.digest), 'what runs is what a person named')
    const approvals = (
      await send(owner, 'GET', `${organization}/audit-log?action=automation.approved&target_id=${id}&limit=200`)
    ).body
    for (const entry of approvals.entries) t.ok(named.has(entry.details.after), 'and so was everything that ever ran')
  })

  t.test('two reviewers at once: one wins', async (t) => {
    for (let round = 0; round < 20; round++) {
      const { id, digest } = await propose()
      const approve = () => send(owner, 'POST', `${base}/${id}/approve`, { digest })
      const statuses = (await Promise.all([approve(), approve()])).map((answer) => answer.status)
      t.same(statuses.sort(), [200, 404])
    }
  })
})
