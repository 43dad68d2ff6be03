import { sql } from 'kysely'
import t from 'tap'
import { MAX_PER_SPACE } from '../../../src/automations/quota.ts'
import { testApp } from '../../support/app.ts'

const NEW = { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } }
const LEFT = 5

t.test('a space holds so many automations and no more, however many come at once', async (t) => {
  const { send, owner, organizationId, spaceId, db } = await testApp(t)
  const path = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const { id: userId } = await db.selectFrom('users').select('id').limit(1).executeTakeFirstOrThrow()
  await sql`
    with made as (
      insert into automations (id, organization_id, space_id, kind, status, revision, created_by_user_id)
      select gen_random_uuid(), ${organizationId}, ${spaceId}, 'scheduled', 'draft', 1, ${userId}
        from generate_series(1, ${MAX_PER_SPACE - LEFT}::integer)
      returning organization_id, id
    )
    insert into automation_revisions (organization_id, automation_id, revision, name, config, digest, authored_by_user_id)
    select organization_id, id, 1, 'N', '{}', 'sha256:' || repeat('0', 64), ${userId}::uuid from made`.execute(db)
  const create = () => send(owner, 'POST', path, NEW)
  const answers = await Promise.all(Array.from({ length: 30 }, create))
  const made = answers.filter(({ status }) => status === 201)
  t.equal(made.length, LEFT)
  for (const { status, body } of answers) if (status !== 201) t.match([status, body.code], [409, 'quota_reached'])
  await send(owner, 'DELETE', `${path}/${made[0]?.body.automation.id}`)
  t.equal((await create()).status, 201)
  t.match(await create(), { status: 409, body: { code: 'quota_reached' } })
})
