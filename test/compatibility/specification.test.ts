import t from 'tap'
import { type Answer, type Caller, testApp } from '../support/app.ts'
import { SECRETS, startServer } from '../support/server.ts'
import { FIELDS, TIME, whatIsWrong } from './fields.ts'

// The specification of the Automations API, sentence by sentence, in its order, against the program as it is started.

const NOWHERE = '018e1234-abcd-7000-8000-0000000000a0'
const KINDS = ['social_post', 'reverse_tunnel', 'scheduled', 'webhook']
const DIGEST = {
  name: 'Weekly digest',
  kind: 'scheduled',
  config: { cron: '0 9 * * MON', channel: 'general' },
  status: 'active',
}
/** What may be sent in place of a field: of every other type, and nothing. */
const OTHER_TYPES = [null, 7, true, 'x', [], {}, '']

t.test('the Automations API', async (t) => {
  const { owner, organizationId, spaceId, person, serviceAccount, db, databaseUrl } = await testApp(t)
  const { base: server } = await startServer(t, { ...SECRETS, DATABASE_URL: databaseUrl })
  const spacePath = (space = spaceId, organization = organizationId) =>
    `/api/v1/organizations/${organization}/spaces/${space}/automations`
  const base = spacePath()
  const ask = async (caller: Caller | null, method: string, path: string, body?: unknown, headers = {}) => {
    const response = await fetch(server + path, {
      method,
      headers: {
        ...(caller === null ? {} : { authorization: `Bearer ${caller.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as Answer['body'], text }
  }
  const create = (body: object, by: Caller = person1) => ask(by, 'POST', base, body)
  const made = async (body: object = {}, by: Caller = person1) =>
    (await create({ ...DIGEST, ...body }, by)).body.automation
  const patch = (id: string, body: unknown, by: Caller = person1) => ask(by, 'PATCH', `${base}/${id}`, body)
  const get = async (id: string) => (await ask(owner, 'GET', `${base}/${id}`)).body.automation
  const list = async () => (await ask(reader, 'GET', base)).body.automations
  const otherSpace = async () => {
    const path = `/api/v1/organizations/${organizationId}/spaces`
    return (await ask(owner, 'POST', path, { name: `Room ${Math.random()}` })).body.id as string
  }
  const person1 = await person(['files.read', 'files.write'])
  const reader = await person(['files.read'])
  const stranger = await person(['chat.read'])
  const staff = await serviceAccount(['files.read', 'files.write'])
  t.afterEach(async () => void (await db.deleteFrom('automations').execute()))

  t.test('an automation belongs to one space', async (t) => {
    const { id } = await made()
    const other = spacePath(await otherSpace())
    t.same((await ask(person1, 'GET', other)).body, { automations: [] })
    for (const method of ['PATCH', 'DELETE'])
      t.match(await ask(person1, method, `${other}/${id}`, method === 'PATCH' ? {} : undefined), {
        status: 404,
        body: { error: 'automation not found' },
      })
    t.match(await list(), [{ id, space_id: spaceId, organization_id: organizationId }])
  })

  t.test('its kind says what its config is: what one kind knows is to another any key', async (t) => {
    const own: Record<string, object> = {
      scheduled: { cron: 'never' },
      social_post: { provider: 'myspace' },
      reverse_tunnel: { subdomain: '-' },
      webhook: { verification: 'by hand' },
    }
    for (const kind of KINDS)
      for (const [of, config] of Object.entries(own))
        t.equal((await create({ name: 'n', kind, config })).status, of === kind ? 400 : 201, `${of} in ${kind}`)
  })

  t.test('the kinds are social_post, reverse_tunnel, scheduled and webhook', async (t) => {
    for (const kind of KINDS)
      t.match(await create({ name: 'n', kind }), { status: 201, body: { automation: { kind } } })
    for (const kind of ['cron', 'Scheduled', 'scheduled ', '', 'toString', 7, null, true, ['webhook'], {}])
      t.match(await create({ name: 'n', kind }), { status: 400 }, String(kind))
    t.match((await create({ name: 'n', kind: 'cron' })).body, { error: 'invalid kind' })
  })

  t.test('the statuses are draft, pending_approval, active, paused and rejected', async (t) => {
    const reached = new Set<string>()
    for (const status of ['draft', 'pending_approval', 'active', 'paused']) reached.add((await made({ status })).status)
    const { id } = await made({}, staff)
    const rejected = await ask(person1, 'POST', `${base}/${id}/reject`, { reason: 'no' })
    reached.add(rejected.body.automation.status)
    t.match(rejected.body.automation, { rejection_reason: 'no', reviewed_by_user_id: person1.id, reviewed_at: TIME })
    t.same([...reached], ['draft', 'pending_approval', 'active', 'paused', 'rejected'])
    for (const status of reached) {
      const { automations } = (await ask(reader, 'GET', `${base}?status=${status}`)).body
      t.match(automations, [{ status }])
    }
  })

  t.test('what AI staff creates is pending_approval, whatever status its body has', async (t) => {
    const named = [
      'draft',
      'pending_approval',
      'active',
      'paused',
      'rejected',
      'bogus',
      '',
      7,
      null,
      true,
      [],
      {},
      ['x'],
    ]
    for (const status of named) {
      const answer = await create({ ...DIGEST, status }, staff)
      t.match(answer, { status: 201, body: { automation: { status: 'pending_approval' } } }, JSON.stringify(status))
      t.match(answer.body.automation, {
        config: DIGEST.config,
        created_by_user_id: null,
        created_by_service_account_id: staff.id,
      })
    }
    const { status: _, ...without } = DIGEST
    t.equal((await create(without, staff)).body.automation.status, 'pending_approval')
    t.equal((await list()).length, named.length + 1)
    t.comment('and nothing else of the body is read less strictly')
    for (const more of [
      { name: '' },
      { kind: 'x' },
      { config: [] },
      { config: { cron: 5 } },
      { description: 7 },
      { x: 1 },
    ])
      t.equal((await create({ ...DIGEST, status: 'bogus', ...more }, staff)).status, 400, JSON.stringify(more))
    for (const body of [[], 'x', 7, null, true]) t.equal((await ask(staff, 'POST', base, body)).status, 400)
  })

  t.test('a person who may write must approve it before it is active', async (t) => {
    const { id } = await made({}, staff)
    for (const by of [staff, reader, stranger]) {
      t.equal((await ask(by, 'POST', `${base}/${id}/approve`)).status, 403)
      t.equal((await patch(id, { status: 'active' }, by)).status, 403)
    }
    t.match(await get(id), { status: 'pending_approval', reviewed_by_user_id: null })
    const { status, body } = await ask(person1, 'POST', `${base}/${id}/approve`)
    t.equal(status, 200)
    t.match(body.automation, { status: 'active', reviewed_by_user_id: person1.id, reviewed_at: TIME })
    const other = await made({}, staff)
    t.match((await patch(other.id, { status: 'active' })).body.automation, { reviewed_by_user_id: person1.id })
  })

  t.test('every request carries a bearer token', async (t) => {
    const { id } = await made()
    const requests = [
      ['GET', base],
      ['POST', base, DIGEST],
      ['PATCH', `${base}/${id}`, {}],
      ['DELETE', `${base}/${id}`],
    ] as const
    for (const [method, path, body] of requests) {
      t.match(await ask(null, method, path, body), { status: 401, body: { error: 'unauthorized' } })
      for (const authorization of ['Bearer', 'Bearer x', `Basic ${person1.token}`, person1.token])
        t.equal((await ask(null, method, path, body, { authorization })).status, 401, authorization)
    }
    t.match(await list(), [{ id }])
  })

  t.test('the list has all automations of the space', async (t) => {
    const ids = await Promise.all(Array.from({ length: 60 }, async () => (await made()).id))
    const { status, body } = await ask(reader, 'GET', base)
    t.equal(status, 200)
    t.same(Object.keys(body), ['automations'])
    t.same(body.automations.map(({ id }: { id: string }) => id).sort(), ids.sort())
  })

  t.test('to list needs files.read and access to the space', async (t) => {
    t.match(await ask(stranger, 'GET', base), { status: 403, body: { error: 'forbidden' } })
    t.match(await ask(await person([]), 'GET', base), { status: 403, body: { error: 'no access to this space' } })
    t.match(await ask(reader, 'GET', spacePath(NOWHERE)), { status: 403, body: { error: 'no access to this space' } })
    const elsewhere = await ask(reader, 'GET', spacePath(spaceId, NOWHERE))
    t.match(elsewhere, { status: 403, body: { error: 'not a member of this organization' } })
  })

  t.test('orgId and spaceId are UUIDs', async (t) => {
    for (const id of ['x', '7', 'null', `${spaceId}x`]) {
      const organization = await ask(reader, 'GET', spacePath(spaceId, id))
      t.match(organization, { status: 400, body: { error: 'invalid organization id' } })
      t.match(await ask(reader, 'GET', spacePath(id)), { status: 400, body: { error: 'invalid space id' } })
    }
  })

  t.test('an automation in the list has every field of the table, of its type', async (t) => {
    await made()
    await made({}, staff)
    const { id } = await made({}, staff)
    await ask(person1, 'POST', `${base}/${id}/reject`, { reason: 'no' })
    await made({ config: {} })
    for (const automation of await list()) {
      t.same(whatIsWrong(automation), [])
      t.same(Object.keys(automation).slice(0, 16), Object.keys(FIELDS), 'in that order, and all else behind')
    }
  })

  t.test('whoever made it, a person or a service account, is named and the other is null', async (t) => {
    t.match(await made(), { created_by_user_id: person1.id, created_by_service_account_id: null })
    t.match(await made({}, staff), { created_by_user_id: null, created_by_service_account_id: staff.id })
  })

  t.test('last_run_at is when it ran last, or null, and last_error what went wrong then, or null', async (t) => {
    const run = async (id: string) =>
      (await ask(person1, 'POST', `${base}/${id}/run`, {}, { prefer: 'wait=20' })).body.run
    const { id, last_run_at, last_error } = await made({
      config: { ...DIGEST.config, message: '{{ "a%b%" | url_decode }}' },
    })
    t.same([last_run_at, last_error], [null, null])
    t.match(await run(id), { success: false })
    const failed = await get(id)
    t.match(failed, { last_run_at: TIME, last_error: /./, status: 'active' })
    await patch(id, { config: DIGEST.config })
    t.match(await run(id), { success: true })
    const { last_run_at: later, ...succeeded } = await get(id)
    t.match(succeeded, { last_error: null })
    t.ok(later > failed.last_run_at)
  })

  t.test('to create needs files.write and access to the space', async (t) => {
    t.match(await create(DIGEST, reader), { status: 403, body: { error: 'forbidden' } })
    t.match(await create(DIGEST, await person([])), { status: 403, body: { error: 'no access to this space' } })
    t.same(await list(), [])
  })

  t.test('the example makes what it says, and is answered with 201 and the automation', async (t) => {
    const { status, body } = await create(DIGEST)
    t.equal(status, 201)
    t.same(Object.keys(body), ['automation'])
    t.match(body.automation, { ...DIGEST, created_by_user_id: person1.id, last_run_at: null, last_error: null })
    t.same(whatIsWrong(body.automation), [])
    t.same(await list(), [body.automation])
  })

  t.test('name is needed, and white space around it goes', async (t) => {
    t.match(await create({ name: ' \t Weekly digest\n', kind: 'webhook' }), {
      status: 201,
      body: { automation: { name: 'Weekly digest' } },
    })
    for (const body of [{ kind: 'webhook' }, { name: '', kind: 'webhook' }, { name: ' \n', kind: 'webhook' }])
      t.match(await create(body), { status: 400, body: { error: 'name and kind required' } })
    for (const name of [null, 7, true, [], {}]) t.equal((await create({ name, kind: 'webhook' })).status, 400)
  })

  t.test('kind is needed', async (t) => {
    t.match(await create({ name: 'n' }), { status: 400, body: { error: 'name and kind required' } })
    t.equal((await create({})).status, 400)
  })

  t.test('config is an object, {} where it is left out', async (t) => {
    t.same((await create({ name: 'n', kind: 'scheduled' })).body.automation.config, {})
    for (const config of [null, 7, true, 'x', []]) t.equal((await create({ ...DIGEST, config })).status, 400)
  })

  t.test('status is draft, pending_approval, active or paused, and draft where it is left out', async (t) => {
    for (const status of ['draft', 'pending_approval', 'active', 'paused'])
      t.match(await create({ ...DIGEST, status }), { status: 201, body: { automation: { status } } })
    t.equal((await create({ name: 'n', kind: 'webhook' })).body.automation.status, 'draft')
    for (const status of ['rejected', 'bogus', 'Active', ...OTHER_TYPES])
      t.match(await create({ ...DIGEST, status }), { status: 400, body: { error: 'invalid status' } }, String(status))
  })

  t.test('a person’s status holds whatever its config lacks: what can’t run yet says so', async (t) => {
    for (const kind of KINDS)
      for (const config of [undefined, {}]) {
        const { status, body } = await create({ name: 'n', kind, config, status: 'active' })
        t.equal(status, 201, kind)
        t.match(body.automation, { status: 'active', config: {}, next_run_at: null })
        t.equal(body.automation.problems.length, kind === 'scheduled' ? 1 : 0, kind)
        const draft = (await create({ name: 'n', kind, config })).body.automation
        t.match(await patch(draft.id, { status: 'active' }), {
          status: 200,
          body: { automation: { status: 'active' } },
        })
      }
  })

  t.test('description says what it is for; that of AI staff is in the config as proposal_note', async (t) => {
    const description = 'Keeps the team in the picture'
    t.match(await made({ description }), { config: DIGEST.config, description })
    t.same((await made({ description })).config, DIGEST.config)
    t.same((await made({ description }, staff)).config, { ...DIGEST.config, proposal_note: description })
    t.same((await made({ config: undefined, description }, staff)).config, { proposal_note: description })
    for (const wrong of [null, 7, true, [], {}]) t.equal((await create({ ...DIGEST, description: wrong })).status, 400)
  })

  t.test('oauth_token is stored encrypted, never answered, and not for AI staff', async (t) => {
    const token = 'a token in plain text'
    const { text } = await create({ ...DIGEST, oauth_token: token })
    t.notMatch(text, token)
    t.notMatch((await ask(reader, 'GET', base)).text, token)
    const stored = await db.selectFrom('automation_secrets').selectAll().execute()
    t.equal(stored.length, 1)
    t.notMatch(JSON.stringify(stored), token)
    t.match(await create({ ...DIGEST, oauth_token: token }, staff), {
      status: 403,
      body: { error: 'service account cannot set oauth token' },
    })
    for (const wrong of [null, 7, true, [], {}, ''])
      t.equal((await create({ ...DIGEST, oauth_token: wrong })).status, 400)
  })

  t.test('to update needs files.write', async (t) => {
    const { id } = await made()
    t.match(await patch(id, { name: 'x' }, reader), { status: 403, body: { error: 'forbidden' } })
    t.match(await get(id), { name: DIGEST.name })
    t.match(await patch(NOWHERE, { name: 'x' }), { status: 404, body: { error: 'automation not found' } })
    t.match(await patch('x', { name: 'x' }), { status: 400, body: { error: 'invalid automation id' } })
  })

  t.test('every field of an update is optional, and what is left out stays', async (t) => {
    const before = await made()
    t.match(await patch(before.id, {}), { status: 200, body: { automation: before } })
    const changes = [{ name: 'Another' }, { config: { cron: '0 8 * * *', kept: 'too' } }, { status: 'paused' }]
    let expected: object = before
    for (const change of changes) {
      expected = { ...expected, ...change }
      const { status, body } = await patch(before.id, change)
      t.equal(status, 200)
      t.same(Object.keys(body), ['automation'])
      t.same(whatIsWrong(body.automation), [])
      for (const field of ['id', 'name', 'kind', 'config', 'status', 'created_by_user_id', 'created_at'] as const)
        t.same(body.automation[field], (expected as typeof before)[field], field)
    }
    t.equal((await patch(before.id, { name: '  Stripped ' })).body.automation.name, 'Stripped')
  })

  t.test('config is replaced, not merged', async (t) => {
    const { id } = await made()
    t.same((await patch(id, { config: { every: 'PT1H' } })).body.automation.config, { every: 'PT1H' })
    t.same((await patch(id, { config: {} })).body.automation.config, {})
  })

  t.test('a person sets draft, pending_approval, active or paused from any status', async (t) => {
    const reach: Record<string, () => Promise<string>> = {
      rejected: async () => {
        const { id } = await made({}, staff)
        await ask(person1, 'POST', `${base}/${id}/reject`)
        return id
      },
    }
    for (const status of ['draft', 'pending_approval', 'active', 'paused'])
      reach[status] = async () => (await made({ status })).id
    for (const [from, make] of Object.entries(reach))
      for (const status of ['draft', 'pending_approval', 'active', 'paused']) {
        const answer = await patch(await make(), { status })
        t.match(answer, { status: 200, body: { automation: { status } } }, `${from} to ${status}`)
      }
  })

  t.test('anything else of another type is refused, and changes nothing', async (t) => {
    const before = await made()
    const others: Record<string, unknown[]> = {
      name: [null, 7, true, [], {}, ''],
      config: [null, 7, true, 'x', []],
      status: ['rejected', 'bogus', ...OTHER_TYPES],
      oauth_token: [7, true, [], {}, ''],
      kind: ['webhook'],
      id: [NOWHERE],
      problems: [[]],
    }
    for (const [field, values] of Object.entries(others))
      for (const value of values)
        t.equal((await patch(before.id, { [field]: value })).status, 400, `${field}: ${value}`)
    for (const body of [[], 'x', 7, null, true]) t.equal((await patch(before.id, body)).status, 400)
    t.same(await get(before.id), before)
  })

  t.test('a new oauth_token replaces the one before, and AI staff can’t set one', async (t) => {
    const { id } = await made({ oauth_token: 'the first token' })
    const { status, text } = await patch(id, { oauth_token: 'the second token' })
    t.equal(status, 200)
    t.notMatch(text, 'the second token')
    const stored = await db
      .selectFrom('automation_secrets')
      .select(['version', 'ciphertext'])
      .orderBy('version')
      .execute()
    t.match(stored, [
      { version: 1, ciphertext: null },
      { version: 2, ciphertext: /./ },
    ])
    const own = await made({}, staff)
    for (const target of [id, own.id])
      t.match(await patch(target, { oauth_token: 'x' }, staff), {
        status: 403,
        body: { error: 'service account cannot set oauth token' },
      })
  })

  t.test('to delete is for good, needs files.write, and is answered with 204 and nothing', async (t) => {
    const { id } = await made()
    t.match(await ask(reader, 'DELETE', `${base}/${id}`), { status: 403, body: { error: 'forbidden' } })
    const { status, text } = await ask(person1, 'DELETE', `${base}/${id}`)
    t.same([status, text], [204, ''])
    for (const method of ['GET', 'DELETE']) t.equal((await ask(person1, method, `${base}/${id}`)).status, 404)
    t.same(await list(), [])
  })

  t.test('a client that knows these fields alone reads and writes what has problems as it does the rest', async (t) => {
    const { id } = await made({ config: {} })
    const known = async () => {
      const [automation] = await list()
      return Object.fromEntries(Object.keys(FIELDS).map((field) => [field, automation[field]]))
    }
    const { name, config, status } = await known()
    t.match(await patch(id, { name, config, status }), { status: 200 }, 'what it read, it may send')
    t.equal((await patch(id, { name, config: DIGEST.config, status })).status, 200)
    t.match(await known(), { ...DIGEST, last_error: null })
    t.match(await get(id), { problems: [], next_run_at: TIME })
  })
})
