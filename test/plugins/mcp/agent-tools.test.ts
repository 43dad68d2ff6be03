import { sql } from 'kysely'
import t from 'tap'
import { testApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'

t.test("the two routes of Hyperspeed's proxy", async (t) => {
  const { app, db, send, owner, organizationId, spaceId, serviceAccount, otherOrganization } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/agent-tools`
  const staff = await serviceAccount(['files.read', 'files.write', 'agent.tools.invoke'])
  const invoke = (tool: string, args?: object, more: object = {}) =>
    send(staff, 'POST', `${base}/invoke`, { tool, ...(args === undefined ? {} : { arguments: args }), ...more })

  const { tools } = (await send(staff, 'GET', `${base}/tools`)).body
  const names = tools.map(({ name }: { name: string }) => name)
  t.equal(names.length, 12)
  t.ok(names.includes('space.automation.propose') && names.includes('get_workspace'))
  t.match(tools[0], { name: 'get_workspace', description: /\w/, inputSchema: { type: 'object' } })

  const config = { cron: '0 9 * * *', channel: 'general' }
  const proposed = await invoke(
    'space.automation.propose',
    { space_id: spaceId, name: 'Hello', kind: 'scheduled', config, note: 'so' },
    { mode: 'agent', session_id: 's1' },
  )
  t.equal(proposed.status, 200)
  const { automation_id } = proposed.body.result
  t.match((await invoke('get_automation', { space_id: spaceId, automation_id })).body.result, {
    automation: { name: 'Hello', status: 'pending_approval', created_by_service_account_id: staff.id, config },
  })
  const bare = await invoke('space.automation.propose', { space_id: spaceId, name: 'Bare', kind: 'webhook' })
  t.match(bare.body.result, { status: 'pending_approval' }, 'neither config nor note need be there')
  t.match((await invoke('get_workspace')).body.result, { pending: { waiting: 2 } })

  t.test('refuse in the words of the API', async (t) => {
    const strange = await otherOrganization()
    for (const [tool, args, status, code] of [
      ['approve', {}, 404, 'tool_not_found'],
      ['get_kind', {}, 400, 'invalid_request'],
      ['get_kind', { kind: 'cron' }, 400, 'invalid_kind'],
      ['get_automation', { space_id: spaceId, automation_id: spaceId }, 404, 'automation_not_found'],
      ['list_automations', { space_id: strange.spaceId }, 403, 'no_space_access'],
      [
        'propose_automation',
        { space_id: spaceId, name: 'x', kind: 'cron', config: {}, note: 'n' },
        400,
        'invalid_kind',
      ],
    ] as const) {
      const answer = await invoke(tool, args)
      t.match(answer, { status, body: { code, error: /\w/ } }, tool)
    }
    t.match((await invoke('get_kind', {})).body.details, [{ path: '/arguments/kind', message: 'is required' }])
    t.match(await send(owner, 'GET', `${base}/tools`), { status: 403, body: { code: 'service_accounts_only' } })
    const other = await serviceAccount(['files.read'])
    t.match(await send(other, 'POST', `${base}/invoke`, { tool: 'get_workspace' }), {
      status: 403,
      body: { code: 'forbidden' },
    })
    const foreign = `/api/v1/organizations/${strange.organizationId}/agent-tools/tools`
    t.equal((await send(staff, 'GET', foreign)).status, 403)
  })

  t.test('say that a token does not hold any more, also in the middle of a wait', async (t) => {
    const { automation_id, digest } = (
      await invoke('propose_automation', { space_id: spaceId, name: 'x', kind: 'webhook', config: {}, note: 'n' })
    ).body.result
    const waiting = invoke('wait_for_decision', { space_id: spaceId, automation_id, digest, wait_seconds: 1 })
    await until(async () => app.spaceFeed.size === 1)
    await sql`update service_accounts set token_hash = decode('00', 'hex') where id = ${staff.id}`.execute(db)
    const answer = await waiting
    t.match(answer, { status: 401, body: { code: 'unauthorized' } })
    t.equal(answer.headers['www-authenticate'], 'Bearer')
  })
})
