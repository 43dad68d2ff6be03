import t from 'tap'
import { type Answer, testApp } from '../../support/app.ts'

const DIGEST = { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } }

t.test('revisions are listed, read and compared', async (t) => {
  const { send, owner, organizationId, spaceId, serviceAccount } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])
  const codeOf = ({ status, body }: Answer) => `${status} ${body.code}`
  const { id } = (await send(staff, 'POST', base, DIGEST)).body.automation
  await send(staff, 'PATCH', `${base}/${id}`, { config: { cron: '0 8 * * *' } })
  await send(owner, 'PATCH', `${base}/${id}`, { name: 'Mine', description: 'd' })
  const revisions = `${base}/${id}/revisions`
  const first = (await send(owner, 'GET', `${revisions}?limit=2`)).body
  t.same(
    first.revisions.map((each: { revision: number }) => each.revision),
    [3, 2],
  )
  const rest = (await send(owner, 'GET', `${revisions}?limit=2&cursor=${first.next_cursor}`)).body
  t.match(rest, { revisions: [{ revision: 1, authored_by_service_account_id: staff.id }], next_cursor: null })
  const { digest } = rest.revisions[0]
  await send(owner, 'PATCH', `${base}/${id}`, { name: DIGEST.name, config: DIGEST.config })
  const same = (await send(owner, 'GET', `${revisions}?digest=${digest}`)).body.revisions
  t.same(
    same.map((each: { revision: number }) => each.revision),
    [4, 1],
    'those of one digest',
  )
  t.equal((await send(owner, 'GET', `${revisions}?digest=x`)).status, 400)
  t.match((await send(owner, 'GET', `${revisions}/3`)).body.revision, {
    name: 'Mine',
    authored_by_user_id: owner.id,
    decision: null,
  })
  t.same((await send(owner, 'GET', `${revisions}/3/diff?against=1`)).body.diff, {
    revision: 3,
    against: 1,
    changes: [
      { path: '/name', op: 'replace', before: 'Weekly digest', after: 'Mine' },
      { path: '/config/cron', op: 'replace', before: '0 9 * * MON', after: '0 8 * * *' },
      { path: '/config/channel', op: 'remove', before: 'general' },
      { path: '/description', op: 'replace', before: null, after: 'd' },
    ],
  })
  t.equal((await send(owner, 'GET', `${revisions}/2/diff`)).body.diff.against, 1, 'by default the one before')
  t.equal((await send(owner, 'GET', `${revisions}/1/diff`)).body.diff.against, null)
  for (const path of [`${revisions}/9`, `${revisions}/9/diff`, `${revisions}/1/diff?against=9`])
    t.equal(codeOf(await send(owner, 'GET', path)), '404 revision_not_found')
  for (const path of [`${revisions}/0`, `${revisions}/x`, `${revisions}/1/diff?against=x`, `${revisions}/99999999999`])
    t.equal((await send(owner, 'GET', path)).status, 400, path)
  t.equal(codeOf(await send(owner, 'GET', `${base}/${organizationId}/revisions`)), '404 automation_not_found')
})
