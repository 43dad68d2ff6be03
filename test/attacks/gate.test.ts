import t from 'tap'
import { type Answer, type Caller, testApp } from '../support/app.ts'

const DIGEST = { name: 'Digest', kind: 'scheduled', config: { cron: '0 9 * * MON' } }
const OTHER = { cron: '* * * * *' }
const NOTHING_MORE = { require_digest_on_approval: false, approver_must_differ_from_editor: false }

t.test('every way into active passes one gate', async (t) => {
  const { send, owner, organizationId, spaceId, person, serviceAccount } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const alice = await person(['files.read', 'files.write'])
  const bob = await person(['files.read', 'files.write'])
  const staff = await serviceAccount(['files.read', 'files.write'])
  const policy = (change: object) =>
    send(owner, 'PATCH', `${organization}/automation-policy`, { ...NOTHING_MORE, ...change })
  const create = async (by: Caller, more: object = {}): Promise<string> =>
    (await send(by, 'POST', base, { ...DIGEST, ...more })).body.automation.id
  const patch = (by: Caller, id: string, body: object, tag?: string) =>
    send(by, 'PATCH', `${base}/${id}`, body, tag === undefined ? {} : { 'if-match': tag })
  const approve = (by: Caller, id: string, digest?: string) => send(by, 'POST', `${base}/${id}/approve`, { digest })
  const reject = (by: Caller, id: string) => send(by, 'POST', `${base}/${id}/reject`)
  const get = async (id: string) => (await send(owner, 'GET', `${base}/${id}`)).body.automation
  const codeOf = ({ status, body }: Answer) => (status < 300 ? `${status}` : `${status} ${body.code}`)
  const logOf = async (id: string) =>
    (await send(owner, 'GET', `${organization}/audit-log?target_id=${id}`)).body.entries.map(
      ({ action }: { action: string }) => action,
    )
  t.afterEach(async () => void (await policy({})))

  /** What Alice wrote and nobody has let run, or nobody but she herself, by where it stands. */
  const ofAlice: Record<string, () => Promise<string>> = {
    'a draft': () => create(alice),
    'a proposal': () => create(alice, { status: 'pending_approval' }),
    'what was never active and is paused': () => create(alice, { status: 'paused' }),
    'what was rejected': async () => {
      const id = await create(alice, { status: 'pending_approval' })
      await reject(owner, id)
      return id
    },
    'what was edited while it was paused': async () => {
      const id = await create(alice, { status: 'active' })
      await patch(alice, id, { status: 'paused' })
      await patch(alice, id, { config: OTHER })
      return id
    },
    'what was active and is a draft': async () => {
      const id = await create(alice, { status: 'active' })
      await patch(alice, id, { status: 'draft', config: OTHER })
      return id
    },
  }

  t.test('where the policy wants the digest, PATCH wants it of what somebody else wrote', async (t) => {
    for (const [what, make] of Object.entries(ofAlice)) {
      await policy({})
      const id = await make()
      await policy({ require_digest_on_approval: true })
      const { digest, revision } = await get(id)
      const stale = `"sha256:${'0'.repeat(64)}"`
      for (const body of [
        { status: 'active' },
        { status: 'active', name: 'Mine' },
        { status: 'active', config: OTHER },
      ]) {
        const blind = await patch(bob, id, body)
        t.equal(codeOf(blind), '428 digest_required', what)
        t.match(blind.body.details, [{ path: '/digest', message: new RegExp(digest) }], what)
        t.equal(codeOf(await patch(bob, id, body, '*')), '428 digest_required', what)
        t.equal(codeOf(await patch(bob, id, body, stale)), '412 precondition_failed', what)
      }
      t.notMatch(await get(id), { status: 'active' }, what)
      const seen = await patch(bob, id, { status: 'active' }, `"${digest}"`)
      t.match(seen.body.automation, { status: 'active', revision, reviewed_by_user_id: bob.id }, what)
      t.equal((await logOf(id))[0], 'automation.approved', what)
    }
  })

  t.test('and of nobody who wrote all of it', async (t) => {
    for (const [what, make] of Object.entries(ofAlice)) {
      const id = await make()
      await policy({ require_digest_on_approval: true })
      t.match(await patch(alice, id, { status: 'active' }), { status: 200 }, what)
      t.notMatch(await logOf(id), ['automation.approved'], what)
    }
    const id = await create(alice, { status: 'active' })
    t.equal(
      (await patch(bob, id, { config: OTHER })).status,
      200,
      'a change of what is active is a change of one’s own',
    )
    t.equal((await patch(bob, id, { status: 'paused' })).status, 200)
    t.equal((await patch(alice, id, { status: 'active' })).status, 200, 'resuming what was let run lets nothing run')
  })

  t.test('whoever wrote last may have changed one word of what somebody else wrote', async (t) => {
    await policy({ require_digest_on_approval: true })
    const id = await create(bob)
    await patch(alice, id, { name: 'Nicer' })
    t.equal(codeOf(await patch(alice, id, { status: 'active' })), '428 digest_required')
    const { headers } = await send(alice, 'GET', `${base}/${id}`)
    t.equal((await patch(alice, id, { status: 'active' }, String(headers.etag))).status, 200)
  })

  t.test('where it asks nothing more, whoever may write may activate, and nobody is called a reviewer', async (t) => {
    for (const what of ['a draft', 'what was never active and is paused', 'what was edited while it was paused']) {
      const id = (await ofAlice[what]?.()) ?? ''
      t.match(await patch(bob, id, { status: 'active' }), { body: { automation: { reviewed_by_user_id: null } } }, what)
      t.equal((await logOf(id))[0], 'automation.updated', what)
    }
    const first = await create(alice, { status: 'pending_approval' })
    t.match(await patch(bob, first, { status: 'active' }), { body: { automation: { reviewed_by_user_id: bob.id } } })
    t.equal((await logOf(first))[0], 'automation.approved', 'as first submitted, as `approve` has it')
  })

  t.test('what waits for a review and was edited since wants to be looked at, by PATCH as by approve', async (t) => {
    const id = await create(alice, { status: 'pending_approval' })
    await patch(alice, id, { config: OTHER })
    t.equal(codeOf(await approve(bob, id)), '428 digest_required')
    t.equal(codeOf(await patch(bob, id, { status: 'active' })), '428 digest_required')
    await reject(owner, id)
    t.equal(codeOf(await patch(bob, id, { status: 'active' })), '428 digest_required')
    t.equal((await patch(alice, id, { status: 'active' })).status, 200, 'who wrote all of it knows it')
  })

  t.test('what was turned down and is paused runs only once somebody names exactly what they saw', async (t) => {
    /** What was turned down, by how it came there. */
    const turnedDown: Record<string, () => Promise<string>> = {
      'of AI staff': () => create(staff),
      'of a person': () => create(alice, { status: 'pending_approval' }),
      'let run once before': async () => {
        const id = await create(alice, { status: 'active' })
        await patch(alice, id, { status: 'pending_approval' })
        return id
      },
      'of AI staff, and let run once before': async () => {
        const id = await create(staff)
        await approve(bob, id)
        await patch(bob, id, { status: 'pending_approval' })
        return id
      },
    }
    for (const [what, make] of Object.entries(turnedDown)) {
      const id = await make()
      t.equal(codeOf(await reject(owner, id)), '200', what)
      t.match(
        (await patch(bob, id, { status: 'paused' })).body.automation,
        { status: 'paused', next_run_at: null },
        what,
      )
      for (const by of [alice, bob]) {
        t.equal(codeOf(await patch(by, id, { status: 'active' })), '428 digest_required', what)
        t.equal(codeOf(await patch(by, id, { status: 'active', name: 'Mine' })), '428 digest_required', what)
        t.equal(codeOf(await approve(by, id)), '404 automation_not_pending', what)
      }
      t.equal(codeOf(await patch(staff, id, { status: 'active' })), '403 service_account_status', what)
      t.equal(codeOf(await send(owner, 'POST', `${base}/${id}/run`)), '409 automation_not_active', what)
      await patch(bob, id, { status: 'paused' })
      t.equal(codeOf(await patch(bob, id, { status: 'active' })), '428 digest_required', 'also when paused again')
      const { digest } = await get(id)
      const other = `"sha256:${'0'.repeat(64)}"`
      t.equal(codeOf(await patch(bob, id, { status: 'active' }, other)), '412 precondition_failed', what)
      const { automation } = (await patch(bob, id, { status: 'active' }, `"${digest}"`)).body
      t.match(automation, { status: 'active', approved_digest: digest, reviewed_by_user_id: bob.id }, what)
      t.equal((await logOf(id))[0], 'automation.approved', what)
      await patch(alice, id, { status: 'paused' })
      t.equal(
        codeOf(await patch(bob, id, { status: 'active' })),
        '200',
        'from then on it is resumed like anything else',
      )
    }
  })

  t.test('nor by being edited while it is paused, by a change beside it, or by what nobody decided on', async (t) => {
    const edited = await create(alice, { status: 'pending_approval' })
    await reject(owner, edited)
    await patch(bob, edited, { status: 'paused', name: 'Nicer' })
    await patch(bob, edited, { name: 'Nicer still' })
    t.equal(codeOf(await patch(bob, edited, { status: 'active' })), '428 digest_required', 'most of it is what it was')

    const beside = await create(staff)
    await reject(owner, beside)
    await patch(bob, beside, { status: 'paused' })
    await patch(staff, beside, { name: 'Better' })
    await reject(owner, beside)
    t.equal(codeOf(await patch(bob, beside, { status: 'active' })), '428 digest_required', 'that was turned down too')
    await patch(staff, beside, { name: 'Best' })
    const { pending_revision: pending } = await get(beside)
    t.equal(codeOf(await approve(alice, beside, pending.digest)), '200')
    t.match(await get(beside), { status: 'paused', name: 'Best' })
    t.equal(codeOf(await patch(bob, beside, { status: 'active' })), '200', 'what was approved in its place is resumed')

    const drafted = await create(staff)
    await reject(owner, drafted)
    await patch(bob, drafted, { status: 'paused' })
    await patch(bob, drafted, { status: 'draft' })
    t.equal(
      codeOf(await patch(bob, drafted, { status: 'active' })),
      '428 digest_required',
      'of AI staff by way of a draft',
    )

    await policy({ approver_must_differ_from_editor: true })
    const four = await create(alice, { status: 'pending_approval' })
    await reject(owner, four)
    await patch(alice, four, { status: 'paused' })
    const { digest } = await get(four)
    t.equal(codeOf(await patch(alice, four, { status: 'active' }, `"${digest}"`)), '403 second_person_required')
    t.equal(codeOf(await patch(bob, four, { status: 'active' }, `"${digest}"`)), '200')
  })

  t.test('four eyes see what was edited while it was paused, whatever waits beside it', async (t) => {
    const four = '403 second_person_required'
    const id = await create(alice, { status: 'active' })
    await policy({ approver_must_differ_from_editor: true })
    await patch(alice, id, { status: 'paused' })
    await patch(alice, id, { config: OTHER })
    t.equal(codeOf(await patch(alice, id, { status: 'active' })), four)
    await patch(staff, id, { name: 'A harmless name' })
    const { pending_revision: pending } = await get(id)
    t.match(pending.config, OTHER)
    t.equal(codeOf(await approve(alice, id, pending.digest)), four, 'it has her words, and nobody saw them')
    t.equal(codeOf(await approve(bob, id, pending.digest)), '200')
    t.equal(codeOf(await patch(alice, id, { status: 'active' })), '200')
  })

  t.test('four eyes are not led past an edit by what looks as it did when it was approved', async (t) => {
    const edited = async () => {
      await policy({})
      const id = await create(alice, { status: 'active' })
      await policy({ approver_must_differ_from_editor: true })
      await patch(alice, id, { status: 'paused' })
      await patch(alice, id, { config: OTHER })
      return id
    }
    const isRefused = async (id: string, what: string) => {
      const { pending_revision: pending } = await get(id)
      t.match(pending.config, OTHER)
      t.equal(codeOf(await approve(alice, id, pending.digest)), '403 second_person_required', what)
      t.equal(codeOf(await approve(bob, id, pending.digest)), '200', what)
    }
    const shown = await edited()
    await patch(staff, shown, { name: 'A harmless name' })
    await patch(alice, shown, { config: DIGEST.config })
    await isRefused(shown, 'what is shown, once a change was made from the edit')

    const resumed = await edited()
    await patch(staff, resumed, { name: 'A harmless name' })
    await patch(alice, resumed, { config: { ...DIGEST.config, message: 'hello' } })
    const { digest } = await get(resumed)
    await patch(bob, resumed, { status: 'active' }, `"${digest}"`)
    await isRefused(resumed, 'what was approved since')

    const proposed = await edited()
    await patch(staff, proposed, { config: DIGEST.config })
    await reject(bob, proposed)
    await patch(staff, proposed, { name: 'A harmless name' })
    await isRefused(proposed, 'a change that was turned down')
  })

  t.test('two people at once, by PATCH and by approve: one lets it run', async (t) => {
    await policy({ require_digest_on_approval: true })
    for (let round = 0; round < 10; round++) {
      const id = await create(staff)
      const { headers, body } = await send(owner, 'GET', `${base}/${id}`)
      const { digest } = body.automation
      const tag = round % 2 === 0 ? String(headers.etag) : `"${digest}"`
      const [patched, approved] = await Promise.all([
        patch(bob, id, { status: 'active' }, tag),
        approve(alice, id, digest),
        patch(staff, id, { config: { ...OTHER, round } }),
      ])
      const ways = (await logOf(id)).filter((action: string) => action === 'automation.approved')
      const won = [patched.status, approved.status].filter((status) => status === 200).length
      t.ok(ways.length <= 1 && won >= ways.length, `${patched.status} ${approved.status} ${ways}`)
      const { status, approved_digest } = await get(id)
      t.equal(approved_digest, status === 'active' ? digest : null, 'what runs is what both saw')
    }
  })

  t.test('AI staff deletes nothing that people let run, changed or gave a secret', async (t) => {
    const held: Record<string, (id: string) => Promise<unknown>> = {
      'was active and is a draft': async (id) => {
        await approve(owner, id)
        await patch(owner, id, { status: 'draft' })
      },
      'was active and waits': async (id) => {
        await approve(owner, id)
        await patch(owner, id, { status: 'pending_approval' })
      },
      'was active and was rejected': async (id) => {
        await approve(owner, id)
        await patch(owner, id, { status: 'pending_approval' })
        await reject(owner, id)
      },
      'is edited by a person': (id) => patch(alice, id, { name: 'Nicer' }),
      'was edited by a person, and rejected': async (id) => {
        await patch(alice, id, { name: 'Nicer' })
        await reject(owner, id)
        await patch(staff, id, { name: 'Mine again' })
      },
      'is a draft of a person by now': (id) => patch(alice, id, { status: 'draft' }),
      'was given a secret': (id) => send(alice, 'PUT', `${base}/${id}/secrets/key`, { value: 'of Alice' }),
      'was given a signing secret': (id) => send(alice, 'POST', `${base}/${id}/signing-secret`),
    }
    for (const [what, hold] of Object.entries(held)) {
      const id = await create(staff)
      await hold(id)
      const before = await get(id)
      t.equal(codeOf(await send(staff, 'DELETE', `${base}/${id}`)), '403 service_account_not_author', what)
      t.same(await get(id), before, what)
    }
    const id = await create(staff)
    await patch(staff, id, { config: OTHER })
    await reject(owner, id)
    t.equal((await send(staff, 'DELETE', `${base}/${id}`)).status, 204, 'its own, that nobody else touched')
  })

  t.test('AI staff does not write over what a person wrote into its proposal', async (t) => {
    const id = await create(staff)
    await patch(alice, id, { config: OTHER })
    t.equal(codeOf(await patch(staff, id, { config: { cron: '0 1 * * *' } })), '403 service_account_not_author')
    t.match(await get(id), { config: OTHER, revision: 2 })
    await reject(owner, id)
    t.equal((await patch(staff, id, { config: { cron: '0 1 * * *' } })).status, 200, 'a rejection hands it back')

    const action = {
      type: 'http_request',
      url: 'https://example.com/',
      headers: { authorization: '{{ secrets.key }}' },
    }
    const lacking = await create(staff, { config: { ...OTHER, action } })
    await send(alice, 'PUT', `${base}/${lacking}/secrets/key`, { value: 'of Alice' })
    t.equal((await patch(staff, lacking, { name: 'Mine' })).status, 200, 'who sets a secret writes none of its words')
  })

  t.test('what a person drops with a change of the status is on record', async (t) => {
    const id = await create(alice, { status: 'active' })
    await patch(staff, id, { name: 'Of AI staff' })
    const { revision, digest } = (await get(id)).pending_revision
    await patch(alice, id, { status: 'draft' })
    const [entry] = (await send(owner, 'GET', `${organization}/audit-log?target_id=${id}`)).body.entries
    t.match(entry, { action: 'automation.updated', details: { dropped: { revision, digest } } })
  })
})
