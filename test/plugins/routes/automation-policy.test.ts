import t from 'tap'
import { type Answer, testApp } from '../../support/app.ts'

const DIGEST = { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } }

t.test('the policy of an organization', async (t) => {
  const { send, owner, organizationId, spaceId, person, serviceAccount, db } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  const policy = (change: object) => send(owner, 'PATCH', `${organization}/automation-policy`, change)
  t.afterEach(async () => {
    await db.deleteFrom('automation_policies').execute()
  })

  const propose = async () => (await send(staff, 'POST', base, DIGEST)).body.automation
  const approve = (id: string, body?: object) => send(owner, 'POST', `${base}/${id}/approve`, body)
  const codeOf = ({ status, body }: Answer) => `${status} ${body.code}`

  t.test('holds from the next request on', async (t) => {
    const defaults = (await send(owner, 'GET', `${organization}/automation-policy`)).body.policy
    t.same(defaults, {
      require_digest_on_approval: false,
      approver_must_differ_from_editor: false,
      max_pending_per_service_account: 50,
      kinds_allowed_for_service_accounts: ['scheduled', 'webhook', 'social_post', 'reverse_tunnel'],
      proposal_expires_after_days: 30,
      require_whole_config: false,
    })
    t.same((await policy({ require_digest_on_approval: true })).body.policy, {
      ...defaults,
      require_digest_on_approval: true,
    })
    const { id, digest } = await propose()
    t.equal(codeOf(await approve(id)), '428 digest_required')
    t.equal(codeOf(await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })), '428 digest_required')
    t.equal((await approve(id, { digest })).status, 200)

    await policy({ kinds_allowed_for_service_accounts: ['webhook'], max_pending_per_service_account: 1 })
    t.equal(codeOf(await send(staff, 'POST', base, DIGEST)), '403 kind_not_allowed')
    t.equal((await send(staff, 'POST', base, { ...DIGEST, kind: 'webhook' })).status, 201)
    t.equal(codeOf(await send(staff, 'POST', base, { ...DIGEST, kind: 'webhook' })), '409 pending_limit_reached')
    for (const bad of [
      { max_pending_per_service_account: -1 },
      { kinds_allowed_for_service_accounts: ['x'] },
      { x: 1 },
    ])
      t.equal((await policy(bad)).status, 400)
    t.equal((await send(await person(['files.write']), 'PATCH', `${organization}/automation-policy`, {})).status, 403)
  })

  t.test('nobody lets run by a status what they would have to name to approve it', async (t) => {
    await policy({ require_digest_on_approval: true })
    const [ada, bob] = [await person(['files.read', 'files.write']), await person(['files.read', 'files.write'])]
    const asks = '428 digest_required'
    const activate = (who: typeof ada, id: string, seen?: string) =>
      send(who, 'PATCH', `${base}/${id}`, { status: 'active' }, seen ? { 'if-match': `"${seen}"` } : {})
    const own = (await send(ada, 'POST', base, DIGEST)).body.automation
    t.equal((await activate(ada, own.id)).status, 200, 'who wrote all of it has seen it')

    for (const status of ['draft', 'pending_approval', 'paused']) {
      const { id, digest } = (await send(ada, 'POST', base, { ...DIGEST, status })).body.automation
      t.equal(codeOf(await activate(bob, id)), asks, status)
      t.equal(codeOf(await activate(bob, id, 'sha256:other')), '412 precondition_failed')
      const { automation } = (await activate(bob, id, digest)).body
      t.match(automation, { status: 'active', approved_digest: digest, reviewed_by_user_id: bob.id }, status)
    }

    t.comment('resuming what was edited while it was paused')
    await send(ada, 'PATCH', `${base}/${own.id}`, { status: 'paused' })
    t.equal((await activate(bob, own.id)).status, 200, 'resuming what is approved asks nothing')
    await send(ada, 'PATCH', `${base}/${own.id}`, { status: 'paused' })
    const edited = (await send(ada, 'PATCH', `${base}/${own.id}`, { name: 'Another' })).body.automation
    t.equal(codeOf(await activate(bob, own.id)), asks)
    t.equal((await activate(bob, own.id, edited.digest)).body.automation.approved_digest, edited.digest)

    t.comment('without a policy, what waits for a review asks as approving it does, and a draft nothing')
    await policy({ require_digest_on_approval: false })
    const waiting = (await send(ada, 'POST', base, { ...DIGEST, status: 'pending_approval' })).body.automation
    await send(ada, 'PATCH', `${base}/${waiting.id}`, { name: 'Edited' })
    t.equal(codeOf(await approve(waiting.id)), asks)
    t.equal(codeOf(await activate(bob, waiting.id)), asks)
    const draft = (await send(ada, 'POST', base, DIGEST)).body.automation
    t.match((await activate(bob, draft.id)).body.automation, { status: 'active', reviewed_by_user_id: null })
  })

  t.test('four eyes: nobody lets run what they wrote themselves', async (t) => {
    await policy({ approver_must_differ_from_editor: true })
    const author = await person(['files.read', 'files.write'])
    const four = '403 second_person_required'
    t.equal(codeOf(await send(author, 'POST', base, { ...DIGEST, status: 'active' })), four)
    const { id } = (await send(author, 'POST', base, DIGEST)).body.automation
    t.equal(codeOf(await send(author, 'PATCH', `${base}/${id}`, { status: 'active' })), four)
    await send(author, 'PATCH', `${base}/${id}`, { status: 'pending_approval' })
    t.equal(codeOf(await send(author, 'POST', `${base}/${id}/approve`)), four)
    t.match((await approve(id)).body.automation, { status: 'active', reviewed_by_user_id: owner.id })

    const staged = (await send(author, 'PATCH', `${base}/${id}`, { name: 'x' })).body.automation
    t.match(staged, { name: DIGEST.name, pending_revision: { name: 'x', proposed_by_user_id: author.id } })
    t.equal(codeOf(await send(author, 'POST', `${base}/${id}/approve`)), four)
    t.equal((await approve(id)).body.automation.name, 'x')
    await send(author, 'PATCH', `${base}/${id}`, { status: 'paused' })
    t.equal(
      (await send(author, 'PATCH', `${base}/${id}`, { status: 'active' })).status,
      200,
      'resuming changes nothing',
    )
  })
})
