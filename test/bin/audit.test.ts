import { sql } from 'kysely'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { runProgram, SECRETS } from '../support/server.ts'

t.test('hyperspeed audit verify', async (t) => {
  const { db, databaseUrl, send, owner, organizationId, otherOrganization } = await testApp(t)
  const other = await otherOrganization()
  for (const [caller, id, names] of [
    [owner, organizationId, ['One', 'Two', 'Three']],
    [other.owner, other.organizationId, ['One']],
  ] as const)
    for (const name of names) await send(caller, 'POST', `/api/v1/organizations/${id}/roles`, { name, permissions: [] })
  const run = () => runProgram(['audit', 'verify'], { ...SECRETS, DATABASE_URL: databaseUrl })

  const intact = await run()
  t.equal(intact.code, 0, intact.stderr)
  t.equal(intact.stderr, '')
  const lines = [`${organizationId}: 3 entries, intact`, `${other.organizationId}: 1 entries, intact`].sort()
  t.same(intact.stdout.trim().split('\n'), [...lines, '2 audit logs, 0 broken'])

  await db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    await sql`
      update audit_log set entry = replace(entry, 'Two', 'Too') where organization_id = ${organizationId}::uuid`.execute(
      trx,
    )
  })
  const broken = await run()
  t.equal(broken.code, 1)
  t.match(broken.stdout, `${organizationId}: broken at entry 2: it was changed\n`)
  t.match(broken.stdout, `${other.organizationId}: 1 entries, intact\n`)
  t.match(broken.stdout, /\n2 audit logs, 1 broken\n$/)

  t.equal((await runProgram(['audit'])).code, 2)
  t.equal((await runProgram(['audit', 'verify', 'now'])).code, 2)
})
