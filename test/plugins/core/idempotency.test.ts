import t from 'tap'
import { testApp } from '../../support/app.ts'

const WEBHOOK = { name: 'n', kind: 'webhook' }

t.test('Idempotency-Key', async (t) => {
  const { app, send, owner, organizationId, spaceId, person, db } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const count = async () => (await db.selectFrom('automations').select('id').execute()).length

  t.test('the same key and body get the first answer again, headers included', async (t) => {
    const headers = { 'idempotency-key': 'first' }
    const first = await send(owner, 'POST', base, WEBHOOK, headers)
    const again = await send(owner, 'POST', base, { kind: 'webhook', name: 'n' }, headers)
    t.equal(again.status, 201)
    t.equal(again.text, first.text)
    t.equal(again.headers.etag, first.headers.etag)
    t.equal(again.headers['idempotency-replayed'], 'true')
    t.equal(await count(), 1)
  })

  t.test('another body is 422', async (t) => {
    const answer = await send(owner, 'POST', base, { ...WEBHOOK, name: 'other' }, { 'idempotency-key': 'first' })
    t.equal(`${answer.status} ${answer.body.code}`, '422 idempotency_key_reused')
    t.equal(await count(), 1)
  })

  t.test('a key belongs to its caller and its operation', async (t) => {
    const other = await person(['files.write', 'files.read', 'chat.write'])
    t.equal((await send(other, 'POST', base, WEBHOOK, { 'idempotency-key': 'first' })).status, 201)
    t.equal(await count(), 2)
    const room = await send(
      owner,
      'POST',
      `${organization}/spaces/${spaceId}/chat-rooms`,
      { name: 'r' },
      { 'idempotency-key': 'first' },
    )
    t.equal(room.status, 201)
  })

  t.test('what was refused is not kept: the next try is a first one', async (t) => {
    const headers = { 'idempotency-key': 'refused' }
    t.equal(
      (await send(owner, 'POST', `${organization}/roles`, { name: 'Owner', permissions: [] }, headers)).status,
      409,
    )
    t.equal((await send(owner, 'POST', `${organization}/roles`, { name: 'R', permissions: [] }, headers)).status, 201)
  })

  t.test('of many at once one is done, the others are told to wait or get its answer', async (t) => {
    const before = await count()
    const post = () =>
      app.inject({
        method: 'POST',
        url: base,
        payload: WEBHOOK,
        headers: { authorization: `Bearer ${owner.token}`, 'idempotency-key': 'storm' },
      })
    const answers = await Promise.all(Array.from({ length: 20 }, post))
    const statuses = new Set(answers.map((answer) => answer.statusCode))
    t.same(
      [...statuses].filter((status) => ![201, 409].includes(status)),
      [],
    )
    t.equal(new Set(answers.filter((each) => each.statusCode === 201).map((each) => each.body)).size, 1)
    t.equal(await count(), before + 1)
  })

  t.test('what is shown once is replayed, and stored encrypted', async (t) => {
    const headers = { 'idempotency-key': 'token' }
    const path = `${organization}/service-accounts`
    const first = await send(owner, 'POST', path, { name: 'AI' }, headers)
    t.equal((await send(owner, 'POST', path, { name: 'AI' }, headers)).body.token, first.body.token)
    const rows = await db.selectFrom('idempotency_keys').select('response').execute()
    for (const { response } of rows) t.notOk(response.includes(first.body.token))
  })

  t.test('odd keys are 400', async (t) => {
    for (const key of ['', ' ', 'ü', 'a\tb', 'x'.repeat(256)]) {
      const { status, body } = await send(owner, 'POST', base, WEBHOOK, { 'idempotency-key': key })
      t.equal(`${status} ${body.code}`, '400 invalid_idempotency_key', key)
    }
  })
})
