import { sql } from 'kysely'
import t from 'tap'
import { expireProposals } from '../../../src/automations/expiry.ts'
import { KINDS } from '../../../src/kinds/index.ts'
import { type Caller, testApp } from '../../support/app.ts'

const DIGEST = { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } }

t.test('a proposal that nobody decides on expires', async (t) => {
  const { send, owner, organizationId, spaceId, serviceAccount, db } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  const create = async (by: Caller, body: object = DIGEST) => (await send(by, 'POST', base, body)).body.automation
  const stateOf = async (id: string) => (await send(owner, 'GET', `${base}/${id}`)).body.automation

  const whole = await create(staff)
  const beside = await create(staff)
  await send(owner, 'POST', `${base}/${beside.id}/approve`)
  await send(staff, 'PATCH', `${base}/${beside.id}`, { name: 'x' })
  const draft = await create(owner)
  t.equal(await expireProposals(db, KINDS, 10), 0)

  await send(owner, 'PATCH', `${organization}/automation-policy`, { proposal_expires_after_days: 1 })
  await db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    await sql`update automation_revisions set created_at = now() - interval '25 hours'`.execute(trx)
    await sql`update automations set updated_at = now() - interval '25 hours'`.execute(trx)
  })
  await send(owner, 'PATCH', `${base}/${draft.id}`, { status: 'pending_approval' })
  // What runs is noted in the row every time, which is not news of the change that waits beside it.
  await sql`update automations set last_run_at = now(), updated_at = now() where id = ${beside.id}`.execute(db)

  t.equal(await expireProposals(db, KINDS, 10), 2)
  t.match(await stateOf(whole.id), {
    status: 'rejected',
    rejection_reason: 'nobody decided on it within 1 day',
    rejection: { code: 'expired' },
  })
  t.match(await stateOf(beside.id), { status: 'active', pending_revision: null })
  const reason = 'nobody decided on it within 1 day'
  for (const [{ id }, revision] of [
    [whole, 1],
    [beside, 2],
  ] as const)
    t.match((await send(owner, 'GET', `${base}/${id}/revisions/${revision}`)).body.revision.decision, {
      outcome: 'expired',
      by: null,
      reason,
      code: 'expired',
      paths: [],
    })
  t.equal((await stateOf(draft.id)).status, 'pending_approval', 'an old draft waits from the day that it is submitted')
  const log = (await send(owner, 'GET', `${organization}/audit-log?action=proposal.expired`)).body.entries
  t.match(log, [{ actor: { type: 'system', id: null } }, { actor: { type: 'system' } }])
})
