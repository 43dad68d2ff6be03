import t from 'tap'
import { type Answer, type Caller, testApp } from '../../support/app.ts'

const DIGEST = { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } }

t.test('decisions', async (t) => {
  const { send, owner, organizationId, spaceId, person, serviceAccount, db } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  t.afterEach(async () => {
    await db.deleteFrom('automations').execute()
  })

  const propose = async (by: Caller = staff) => (await send(by, 'POST', base, DIGEST)).body.automation
  const approve = (id: string, body?: object, headers?: Record<string, string>) =>
    send(owner, 'POST', `${base}/${id}/approve`, body, headers)
  const codeOf = ({ status, body }: Answer) => `${status} ${body.code}`

  t.test('a proposal as first submitted is approved without a digest', async (t) => {
    const { id, digest, approved_digest } = await propose()
    t.equal(approved_digest, null)
    const { status, body, headers } = await approve(id)
    t.equal(status, 200)
    t.equal(headers.etag, '"2"')
    t.match(body.automation, {
      status: 'active',
      approved_digest: digest,
      reviewed_by_user_id: owner.id,
      owner_user_id: owner.id,
      reviewer_is_member: true,
      created_by_service_account_id: staff.id,
    })
    t.equal(codeOf(await approve(id)), '404 automation_not_pending', 'a second time there is nothing to approve')
  })

  t.test('nothing is approved where something else runs than what the difference was read to', async (t) => {
    const { id, digest: first } = await propose()
    const review = async () => (await send(owner, 'GET', `${organization}/reviews?automation_id=${id}`)).body.reviews[0]
    t.match(await review(), { digest: first, base_digest: null })
    const unseen = await approve(id, { digest: first, base_digest: first })
    t.match(unseen, { status: 409, body: { code: 'digest_mismatch', details: [{ path: '/base_digest' }] } })
    t.equal((await approve(id, { digest: first, base_digest: null })).status, 200)
    await send(staff, 'PATCH', `${base}/${id}`, { config: { cron: '0 9 * * MON', channel: 'two' } })
    const { digest, base_digest } = await review()
    t.equal(base_digest, first)
    const live = { cron: '30 7 * * *', channel: 'alerts' }
    const edited = (await send(owner, 'PATCH', `${base}/${id}`, { config: live })).body.automation
    t.match(await review(), { digest, base_digest: edited.digest })
    const refused = await approve(id, { digest, base_digest })
    t.equal(codeOf(refused), '409 digest_mismatch')
    t.same(refused.body.details.map(({ path }: { path: string }) => path).toSorted(), [
      '/config/channel',
      '/config/cron',
    ])
    t.equal(codeOf(await approve(id, { digest, base_digest: null })), '409 digest_mismatch')
    t.match((await send(owner, 'GET', `${base}/${id}`)).body.automation, { config: live })
    t.equal((await approve(id, { digest, base_digest: edited.digest })).status, 200)
  })

  t.test('a revision knows what was decided on it', async (t) => {
    const { id } = await propose()
    const decisions = async () =>
      (await send(owner, 'GET', `${base}/${id}/revisions`)).body.revisions.map(
        (each: { revision: number; decision: object | null }) => [each.revision, each.decision],
      )
    t.same(await decisions(), [[1, null]])
    const rejection = { reason: 'Too early', code: 'wrong_time', paths: ['/config/cron'] }
    await send(owner, 'POST', `${base}/${id}/reject`, rejection)
    await send(staff, 'PATCH', `${base}/${id}`, { config: { cron: '0 8 * * *', channel: 'general' } })
    t.match(await decisions(), [
      [2, null],
      [1, { outcome: 'rejected', by: owner.id, at: /T.*Z$/, ...rejection }],
    ])
    await approve(id, { digest: (await send(owner, 'GET', `${base}/${id}`)).body.automation.digest })
    const approved = { outcome: 'approved', by: owner.id, reason: null, code: null, paths: [] }
    t.match(await decisions(), [
      [2, approved],
      [1, { outcome: 'rejected' }],
    ])
    t.test('also where a person lets run what was turned down', async (t) => {
      const turnedDown = await propose()
      await send(owner, 'POST', `${base}/${turnedDown.id}/reject`)
      const seen = { 'if-match': `"${turnedDown.digest}"` }
      t.equal((await send(owner, 'PATCH', `${base}/${turnedDown.id}`, { status: 'active' }, seen)).status, 200)
      t.match((await send(owner, 'GET', `${base}/${turnedDown.id}/revisions/1`)).body.revision.decision, approved)
    })
  })

  t.test('AI staff takes back what it proposed beside what runs', async (t) => {
    const { id, digest } = await propose()
    await approve(id)
    const edit = async (by: Caller, name: string) =>
      (await send(by, 'PATCH', `${base}/${id}`, { name })).body.automation.pending_revision
    const withdraw = (by: Caller, body?: object, headers?: Record<string, string>) =>
      send(by, 'POST', `${base}/${id}/withdraw`, body, headers)
    t.equal(codeOf(await withdraw(staff)), '404 automation_not_pending', 'there is none')
    const first = await edit(staff, 'First')
    const second = await edit(staff, 'Second')
    const other = await serviceAccount(['files.read', 'files.write'])
    t.equal(codeOf(await withdraw(other, { digest: second.digest })), '409 other_proposal_pending')
    t.equal(codeOf(await withdraw(owner)), '409 other_proposal_pending', 'people reject it instead')
    const stale = await withdraw(staff, { digest: first.digest })
    t.equal(codeOf(stale), '409 digest_mismatch')
    t.match(stale.body.details, [{ path: '/name', before: 'First', after: 'Second' }])
    t.equal(codeOf(await withdraw(staff, {}, { 'if-match': `"${digest}"` })), '412 precondition_failed')
    const { status, body } = await withdraw(staff, { digest: second.digest })
    t.equal(status, 200)
    t.match(body.automation, { status: 'active', digest, pending_revision: null, rejection_reason: null })
    t.match((await send(owner, 'GET', `${base}/${id}/revisions/3`)).body.revision.decision, {
      outcome: 'withdrawn',
      by: staff.id,
    })
    t.equal((await send(owner, 'GET', `${base}/${id}/revisions/2`)).body.revision.decision, null)
    const log = (await send(owner, 'GET', `${organization}/audit-log?action=proposal.withdrawn`)).body.entries
    t.match(log, [{ actor: { id: staff.id }, target: { id }, details: { revision: 3, digest: second.digest } }])
    t.equal(codeOf(await withdraw(staff)), '404 automation_not_pending', 'once')
    t.ok(await edit(other, 'Third'), 'another one may propose now')
  })

  t.test('an edited one wants the digest that was seen', async (t) => {
    const first = await propose()
    const edited = await send(staff, 'PATCH', `${base}/${first.id}`, { config: { cron: '* * * * *' } })
    t.equal(edited.body.automation.revision, 2)
    const blind = await approve(first.id)
    t.equal(codeOf(blind), '428 digest_required')
    t.match(blind.body.details, [{ path: '/digest', message: new RegExp(edited.body.automation.digest) }])
    const stale = await approve(first.id, { digest: first.digest })
    t.equal(codeOf(stale), '409 digest_mismatch')
    t.same(stale.body.details, [
      { path: '/config/cron', message: 'was changed', before: '0 9 * * MON', after: '* * * * *' },
      { path: '/config/channel', message: 'was removed', before: 'general' },
    ])
    const unknown = await approve(first.id, { digest: `sha256:${'0'.repeat(64)}` })
    t.match(unknown.body, { code: 'digest_mismatch', details: [{ path: '/digest' }] })
    t.equal(codeOf(await approve(first.id, {}, { 'if-match': '"1"' })), '412 precondition_failed')
    t.equal((await approve(first.id, {}, { 'if-match': `"${edited.body.automation.digest}"` })).status, 200)
  })

  t.test('a rejection says why, and AI staff corrects itself', async (t) => {
    const { id } = await propose()
    const rejection = { reason: 'Too early', code: 'wrong_time', paths: ['/config/cron'] }
    const rejected = (await send(owner, 'POST', `${base}/${id}/reject`, rejection)).body.automation
    t.match(rejected, {
      status: 'rejected',
      rejection_reason: 'Too early',
      rejection: { code: 'wrong_time', paths: ['/config/cron'] },
      reviewed_by_user_id: owner.id,
    })
    t.equal(codeOf(await send(owner, 'POST', `${base}/${id}/reject`)), '404 automation_not_pending')
    const again = (await send(staff, 'PATCH', `${base}/${id}`, { config: { cron: '0 10 * * MON' } })).body.automation
    t.match(again, { status: 'pending_approval', rejection_reason: null, rejection: null, reviewed_by_user_id: null })
    t.equal(codeOf(await approve(id)), '428 digest_required', 'it is not as first submitted any more')
    t.equal((await approve(id, { digest: again.digest })).status, 200)
  })

  t.test('what AI staff changes of what runs waits beside it', async (t) => {
    const { id, digest } = await propose()
    await approve(id)
    const change = { name: 'Nightly digest', config: { cron: '0 0 * * *' }, description: 'Asked for' }
    const staged = (await send(staff, 'PATCH', `${base}/${id}`, change)).body.automation
    t.match(staged, {
      ...DIGEST,
      status: 'active',
      digest,
      approved_digest: digest,
      pending_revision: {
        revision: 2,
        name: 'Nightly digest',
        config: { cron: '0 0 * * *', proposal_note: 'Asked for' },
        proposed_by_service_account_id: staff.id,
      },
    })
    const again = (await send(staff, 'PATCH', `${base}/${id}`, { name: 'Midnight digest' })).body.automation
    t.match(again.pending_revision, { revision: 3, config: { cron: '0 0 * * *' } }, 'it goes on from its own change')

    const other = await serviceAccount(['files.read', 'files.write'])
    t.equal(codeOf(await send(other, 'PATCH', `${base}/${id}`, { name: 'x' })), '409 other_proposal_pending')

    t.equal(codeOf(await approve(id)), '428 digest_required')
    const approved = (await approve(id, { digest: again.pending_revision.digest })).body.automation
    t.match(approved, {
      name: 'Midnight digest',
      status: 'active',
      revision: 3,
      pending_revision: null,
      digest: again.pending_revision.digest,
      approved_digest: again.pending_revision.digest,
    })
  })

  t.test('rejecting it leaves what runs running', async (t) => {
    const { id, digest } = await propose()
    await approve(id)
    await send(staff, 'PATCH', `${base}/${id}`, { name: 'x' })
    const { automation } = (await send(owner, 'POST', `${base}/${id}/reject`, { reason: 'no' })).body
    t.match(automation, {
      status: 'active',
      digest,
      approved_digest: digest,
      pending_revision: null,
      name: DIGEST.name,
    })
    t.equal(automation.rejection_reason, 'no')
    t.equal(automation.reviewed_by_user_id, owner.id)
    t.equal(codeOf(await send(owner, 'POST', `${base}/${id}/reject`)), '404 automation_not_pending')
  })

  t.test('a person’s edit beside it asks the reviewer to look again', async (t) => {
    const { id } = await propose()
    await approve(id)
    const staged = (await send(staff, 'PATCH', `${base}/${id}`, { name: 'x' })).body.automation
    const edited = (await send(owner, 'PATCH', `${base}/${id}`, { config: { cron: '0 1 * * *' } })).body.automation
    t.equal(edited.status, 'active')
    t.equal(edited.digest, edited.approved_digest, 'a person’s own revision counts as approved by its author')
    t.equal(edited.pending_revision.revision, 2)
    t.equal(codeOf(await approve(id)), '428 digest_required', 'approving would undo the edit')
    t.equal((await approve(id, { digest: staged.pending_revision.digest })).status, 200)
  })

  t.test('a new credential wants the change to be proposed again', async (t) => {
    const { id } = await propose()
    await approve(id)
    const staged = (await send(staff, 'PATCH', `${base}/${id}`, { name: 'x' })).body.automation
    await send(owner, 'PATCH', `${base}/${id}`, { oauth_token: 'secret' })
    const refused = await approve(id, { digest: staged.pending_revision.digest })
    t.match(refused.body, {
      code: 'digest_mismatch',
      details: [{ path: '/credential_version', before: null, after: 1 }],
    })
    const again = (await send(staff, 'PATCH', `${base}/${id}`, { name: 'x' })).body.automation
    const approved = (await approve(id, { digest: again.pending_revision.digest })).body.automation
    t.match(approved, { name: 'x', has_oauth_token: true })
  })

  t.test('a paused one stays paused with its new content', async (t) => {
    const { id } = await propose()
    await approve(id)
    await send(owner, 'PATCH', `${base}/${id}`, { status: 'paused' })
    await send(staff, 'PATCH', `${base}/${id}`, { name: 'x' })
    const { automation } = (await approve(id)).body
    t.match(automation, { status: 'paused', name: 'x' })
    t.equal((await send(owner, 'PATCH', `${base}/${id}`, { status: 'active' })).body.automation.status, 'active')
  })

  t.test('drafts and what runs can be neither approved nor rejected', async (t) => {
    for (const status of ['draft', 'active', 'paused']) {
      const { id } = (await send(owner, 'POST', base, { ...DIGEST, status })).body.automation
      t.equal(codeOf(await approve(id)), '404 automation_not_pending')
      t.equal(codeOf(await send(owner, 'POST', `${base}/${id}/reject`)), '404 automation_not_pending')
    }
    t.equal(codeOf(await approve(organizationId)), '404 automation_not_pending', 'like one that is not there')
  })

  t.test('a person may ask for a review too', async (t) => {
    const author = await person(['files.read', 'files.write'])
    const { id } = (await send(author, 'POST', base, { ...DIGEST, status: 'pending_approval' })).body.automation
    const { automation } = (await approve(id)).body
    t.match(automation, { status: 'active', reviewed_by_user_id: owner.id, owner_user_id: author.id })
  })

  t.test('a rejected one can be paused, and an edit of a person makes it a draft', async (t) => {
    const { id } = await propose()
    await send(owner, 'POST', `${base}/${id}/reject`)
    t.equal((await send(owner, 'PATCH', `${base}/${id}`, { name: 'mine' })).body.automation.status, 'draft')
    const other = await propose()
    await send(owner, 'POST', `${base}/${other.id}/reject`)
    const { status, body } = await send(owner, 'PATCH', `${base}/${other.id}`, { status: 'paused' })
    t.match({ status, body }, { status: 200, body: { automation: { status: 'paused', rejection: null } } })
  })

  t.test('a reviewer who left stays on record and is shown as gone', async (t) => {
    const reviewer = await person(['files.read', 'files.write'])
    const { id } = await propose()
    await send(reviewer, 'POST', `${base}/${id}/approve`)
    await db.deleteFrom('members').where('user_id', '=', reviewer.userId).execute()
    t.match((await send(owner, 'GET', `${base}/${id}`)).body.automation, {
      status: 'active',
      reviewed_by_user_id: reviewer.id,
      reviewer_is_member: false,
    })
  })

  t.test('a proposal of a deleted service account becomes its reviewer’s', async (t) => {
    const leaver = await serviceAccount(['files.read', 'files.write'])
    const { id } = await propose(leaver)
    t.equal((await send(owner, 'DELETE', `${organization}/service-accounts/${leaver.id}`)).status, 204)
    const { automation } = (await approve(id)).body
    t.match(automation, { created_by_service_account_id: leaver.id, owner_user_id: owner.id })
  })
})
