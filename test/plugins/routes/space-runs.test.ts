import t from 'tap'
import { testApp } from '../../support/app.ts'

t.test('the runs of a space are those of all its automations, newest first', async (t) => {
  const { send, owner, organizationId, spaceId, person, otherOrganization } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const space = `${organization}/spaces/${spaceId}`
  const { id: otherId } = (await send(owner, 'POST', `${organization}/spaces`, { name: 'Board' })).body
  const run = async (spaceId: string) => {
    const base = `${organization}/spaces/${spaceId}/automations`
    const active = { name: 'x', kind: 'scheduled', status: 'active', config: { every: 'P1D', channel: 'general' } }
    const { automation } = (await send(owner, 'POST', base, active)).body
    return (await send(owner, 'POST', `${base}/${automation.id}/run`)).body.run
  }
  const runs = [await run(spaceId), await run(spaceId), await run(spaceId)]
  await run(otherId)
  await send(owner, 'POST', `${space}/automations/${runs[1].automation_id}/runs/${runs[1].id}/cancel`)

  const idsOf = ({ body }: { body: { runs: { id: string }[] } }) => body.runs.map(({ id }) => id)
  const newest = runs.map(({ id }) => id).toReversed()
  const all = await send(owner, 'GET', `${space}/runs`)
  t.same(idsOf(all), newest)
  t.match(all.body.runs[0], { automation_id: runs[2].automation_id, trigger: 'manual', status: 'queued' })
  const first = await send(owner, 'GET', `${space}/runs?limit=2`)
  t.same(idsOf(first), newest.slice(0, 2))
  const second = await send(owner, 'GET', `${space}/runs?limit=2&cursor=${first.body.next_cursor}`)
  t.same(idsOf(second), newest.slice(2))
  t.equal(second.body.next_cursor, null)
  t.same(idsOf(await send(owner, 'GET', `${space}/runs?status=cancelled`)), [runs[1].id])
  t.equal((await send(await person(['chat.read']), 'GET', `${space}/runs`)).status, 403)
  t.equal((await send((await otherOrganization()).owner, 'GET', `${space}/runs`)).status, 403)
})
