import t from 'tap'
import * as automationSecrets from '../../../db/queries/automation-secrets.ts'
import { createExecutor } from '../../../src/engine/executor.ts'
import { openSlots } from '../../../src/secrets/sealed.ts'
import { type Caller, testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

t.test('credentials under four eyes', async (t) => {
  const receiver = await startReceiver(t, (_request, response) => response.end())
  const test = await testApp(t, {}, { egressAllow: [receiver.authority] })
  const { send, owner, organizationId, spaceId, person, serviceAccount, jobsSent, db, cipher } = test
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const alice = await person(['files.read', 'files.write'])
  const bob = await person(['files.read', 'files.write'])
  const staff = await serviceAccount(['files.read', 'files.write'])
  const queue = {
    send: async (_trx: unknown, jobs: readonly (typeof jobsSent)[number][]) => void jobsSent.push(...jobs),
  }
  const execute = createExecutor({ ...test, queue, backoff: () => 0 })
  const fourEyes = (on: boolean) =>
    send(owner, 'PATCH', `/api/v1/organizations/${organizationId}/automation-policy`, {
      approver_must_differ_from_editor: on,
    })
  const config = {
    cron: '0 9 * * *',
    action: {
      type: 'http_request',
      url: `http://${receiver.authority}/`,
      headers: { authorization: '{{ secrets.key }}' },
    },
  }
  /** Active with the key `old key` and the credential `old token`, under four eyes from then on. */
  const active = async () => {
    await fourEyes(false)
    const body = { name: 'n', kind: 'scheduled', config, oauth_token: 'old token' }
    const { id } = (await send(alice, 'POST', base, body)).body.automation
    await setKey(alice, id, 'old key')
    t.equal((await send(alice, 'PATCH', `${base}/${id}`, { status: 'active' })).status, 200)
    await fourEyes(true)
    return id as string
  }
  const setKey = (caller: Caller, id: string, value: string) =>
    send(caller, 'PUT', `${base}/${id}/secrets/key`, { value })
  const get = async (id: string) => (await send(alice, 'GET', `${base}/${id}`)).body.automation
  const approve = async (caller: Caller, id: string) =>
    send(caller, 'POST', `${base}/${id}/approve`, { digest: (await get(id)).pending_revision?.digest })
  /** What a run sends now. */
  const keyUsed = async (id: string) => {
    t.equal((await send(bob, 'POST', `${base}/${id}/run`)).status, 202)
    for (let job = jobsSent.shift(); job; job = jobsSent.shift())
      await execute({ ...job, signal: new AbortController().signal })
    return receiver.received.splice(0).at(-1)?.headers.authorization
  }
  /** What the content that runs may open, by slot. */
  const opened = async (id: string) => {
    const row = await db
      .selectFrom('automations')
      .innerJoin('automation_revisions as r', (join) =>
        join.onRef('r.automation_id', '=', 'automations.id').onRef('r.revision', '=', 'automations.revision'),
      )
      .select('r.secret_versions')
      .where('automations.id', '=', id)
      .executeTakeFirstOrThrow()
    const versions = row.secret_versions as Record<string, number>
    return openSlots(cipher, await automationSecrets.listWanted(db, [{ organizationId, automationId: id, versions }]))
  }
  const stored = async (id: string) =>
    db
      .selectFrom('automation_secrets')
      .select(['slot', 'version'])
      .where('automation_id', '=', id)
      .where('ciphertext', 'is not', null)
      .orderBy('slot')
      .orderBy('version')
      .execute()

  t.test('a new one waits beside the old one, and approval swaps content and credential at once', async (t) => {
    const id = await active()
    await setKey(alice, id, 'new key')
    t.equal(await keyUsed(id), 'old key', 'nobody has approved the new one')
    await send(alice, 'PATCH', `${base}/${id}`, { name: 'renamed', oauth_token: 'new token' })
    t.same(await opened(id), { oauth: 'old token', 'secrets.key': 'old key' })
    t.match(await approve(alice, id), { status: 403, body: { code: 'second_person_required' } })
    t.match(await approve(bob, id), { status: 200, body: { automation: { name: 'renamed' } } })
    t.equal(await keyUsed(id), 'new key')
    t.same(await opened(id), { oauth: 'new token', 'secrets.key': 'new key' }, 'what one person changes adds up')
    t.same(
      await stored(id),
      [
        { slot: 'oauth', version: 2 },
        { slot: 'secrets.key', version: 2 },
      ],
      'the old are destroyed',
    )
  })

  t.test('rejected, the old one still works, and no later change brings the new one back', async (t) => {
    const id = await active()
    await send(alice, 'PATCH', `${base}/${id}`, { oauth_token: 'new token' })
    await setKey(alice, id, 'new key')
    t.equal((await send(bob, 'POST', `${base}/${id}/reject`)).status, 200)
    t.equal(await keyUsed(id), 'old key')
    t.same(await stored(id), [
      { slot: 'oauth', version: 1 },
      { slot: 'secrets.key', version: 1 },
    ])
    await send(alice, 'PATCH', `${base}/${id}`, { name: 'harmless' })
    t.equal((await approve(bob, id)).status, 200)
    t.equal(await keyUsed(id), 'old key')
    t.same(await opened(id), { oauth: 'old token', 'secrets.key': 'old key' })
    await setKey(alice, id, 'newer key')
    t.equal((await approve(bob, id)).status, 200)
    t.equal(await keyUsed(id), 'newer key')
    t.match(await stored(id), [{ version: 1 }, { version: 3 }], 'the version of the rejected one is not given again')
  })

  t.test('taking a named one away holds at once, because nothing can happen by it; a credential waits', async (t) => {
    const id = await active()
    const before = await get(id)
    t.equal((await send(alice, 'DELETE', `${base}/${id}/secrets/key`)).status, 204)
    await send(alice, 'PATCH', `${base}/${id}`, { oauth_token: null })
    t.same(await opened(id), { oauth: 'old token' })
    t.equal((await get(id)).approved_digest, before.approved_digest, 'what was approved is what it was')
    const lacks = [{ message: /the secret "key" is not there/ }]
    const refused = { status: 409, body: { code: 'config_not_whole', details: lacks } }
    t.match(await send(bob, 'POST', `${base}/${id}/run`), refused, 'nothing is sent without it')
    await setKey(alice, id, 'new key')
    t.match(await send(bob, 'POST', `${base}/${id}/run`), refused, 'the new one waits for the second person')
    t.match(await get(id), { problems: lacks })
    t.match(await approve(bob, id), { status: 200, body: { automation: { has_oauth_token: false } } })
    t.same(await opened(id), { 'secrets.key': 'new key' })
    t.match(await get(id), { problems: [], next_run_at: /Z$/ })
    t.equal(await keyUsed(id), 'new key')
  })

  t.test('whose change waits finds no other one in its place', async (t) => {
    const id = await active()
    await send(staff, 'PATCH', `${base}/${id}`, { name: 'of AI staff' })
    const { pending_revision: pending } = await get(id)
    for (const answer of [
      await send(alice, 'PATCH', `${base}/${id}`, { oauth_token: 'x' }),
      await send(alice, 'PATCH', `${base}/${id}`, { name: 'of Alice' }),
      await setKey(alice, id, 'x'),
    ])
      t.match(answer, { status: 409, body: { code: 'other_proposal_pending' } })
    t.same((await get(id)).pending_revision, pending)
    t.same(
      await stored(id),
      [
        { slot: 'oauth', version: 1 },
        { slot: 'secrets.key', version: 1 },
      ],
      'nothing is left over',
    )
    t.equal((await approve(bob, id)).status, 200)
    t.equal(await keyUsed(id), 'old key')
  })

  t.test('who wrote a part of it, or a secret of it, does not let it run, whoever wrote last', async (t) => {
    const refused = { status: 403, body: { code: 'second_person_required' } }
    const evil = { ...config, message: 'of Bob' }
    const id = await active()
    await setKey(bob, id, 'of Bob')
    await send(bob, 'PATCH', `${base}/${id}`, { config: { ...evil, action: { ...config.action, method: 'PUT' } } })
    t.match(await setKey(alice, id, 'of Alice'), { status: 409 }, 'a change of somebody else waits')
    t.match(await approve(bob, id), refused)

    const draft = (await send(bob, 'POST', base, { name: 'n', kind: 'scheduled', config: { cron: '0 9 * * *' } })).body
    const path = `${base}/${draft.automation.id}`
    await send(alice, 'PATCH', path, { description: 'one word' })
    t.match(await send(bob, 'PATCH', path, { status: 'active' }), refused)
    t.match(await send(alice, 'PATCH', path, { status: 'active' }), refused)
    t.match(await send(owner, 'PATCH', path, { status: 'active' }), { status: 428 }, 'edited since it was first there')
    const { digest: now } = (await send(owner, 'GET', path)).body.automation
    t.match(await send(owner, 'PATCH', path, { status: 'active' }, { 'if-match': `"${now}"` }), { status: 200 })

    const proposed = (await send(staff, 'POST', base, { name: 'n', kind: 'scheduled', config })).body.automation
    await setKey(alice, proposed.id, 'of Alice')
    await send(staff, 'PATCH', `${base}/${proposed.id}`, { name: 'renamed' })
    const { digest } = await get(proposed.id)
    const decide = (caller: Caller) => send(caller, 'POST', `${base}/${proposed.id}/approve`, { digest })
    t.match(await decide(alice), refused, 'the secret is hers')
    t.match(await decide(bob), { status: 200 })

    const spare = (await send(staff, 'POST', base, { name: 'n', kind: 'scheduled', config: { cron: '0 9 * * *' } }))
      .body
    const other = `${base}/${spare.automation.id}`
    await setKey(alice, spare.automation.id, 'set before anything uses it')
    await send(staff, 'PATCH', other, { config })
    const last = (await get(spare.automation.id)).digest
    t.match(await send(alice, 'POST', `${other}/approve`, { digest: last }), refused)
    t.match(await send(bob, 'POST', `${other}/approve`, { digest: last }), { status: 200 })
  })

  t.test('a new value for what one is about to take out of use is refused, and not lost', async (t) => {
    const id = await active()
    await send(alice, 'PATCH', `${base}/${id}`, { config: { cron: '0 9 * * *' } })
    t.match(await setKey(alice, id, 'new key'), { status: 409, body: { code: 'other_proposal_pending' } })
    t.equal(await keyUsed(id), 'old key')
  })

  t.test('a proposal that was made with another one is proposed again', async (t) => {
    const id = await active()
    await fourEyes(false)
    await send(staff, 'PATCH', `${base}/${id}`, { name: 'of AI staff' })
    await send(alice, 'PATCH', `${base}/${id}`, { oauth_token: 'new token' })
    t.match(await approve(bob, id), {
      status: 409,
      body: { details: [{ path: '/credential_version', before: 1, after: 2 }] },
    })
    await send(staff, 'PATCH', `${base}/${id}`, { name: 'of AI staff' })
    t.equal((await approve(bob, id)).status, 200)
    t.same(await opened(id), { oauth: 'new token', 'secrets.key': 'old key' })
  })

  t.test(
    'whatever takes it out of use, what was approved is not lost, and what was turned down is not used',
    async (t) => {
      const change = { oauth_token: 'evil token' }
      const ways: Record<string, (id: string) => Promise<unknown>> = {
        'put up for approval anew': (id) =>
          send(alice, 'PATCH', `${base}/${id}`, { ...change, status: 'pending_approval' }),
        'changed as a draft': (id) => send(alice, 'PATCH', `${base}/${id}`, { ...change, status: 'draft' }),
        'changed while paused': (id) => send(alice, 'PATCH', `${base}/${id}`, { ...change, status: 'paused' }),
      }
      for (const [what, takeOut] of Object.entries(ways)) {
        const id = await active()
        await takeOut(id)
        await setKey(alice, id, 'evil key')
        await send(alice, 'PATCH', `${base}/${id}`, { status: 'pending_approval' })
        t.equal((await send(bob, 'POST', `${base}/${id}/reject`)).status, 200, what)
        await send(alice, 'PATCH', `${base}/${id}`, { status: 'draft' })
        await send(alice, 'PATCH', `${base}/${id}`, { name: 'harmless', status: 'pending_approval' })
        const { digest } = await get(id)
        t.equal((await send(bob, 'POST', `${base}/${id}/approve`, { digest })).status, 200, what)
        t.equal(await keyUsed(id), 'old key', what)
        t.same(await opened(id), { oauth: 'old token', 'secrets.key': 'old key' }, what)
        t.match(await stored(id), [{ version: 1 }, { version: 1 }], what)
      }
    },
  )

  t.test('what is not used while the approved value is held is there when it is used again', async (t) => {
    const id = await active()
    await send(alice, 'PATCH', `${base}/${id}`, { status: 'draft', config: { cron: '0 9 * * *' } })
    t.match(await setKey(bob, id, 'new key'), { status: 200, body: { secret: { version: 2, state: 'unused' } } })
    await send(alice, 'PATCH', `${base}/${id}`, { status: 'pending_approval', config })
    const { digest } = await get(id)
    const refused = { status: 403, body: { code: 'second_person_required' } }
    for (const caller of [alice, bob])
      t.match(await send(caller, 'POST', `${base}/${id}/approve`, { digest }), refused, 'the words, and the key')
    t.equal((await send(owner, 'POST', `${base}/${id}/approve`, { digest })).status, 200)
    t.equal(await keyUsed(id), 'new key')
    t.match(await stored(id), [{ version: 1 }, { version: 2 }], 'the old key is destroyed, and the token as it was')

    await send(alice, 'PATCH', `${base}/${id}`, { status: 'draft', oauth_token: null, config: { cron: '0 9 * * *' } })
    t.equal((await stored(id)).length, 2, 'nobody has approved that it is taken away')
    const seen = { 'if-match': `"${(await get(id)).digest}"` }
    t.equal((await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' }, seen)).status, 200)
    t.match(await stored(id), { length: 1, 0: { slot: 'secrets.key', version: 2 } })
  })

  t.test('a secret for what AI staff proposes does not make the proposal one’s own', async (t) => {
    const id = await active()
    const headers = { authorization: '{{ secrets.other }}' }
    const proposed = { ...config, action: { ...config.action, headers } }
    await send(staff, 'PATCH', `${base}/${id}`, { config: proposed })
    await send(alice, 'PUT', `${base}/${id}/secrets/other`, { value: 'of Alice' })
    const change = await send(alice, 'PATCH', `${base}/${id}`, { config: { cron: '* * * * *' } })
    t.match(change, { status: 409, body: { code: 'other_proposal_pending' } })
    t.match((await get(id)).pending_revision, { config: proposed })
    t.equal((await approve(alice, id)).status, 403)
    t.equal((await approve(bob, id)).status, 200)
    t.equal(await keyUsed(id), 'of Alice')
  })

  t.test('what waits when it is paused is proposed again there, and approved', async (t) => {
    const id = await active()
    await send(alice, 'PATCH', `${base}/${id}`, { name: 'renamed' })
    await send(bob, 'PATCH', `${base}/${id}`, { status: 'paused', oauth_token: 'of Bob' })
    t.match(await approve(bob, id), { status: 409, body: { details: [{ path: '/credential_version' }] } })
    await send(alice, 'PATCH', `${base}/${id}`, { name: 'renamed again' })
    t.match(await approve(owner, id), {
      status: 200,
      body: { automation: { status: 'paused', name: 'renamed again' } },
    })
    t.same(await opened(id), { oauth: 'old token', 'secrets.key': 'old key' })
    t.equal((await send(alice, 'PATCH', `${base}/${id}`, { status: 'active' })).status, 200)
  })

  t.test('200 changes and approvals at once run on nothing that nobody approved', async (t) => {
    const id = await active()
    for (let round = 0; round < 20; round++) {
      await Promise.all([
        ...Array.from({ length: 5 }, (_, i) => setKey(alice, id, `key ${round}.${i}`)),
        ...Array.from({ length: 5 }, async () => approve(bob, id)),
      ])
      const versions = (await stored(id)).filter(({ slot }) => slot === 'secrets.key')
      t.ok(versions.length <= 2, 'the one in use, and one that waits')
      const { digest, approved_digest } = await get(id)
      t.equal(digest, approved_digest)
    }
    t.match(await opened(id), { oauth: 'old token' })
  })
})
