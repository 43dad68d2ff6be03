import t from 'tap'
import { testApp } from '../support/app.ts'
import { operationsOf } from '../support/operations.ts'

/** What the program alone decides, and what a careless `{...body}` would let a client decide. */
const NOT_FOR_CLIENTS = [
  'id',
  'organization_id',
  'space_id',
  'user_id',
  'created_by',
  'created_by_user_id',
  'created_by_service_account_id',
  'created_at',
  'updated_at',
  'owner_user_id',
  'reviewed_by_user_id',
  'reviewed_at',
  'approved_digest',
  'revision',
  'pending_revision',
  'last_run_at',
  'next_run_at',
  'problems',
  'version',
  'is_system',
  'service_account',
  'token_hash',
  'password_hash',
  'secret_versions',
  'author_user_id',
  'metadata',
  'constructor',
  'admin',
]

t.test('no body of any operation takes what is not a client’s to say', async (t) => {
  const { app, send, owner, organizationId, spaceId, db, serviceAccount } = await testApp(t)
  const staff = await serviceAccount(['agent.tools.invoke'])
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}`
  const automation = (await send(owner, 'POST', `${base}/automations`, { name: 'n', kind: 'webhook' })).body.automation
  const counts = async () => {
    const tables = ['automations', 'users', 'organizations', 'roles', 'service_accounts', 'spaces', 'invites'] as const
    return Promise.all(tables.map(async (table) => (await db.selectFrom(table).selectAll().execute()).length))
  }
  const before = await counts()
  const ids = { orgId: organizationId, spaceId, automationId: automation.id, chatRoomId: automation.id }
  // What is not there is found out after the body was read.
  const nowhere = {
    userId: automation.id,
    roleId: automation.id,
    serviceAccountId: automation.id,
    runId: automation.id,
  }
  const operations = operationsOf(app, { ...ids, ...nowhere }).filter(({ body }) => body !== undefined)
  t.ok(operations.length > 15)
  for (const { id, method, path, body, keys } of operations) {
    const wrong = NOT_FOR_CLIENTS.filter((key) => !keys.includes(key))
    for (const key of wrong) {
      const caller = id === 'invokeAgentTool' ? staff : owner
      const { status, body: refusal } = await send(caller, method, path, { ...Object(body), [key]: automation.id })
      t.equal(status, 400, `${id} ${key}`)
      t.match(refusal.details, [{ path: `/${key}` }])
    }
  }
  t.same(await counts(), before, 'nothing was made')
  t.match((await send(owner, 'GET', `${base}/automations/${automation.id}`)).body.automation, automation)
})
