import t from 'tap'
import { v7 as newId } from 'uuid'
import { testApp } from '../../support/app.ts'

type Message = { id: string; content: string }

t.test('chat rooms of a space', async (t) => {
  const { send, owner, organizationId, spaceId, person, serviceAccount } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/chat-rooms`
  const open = async (name: string) => (await send(owner, 'POST', base, { name })).body

  t.test('one is opened and listed', async (t) => {
    const { status, body } = await send(owner, 'POST', base, { name: ' general ' })
    t.equal(status, 201)
    t.same(Object.keys(body).sort(), ['created_at', 'id', 'name', 'space_id'])
    t.match(body, { name: 'general', space_id: spaceId })
    t.same((await send(owner, 'GET', base)).body.chat_rooms.at(-1), body)
  })

  t.test('a name that is taken in the space gets a number behind it', async (t) => {
    await open('news')
    for (const [name, expected] of [
      ['news\n', 'news 2'],
      ['news', 'news 3'],
      ['news 2', 'news 2 2'],
    ])
      t.match(await send(owner, 'POST', base, { name }), { status: 201, body: { name: expected } })
    const longest = `${'ü'.repeat(98)} 2`
    t.equal((await open(longest)).name, longest)
    t.equal((await open(longest)).name, `${'ü'.repeat(98)} 3`, 'within the length that a name may have')
    const other = (await send(owner, 'POST', `${organization}/spaces`, { name: 'Other' })).body.id
    t.equal((await send(owner, 'POST', `${organization}/spaces/${other}/chat-rooms`, { name: 'news' })).status, 201)
  })

  t.test('many at once with one name make as many rooms', async (t) => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(owner, 'POST', base, { name: 'race' })))
    const names = answers.map(({ status, body }) => `${status} ${body.name}`)
    t.same(names.sort(), ['201 race', ...Array.from({ length: 7 }, (_, i) => `201 race ${i + 2}`)])
  })

  t.test('messages come back as they were written, the newest page first, each page in order', async (t) => {
    const path = `${base}/${(await open('pages')).id}/messages`
    const written: Message[] = []
    for (let i = 0; i < 5; i++) {
      const { status, body } = await send(owner, 'POST', path, { content: `  ${i} ü\n` })
      t.equal(status, 201)
      t.equal(body.attachments, null)
      written.push(body.message)
    }
    t.same(Object.keys(written[0] ?? {}).sort(), [
      'author_user_id',
      'chat_room_id',
      'content',
      'created_at',
      'id',
      'metadata',
      'space_id',
      'updated_at',
    ])
    t.match(written[4], { author_user_id: owner.userId, space_id: spaceId, content: '  4 ü\n', metadata: {} })
    t.same((await send(owner, 'GET', path)).body, {
      messages: written,
      attachments: null,
      reactions: null,
      next_cursor: null,
    })
    t.same((await send(owner, 'GET', `${path}?limit=5`)).body.next_cursor, null, 'a full last page is the last')

    const walked: Message[] = []
    let cursor = ''
    do {
      const { body } = await send(owner, 'GET', `${path}?limit=2${cursor}`)
      t.ok(body.messages.length <= 2)
      walked.unshift(...body.messages)
      cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`
    } while (cursor)
    t.same(walked, written)
  })

  t.test('fifty come unless more are asked for', async (t) => {
    const path = `${base}/${(await open('many')).id}/messages`
    for (let i = 0; i < 51; i++) await send(owner, 'POST', path, { content: `${i}` })
    const first = (await send(owner, 'GET', path)).body
    t.equal(first.messages.length, 50)
    const rest = (await send(owner, 'GET', `${path}?cursor=${first.next_cursor}`)).body
    t.same(
      rest.messages.map((each: Message) => each.content),
      ['0'],
    )
    t.equal((await send(owner, 'GET', `${path}?limit=200`)).body.messages.length, 51)
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'cursor=x', 'cursor=WyJ4Il0', 'cursor=', 'page=2'])
      t.equal((await send(owner, 'GET', `${path}?${query}`)).status, 400, query)
  })

  t.test('an empty list of attachments is taken, as clients send it', async (t) => {
    const path = `${base}/${(await open('attachments')).id}/messages`
    for (const attachments of [[], null])
      t.equal((await send(owner, 'POST', path, { content: 'x', attachments })).status, 201)
  })

  t.test('one is deleted with its messages, by people alone', async (t) => {
    const room = await open('gone')
    await send(owner, 'POST', `${base}/${room.id}/messages`, { content: 'x' })
    const staff = await serviceAccount(['chat.read', 'chat.write'])
    t.equal((await send(staff, 'DELETE', `${base}/${room.id}`)).body.code, 'people_only')
    t.equal((await send(await person(['chat.read']), 'DELETE', `${base}/${room.id}`)).status, 403)
    t.equal((await send(owner, 'DELETE', `${base}/${room.id}`)).status, 204)
    t.equal((await send(owner, 'DELETE', `${base}/${room.id}`)).body.code, 'chat_room_not_found')
    t.equal((await send(owner, 'GET', `${base}/${room.id}/messages`)).status, 404)
    const { entries } = (await send(owner, 'GET', `${organization}/audit-log?target_id=${room.id}`)).body
    t.match(entries, [{ action: 'chat_room.deleted', details: { name: 'gone' } }])
    t.ok(await open('gone'), 'and its name is free')
  })

  t.test('a repeated POST with a key leaves one message', async (t) => {
    const path = `${base}/${(await open('once')).id}/messages`
    const key = { 'idempotency-key': newId() }
    const first = await send(owner, 'POST', path, { content: 'once' }, key)
    t.same((await send(owner, 'POST', path, { content: 'once' }, key)).body, first.body)
    t.equal((await send(owner, 'GET', path)).body.messages.length, 1)
  })

  t.test('AI staff signs with its own user', async (t) => {
    const path = `${base}/${(await open('staff')).id}/messages`
    const staff = await serviceAccount(['chat.read', 'chat.write'])
    const { body } = await send(staff, 'POST', path, { content: 'Beep' })
    t.equal(body.message.author_user_id, staff.userId)
    t.equal((await send(staff, 'POST', base, { name: 'by staff' })).status, 201)
  })

  t.test('reading and writing need their permissions', async (t) => {
    const path = `${base}/${(await open('private')).id}/messages`
    const [reader, writer] = [await person(['chat.read']), await person(['chat.write'])]
    t.equal((await send(reader, 'GET', base)).status, 200)
    t.equal((await send(reader, 'GET', path)).status, 200)
    t.equal((await send(writer, 'POST', path, { content: 'x' })).status, 201)
    for (const answer of [
      await send(reader, 'POST', base, { name: 'x' }),
      await send(reader, 'POST', path, { content: 'x' }),
      await send(writer, 'GET', base),
      await send(writer, 'GET', path),
    ])
      t.equal(answer.body.error, 'forbidden')
    t.equal((await send(null, 'GET', path)).status, 401)
  })

  t.test('what is not a message or a room is refused', async (t) => {
    const path = `${base}/${(await open('strict')).id}/messages`
    for (const body of [
      {},
      { content: '' },
      { content: ' \n' },
      { content: 7 },
      { content: 'x'.repeat(32_769) },
      { content: 'x', author_user_id: newId() },
      { content: 'x', metadata: {} },
      { content: 'x', attachments: [{}] },
      { content: 'x', attachments: {} },
      { content: '\ud800' },
    ])
      t.equal((await send(owner, 'POST', path, body)).status, 400, JSON.stringify(body).slice(0, 60))
    t.equal((await send(owner, 'POST', base, { name: ' ' })).body.code, 'invalid_request')
    t.equal((await send(owner, 'GET', `${base}/nope/messages`)).body.code, 'invalid_id')
    for (const method of ['GET', 'POST'] as const) {
      const body = method === 'POST' ? { content: 'x' } : undefined
      const { status, body: refusal } = await send(owner, method, `${base}/${newId()}/messages`, body)
      t.equal(status, 404)
      t.equal(refusal.code, 'chat_room_not_found')
    }
  })
})
