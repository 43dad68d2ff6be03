import { sql } from 'kysely'
import t from 'tap'
import { whatIsWrong } from '../../compatibility/fields.ts'
import { testApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'

const DIGEST = { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } }

t.test('automations of a space', async (t) => {
  const { send, owner, organizationId, spaceId, person, serviceAccount, db } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  const clear = () => db.deleteFrom('automations').execute()

  t.test('a person creates one with every field present', async (t) => {
    const { status, body, headers } = await send(owner, 'POST', base, { ...DIGEST, status: 'active' })
    t.equal(status, 201)
    const { automation } = body
    t.same(whatIsWrong(automation), [])
    t.match(automation, {
      ...DIGEST,
      organization_id: organizationId,
      space_id: spaceId,
      status: 'active',
      created_by_user_id: owner.id,
      created_by_service_account_id: null,
      reviewed_by_user_id: null,
      has_oauth_token: false,
    })
    t.equal(headers.etag, '"1"')
    t.match(automation.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    await clear()
  })

  t.test('next_run_at says when it runs next, and is null where nothing is planned', async (t) => {
    const planned = (await send(owner, 'POST', base, { ...DIGEST, status: 'active' })).body.automation
    const next = new Date(planned.next_run_at)
    t.match([next.getUTCDay(), next.getUTCHours(), next > new Date()], [1, 9, true])
    const { body } = await send(owner, 'PATCH', `${base}/${planned.id}`, { status: 'paused' })
    t.equal(body.automation.next_run_at, null)
    await clear()
  })

  t.test('one for a space that goes meanwhile is not made', async (t) => {
    const space = (await send(owner, 'POST', `/api/v1/organizations/${organizationId}/spaces`, { name: 'Goes' })).body
    const { promise: removed, resolve: remove } = Promise.withResolvers<void>()
    const { promise: isSeen, resolve: see } = Promise.withResolvers<void>()
    const removing = db.transaction().execute(async (trx) => {
      await trx.deleteFrom('spaces').where('id', '=', space.id).execute()
      remove()
      await isSeen
    })
    await removed
    const created = send(
      owner,
      'POST',
      `/api/v1/organizations/${organizationId}/spaces/${space.id}/automations`,
      DIGEST,
    )
    const isWaiting = sql<{ n: number }>`
      select count(*)::integer as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await until(async () => (await isWaiting.execute(db)).rows[0]?.n)
    see()
    await removing
    const { status, body } = await created
    t.match([status, body.code], [404, 'space_not_found'])
  })

  t.test('defaults are a draft with an empty config, and the name is stripped', async (t) => {
    const { body } = await send(owner, 'POST', base, { name: '  Tidy up\n', kind: 'webhook' })
    t.match(body.automation, { name: 'Tidy up', status: 'draft', config: {}, description: null })
    await clear()
  })

  t.test('a draft may be unfinished, and what it says must be right: keys that the kind knows are typed', async (t) => {
    const save = (kind: string, config: object, status = 'draft') =>
      send(owner, 'POST', base, { name: 'n', kind, config, status })
    t.equal((await save('scheduled', { message: 'Hello' })).status, 201)
    t.equal(
      (await save('scheduled', { cron: '* * * * *', action: {} })).status,
      400,
      'an action that is there is whole',
    )
    t.equal((await save('social_post', {})).status, 201)
    for (const [kind, config, path] of [
      ['scheduled', { cron: 'every monday' }, '/config/cron'],
      ['scheduled', { cron: 5 }, '/config/cron'],
      ['scheduled', { timezone: 'Mars/Olympus' }, '/config/timezone'],
      ['scheduled', { message: '{{ nonsense' }, '/config/message'],
      ['scheduled', { action: { type: 'http_request', url: 'http://127.0.0.1/' } }, '/config/action/url'],
      ['social_post', { provider: 'myspace' }, '/config/provider'],
      ['social_post', { schedule: '* * * * * *' }, '/config/schedule'],
      ['reverse_tunnel', { subdomain: '-x' }, '/config/subdomain'],
    ] as const) {
      const { status, body } = await save(kind, config)
      t.equal(status, 400, JSON.stringify(config))
      t.match(body.details, [{ path }], JSON.stringify(body))
    }
    const unfinished = (await save('scheduled', { message: 'Hello' })).body.automation
    const { status, body } = await send(owner, 'PATCH', `${base}/${unfinished.id}`, { status: 'active' })
    t.equal(status, 200)
    t.match(body.automation.problems, [{ path: '/config', message: /needs one of/ }])
    t.same((await save('social_post', {}, 'active')).body.automation.problems, [], 'it has a default for everything')
    await clear()
  })

  t.test('config comes back as it was sent, key order and unknown keys included', async (t) => {
    const config = '{"zeta":1,"alpha":{"b":[1,2.5,null,true],"a":"ü"},"__x":""}'
    const { text } = await send(owner, 'POST', base, `{"name":"n","kind":"webhook","config":${config}}`)
    t.ok(text.includes(`"config":${config}`), text)
    await clear()
  })

  t.test('whatever AI staff creates waits for a person', async (t) => {
    for (const status of [undefined, 'active', 'draft', 'paused']) {
      const { body } = await send(staff, 'POST', base, { ...DIGEST, status, description: 'Keeps us in the picture' })
      t.match(body.automation, {
        status: 'pending_approval',
        created_by_user_id: null,
        created_by_service_account_id: staff.id,
        config: { ...DIGEST.config, proposal_note: 'Keeps us in the picture' },
        description: null,
      })
    }
    await clear()
  })

  t.test('the credential of a person is stored encrypted and never comes back', async (t) => {
    const created = await send(owner, 'POST', base, { ...DIGEST, oauth_token: 'canary-token-1' })
    t.equal(created.body.automation.has_oauth_token, true)
    t.notMatch(created.text, /canary/)
    const row = await db.selectFrom('automation_secrets').select('ciphertext').executeTakeFirstOrThrow()
    t.notMatch(row.ciphertext, /canary/)
    const path = `${base}/${created.body.automation.id}`
    const changed = await send(owner, 'PATCH', path, { oauth_token: 'canary-token-2' })
    t.equal(changed.body.automation.has_oauth_token, true)
    t.notMatch((await send(owner, 'GET', base)).text, /canary/)
    t.equal((await send(owner, 'PATCH', path, { oauth_token: null })).body.automation.has_oauth_token, false)
    await clear()
  })

  t.test('AI staff brings no credential', async (t) => {
    const created = await send(staff, 'POST', base, { ...DIGEST, oauth_token: 'x' })
    t.equal(created.status, 403)
    t.equal(created.body.error, 'service account cannot set oauth token')
    t.same((await send(owner, 'GET', base)).body.automations, [], 'nothing is written')
  })

  t.test('the list is newest change first, filtered and paged', async (t) => {
    const ids: string[] = []
    for (let i = 0; i < 5; i++) {
      const kind = i % 2 ? 'webhook' : 'scheduled'
      ids.push((await send(owner, 'POST', base, { name: `n${i}`, kind })).body.automation.id)
    }
    await send(owner, 'PATCH', `${base}/${ids[0]}`, { status: 'paused' })
    const all = (await send(owner, 'GET', base)).body
    const order = all.automations.map((each: { id: string }) => each.id)
    t.equal(order[0], ids[0])
    t.notOk('next_cursor' in all, 'without limit the answer is the plain one')
    t.equal((await send(owner, 'GET', `${base}?kind=webhook`)).body.automations.length, 2)
    t.equal((await send(owner, 'GET', `${base}?status=paused`)).body.automations[0].id, ids[0])
    const found = async (query: string) =>
      (await send(owner, 'GET', `${base}?${query}`)).body.automations.map((each: { id: string }) => each.id)
    const author = await serviceAccount(['files.write'])
    const own = (await send(author, 'POST', base, { name: 'Own', kind: 'scheduled' })).body.automation
    const changed = await send(author, 'PATCH', `${base}/${ids[0]}`, { name: 'Theirs' })
    t.equal(changed.status, 200)
    t.same(
      (await found(`author_id=${author.id}`)).sort(),
      [own.id, ids[0]].sort(),
      'and what a change of theirs waits of',
    )
    t.same((await found(`author_id=${owner.id}`)).sort(), [...ids].sort())
    t.same(await found(`author_id=${author.id}&digest=${own.digest}`), [own.id])
    t.same(await found(`digest=sha256:${'0'.repeat(64)}`), [])
    t.same(await found(`author_id=${organizationId}&limit=1`), [])
    await send(author, 'DELETE', `${base}/${own.id}`)
    await send(owner, 'POST', `${base}/${ids[0]}/reject`)

    const walked: string[] = []
    let cursor = ''
    do {
      const { body } = await send(owner, 'GET', `${base}?limit=2${cursor}`)
      walked.push(...body.automations.map((each: { id: string }) => each.id))
      cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`
    } while (cursor)
    t.same(walked, order)
    await clear()
  })

  t.test('PATCH changes what it names and nothing else', async (t) => {
    const { body } = await send(owner, 'POST', base, { ...DIGEST, description: 'd' })
    const path = `${base}/${body.automation.id}`
    const changed = await send(owner, 'PATCH', path, { name: ' New ', config: { cron: '0 8 * * *' } })
    t.equal(changed.status, 200)
    t.match(changed.body.automation, { name: 'New', status: 'draft', description: 'd', kind: 'scheduled' })
    t.same(changed.body.automation.config, { cron: '0 8 * * *' })
    t.ok(changed.body.automation.updated_at >= body.automation.updated_at)
    t.equal((await send(owner, 'PATCH', path, {})).status, 200)
    for (const status of ['active', 'paused', 'pending_approval', 'draft'])
      t.equal((await send(owner, 'PATCH', path, { status })).body.automation.status, status)
    await clear()
  })

  t.test('If-Match lets a change through only where nothing changed since', async (t) => {
    const { body, headers } = await send(owner, 'POST', base, DIGEST)
    const path = `${base}/${body.automation.id}`
    const etag = String(headers.etag)
    t.equal((await send(owner, 'GET', path)).headers.etag, etag)
    const first = await send(owner, 'PATCH', path, { name: 'a' }, { 'if-match': etag })
    t.equal(first.status, 200)
    const stale = await send(owner, 'PATCH', path, { name: 'b' }, { 'if-match': etag })
    t.equal(stale.status, 412)
    t.equal(stale.headers.etag, first.headers.etag)
    t.equal((await send(owner, 'DELETE', path, undefined, { 'if-match': etag })).status, 412)
    t.equal((await send(owner, 'DELETE', path, undefined, { 'if-match': String(first.headers.etag) })).status, 204)
    t.equal((await send(owner, 'GET', path)).status, 404)
  })

  t.test('a person who lets a proposal run has reviewed it', async (t) => {
    const { body } = await send(staff, 'POST', base, DIGEST)
    const path = `${base}/${body.automation.id}`
    const { automation } = (await send(owner, 'PATCH', path, { status: 'active' })).body
    t.match(automation, { status: 'active', reviewed_by_user_id: owner.id, created_by_service_account_id: staff.id })
    t.type(automation.reviewed_at, 'string')
    await clear()
  })

  t.test('bad input is refused with the known strings, and nothing is written', async (t) => {
    const cases: [body: unknown, error: string, path?: string][] = [
      [{ kind: 'webhook' }, 'name and kind required', '/name'],
      [{ name: 'n' }, 'name and kind required', '/kind'],
      [{ name: '   ', kind: 'webhook' }, 'name and kind required', '/name'],
      [{ name: '', kind: 'webhook' }, 'name and kind required', '/name'],
      // White space to Postgres and not to JavaScript, or to neither, and nothing to see in any case.
      ...['\u0085', '\u0001\u001c', '\u200b', ' \u2060\u180e'].map((name): [unknown, string, string] => [
        { name, kind: 'webhook' },
        'name and kind required',
        '/name',
      ]),
      [{ name: 'n', kind: 'cron' }, 'invalid kind', '/kind'],
      [{ name: 'n', kind: 'webhook', status: 'rejected' }, 'invalid status', '/status'],
      [{ name: 'n', kind: 'webhook', status: 'on' }, 'invalid status', '/status'],
      [{ name: 'n', kind: 'webhook', config: [] }, 'invalid request', '/config'],
      [{ name: 'n', kind: 'webhook', config: null }, 'invalid request', '/config'],
      [{ name: 'n', kind: 'webhook', config: 'x' }, 'invalid request', '/config'],
      [{ name: 5, kind: 'webhook' }, 'invalid request', '/name'],
      [{ name: 'n', kind: 'webhook', id: 'x' }, 'invalid request', '/id'],
      [{ name: 'n\u0000', kind: 'webhook' }, 'invalid request', '/name'],
      [{ name: 'n', kind: 'webhook', config: { a: ['\u0000'] } }, 'invalid request', '/config/a/0'],
      ['{"name":"n","kind":"webhook","config":{"a":"\\ud800"}}', 'invalid request', '/config/a'],
      ['{"name":"n","kind":"webhook","config":{"a":1e999}}', 'invalid request', '/config/a'],
      ['{"name":"n","kind":"webhook","config":{"__proto__":{}}}', 'invalid request', '/config/__proto__'],
      ['{"name":', 'invalid json'],
      ['not json', 'invalid json'],
      ['[]', 'invalid request', ''],
      ['null', 'invalid request', ''],
    ]
    for (const [body, error, path] of cases) {
      const answer = await send(owner, 'POST', base, body)
      t.equal(answer.status, 400, JSON.stringify(body))
      t.equal(answer.body.error, error, JSON.stringify(body))
      if (path !== undefined) t.equal(answer.body.details?.[0]?.path, path, answer.text)
    }
    t.same((await send(owner, 'GET', base)).body.automations, [])
  })

  t.test('query strings are held to the document', async (t) => {
    for (const query of [
      'limit=0',
      'limit=201',
      'limit=x',
      'cursor=zzz',
      'kind=cron',
      'status=on',
      'foo=1',
      'limit=1&limit=2',
    ])
      t.equal((await send(owner, 'GET', `${base}?${query}`)).status, 400, query)
  })

  t.test('each permission opens what it names', async (t) => {
    const reader = await person(['files.read'])
    const nobody = await person(['chat.read'])
    t.equal((await send(reader, 'GET', base)).status, 200)
    t.equal((await send(reader, 'POST', base, DIGEST)).body.error, 'forbidden')
    t.equal((await send(nobody, 'GET', base)).body.error, 'forbidden')
    t.equal((await send(await person([]), 'GET', base)).body.error, 'no access to this space')
  })

  t.test('AI staff changes and withdraws its own open proposals alone', async (t) => {
    const own = (await send(staff, 'POST', base, DIGEST)).body.automation
    const path = `${base}/${own.id}`
    const edited = await send(staff, 'PATCH', path, { config: { cron: '0 8 * * *' }, description: 'Earlier' })
    t.same(edited.body.automation.config, { cron: '0 8 * * *', proposal_note: 'Earlier' })
    t.equal(edited.body.automation.status, 'pending_approval')
    for (const status of ['active', 'draft', 'paused'])
      t.equal((await send(staff, 'PATCH', path, { status })).status, 403)
    t.equal((await send(staff, 'PATCH', path, { oauth_token: 'x' })).status, 403)
    const other = await serviceAccount(['files.read', 'files.write'])
    t.equal((await send(other, 'PATCH', path, { name: 'x' })).status, 403)
    t.equal((await send(other, 'DELETE', path)).status, 403)
    const etag = String((await send(owner, 'GET', path)).headers.etag)
    t.equal((await send(owner, 'PATCH', path, { status: 'active' }, { 'if-match': etag })).status, 200)
    t.equal((await send(staff, 'DELETE', path)).status, 403)
    const second = (await send(staff, 'POST', base, DIGEST)).body.automation
    t.equal((await send(staff, 'DELETE', `${base}/${second.id}`)).status, 204)
    await clear()
  })
})
