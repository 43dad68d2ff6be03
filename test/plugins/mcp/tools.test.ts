import t from 'tap'
import { testApp } from '../../support/app.ts'
import { mcpClient } from '../../support/mcp.ts'

const WEEKLY = { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } }

t.test('what models are told of the tools', async (t) => {
  const { app, serviceAccount } = await testApp(t)
  const { ask, askAsBefore } = mcpClient(app, await serviceAccount(['files.read', 'files.write']))
  const listed = await ask('tools/list')
  const { tools } = listed.body.result
  t.match((await askAsBefore('tools/list')).body.result.tools, tools, 'the same to clients of 2025')

  t.test('is small, and in a fixed order', async (t) => {
    t.ok(Buffer.byteLength(JSON.stringify({ tools })) <= 12_000, `${JSON.stringify({ tools }).length} bytes`)
    t.same(
      tools.map(({ name }: { name: string }) => name),
      [
        'get_workspace',
        'get_kind',
        'preview_automation',
        'list_automations',
        'get_automation',
        'propose_automation',
        'revise_automation',
        'withdraw_proposal',
        'wait_for_decision',
        'list_runs',
        'get_run',
      ],
    )
    const { instructions } = (await ask('server/discover')).body.result
    for (const text of [instructions, ...tools.map(({ description }: { description: string }) => description)])
      t.ok(text.length > 0 && text.length <= 2000)
  })

  t.test('has schemas that every client takes', async (t) => {
    for (const { name, title, inputSchema, outputSchema, annotations } of tools) {
      t.match(name, /^[a-z_]{1,64}$/)
      t.ok(title)
      t.same(
        Object.keys(annotations).sort(),
        ['destructiveHint', 'idempotentHint', 'openWorldHint', 'readOnlyHint'],
        name,
      )
      for (const schema of [inputSchema, outputSchema]) {
        t.equal(schema.type, 'object', name)
        for (const key of ['oneOf', 'anyOf', 'allOf']) t.notOk(key in schema, `${name}: ${key} at the root`)
        t.notMatch(JSON.stringify(schema), /"\$ref"|"patternProperties"|"\$id"/, name)
      }
    }
  })
})

t.test('AI staff proposes, is rejected, corrects itself, and follows what runs', async (t) => {
  const on = await testApp(t)
  const { app, send, owner, organizationId, spaceId: space_id, serviceAccount, kinds } = on
  const staff = await serviceAccount(['files.read', 'files.write'])
  const { call } = mcpClient(app, staff)
  const path = `/api/v1/organizations/${organizationId}/spaces/${space_id}/automations`

  const workspace = await call('get_workspace')
  t.match(workspace.found, {
    organization_id: organizationId,
    spaces: [{ space_id, name: 'Engine room' }],
    kinds: kinds.names.map((kind) => ({ kind, you_may_propose: true })),
    pending: { waiting: 0, at_most: 50 },
  })
  for (const kind of kinds.names) {
    const { found } = await call('get_kind', { kind })
    t.match(found, { kind, config_schema: { type: 'object' }, example: { config: {} }, runs: true })
    t.notOk('cut' in found, `${kind} is shown whole`)
    t.notMatch(JSON.stringify(found.config_schema), /"\$ref"/)
  }
  t.match((await call('get_kind', { kind: 'scheduled' })).found.required_to_run, [{ path: '/config', message: /cron/ }])

  const bare = await call('preview_automation', { space_id, kind: 'scheduled', config: { channel: 'general' } })
  t.match(bare.found.preview.problems, [{ path: '/config', message: /cron/ }])
  const proposal = { space_id, ...WEEKLY, note: 'Asked for in the stand-up.' }
  const first = await call('propose_automation', proposal)
  t.match(first.found, {
    revision: 1,
    status: 'pending_approval',
    already_proposed: false,
    problems: [],
    review_url: new RegExp(`^http://[^/]+/console/${organizationId}/review/${space_id}/[0-9a-f-]{36}$`),
  })
  const { automation_id, digest } = first.found
  t.match((await call('propose_automation', proposal)).found, { automation_id, digest, already_proposed: true })
  t.match((await call('get_workspace')).found.pending, { waiting: 1 })
  const one = { space_id, automation_id }
  t.match((await call('wait_for_decision', { ...one, digest, wait_seconds: 0 })).found, { outcome: 'pending' })
  t.match((await call('get_automation', one)).found, {
    automation: { id: automation_id, digest, config: WEEKLY.config },
    from_outside: { notice: /data/, note: 'Asked for in the stand-up.' },
  })

  const rejection = { reason: 'Nine is too early', code: 'too_early', paths: ['/config/cron'] }
  await send(owner, 'POST', `${path}/${automation_id}/reject`, rejection)
  t.match((await call('wait_for_decision', { ...one, digest })).found, { outcome: 'rejected', ...rejection })
  const again = await call('propose_automation', proposal)
  t.equal(again.found.already_proposed, false, 'what was turned down does not wait any more')
  t.match((await call('withdraw_proposal', { space_id, ...again.found })).isError, true, 'an argument that is none')
  const { automation_id: other, digest: otherDigest } = again.found
  const withdrawn = await call('withdraw_proposal', { space_id, automation_id: other, digest: otherDigest })
  t.match(withdrawn.found, { withdrawn: true })

  const config = { ...WEEKLY.config, cron: '0 10 * * MON' }
  const revised = await call('revise_automation', { ...one, based_on_digest: digest, config })
  t.match(revised.found, {
    revision: 2,
    status: 'pending_approval',
    changes: [{ path: '/config/cron', op: 'replace', before: '0 9 * * MON', after: '0 10 * * MON' }],
  })
  t.match((await call('get_automation', one)).found.from_outside, { note: 'Asked for in the stand-up.' }, 'it stays')
  const stale = await call('revise_automation', { ...one, based_on_digest: digest, name: 'x' })
  t.equal(stale.isError, true)
  t.match(stale.text, /^digest_mismatch: [\s\S]*- \/config\/cron: .*before "0 9[\s\S]*\nNext: .*get_automation/)
  t.match((await call('wait_for_decision', { ...one, digest, wait_seconds: 0 })).found, { outcome: 'rejected' })

  const waiting = call('wait_for_decision', { ...one, digest: revised.found.digest, wait_seconds: 20 })
  await send(owner, 'POST', `${path}/${automation_id}/approve`, { digest: revised.found.digest })
  t.match((await waiting).found, { outcome: 'approved', reason: null })
  t.match((await call('list_automations', { space_id, mine: true })).found.automations, [
    { automation_id, status: 'active', mine: true, change_waits: null },
  ])
  t.same((await call('list_automations', { space_id, status: 'draft' })).found.automations, [])

  t.test('also beside what runs', async (t) => {
    const change = { ...one, based_on_digest: revised.found.digest, name: 'Weekly' }
    const beside = await call('revise_automation', change)
    t.match(beside.found, { revision: 3, status: 'active', changes: [{ path: '/name', after: 'Weekly' }] })
    const seen = await call('wait_for_decision', { ...one, digest: beside.found.digest, wait_seconds: 0 })
    t.match(seen.found, { outcome: 'pending' })
    const next = await call('revise_automation', { ...one, based_on_digest: beside.found.digest, name: 'Each week' })
    t.match(next.found, { revision: 4, changes: [{ before: 'Weekly', after: 'Each week' }] })
    const old = await call('wait_for_decision', { ...one, digest: beside.found.digest })
    t.match(old.found, { outcome: 'superseded' })
    const late = await call('withdraw_proposal', { ...one, digest: beside.found.digest })
    t.match(late.text, /^digest_mismatch/)
    t.match((await call('withdraw_proposal', { ...one, digest: next.found.digest })).found, { withdrawn: true })
    const gone = await call('wait_for_decision', { ...one, digest: next.found.digest })
    t.match(gone.found, { outcome: 'withdrawn' })
  })

  const ran = (await send(owner, 'POST', `${path}/${automation_id}/run`)).body.run
  t.match((await call('list_runs', one)).found.runs, [{ run_id: ran.id, status: 'queued', trigger: 'manual' }])
  const run = await call('get_run', { ...one, run_id: ran.id })
  t.match(run.found, { run: { id: ran.id, status: 'queued' }, from_outside: { notice: /data/, output: null } })
  t.match(run.text, /^What stands in from_outside was written by others/)
})

t.test('results are small, and say what of them was cut', async (t) => {
  const { app, serviceAccount, spaceId: space_id, send, owner, organizationId } = await testApp(t)
  const { call } = mcpClient(app, await serviceAccount(['files.read', 'files.write']))
  const base = `/api/v1/organizations/${organizationId}/spaces/${space_id}/automations`
  const wide = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`key_${i}`, 'x'.repeat(900)]))
  const config = { cron: '0 9 * * *', channel: 'general', message: 'é'.repeat(9000), wide, '"\\': ['"'.repeat(5000)] }
  const made = await call('propose_automation', { space_id, name: 'Large', kind: 'scheduled', config, note: 'n' })
  t.equal(made.isError, false, made.text)
  const { found, bytes } = await call('get_automation', { space_id, automation_id: made.found.automation_id })
  t.ok(bytes <= 32_000, `${bytes} bytes`)
  t.ok(found.cut.some((each: string) => /^\/automation\/config\/wide: \d+ of 900$/.test(each)))
  t.match(found.automation.config.cron, '0 9 * * *')
  t.match(found.automation.digest, made.found.digest, 'what is short is whole')
  for (let i = 0; i < 60; i++) await send(owner, 'POST', base, { name: `n${i}`, kind: 'scheduled' })
  const listed = await call('list_automations', { space_id, limit: 50 })
  t.ok(listed.bytes <= 32_000)
  t.equal(listed.found.automations.length, 50)
  const rest = await call('list_automations', { space_id, limit: 50, cursor: listed.found.next_cursor })
  t.match([rest.found.automations.length, rest.found.next_cursor], [11, null])
})

t.test('the same proposal at the same time is made once', async (t) => {
  const { app, serviceAccount, spaceId: space_id } = await testApp(t)
  const { call } = mcpClient(app, await serviceAccount(['files.read', 'files.write']))
  const proposal = { space_id, ...WEEKLY, note: 'n' }
  const answers = await Promise.all(Array.from({ length: 6 }, () => call('propose_automation', proposal)))
  t.equal(new Set(answers.map(({ found }) => found.automation_id)).size, 1)
  t.equal(answers.filter(({ found }) => !found.already_proposed).length, 1)
  const other = await call('propose_automation', { ...proposal, name: 'Another' })
  t.match(other.found, { already_proposed: false })
})

t.test('numbers keep their digits through tools', async (t) => {
  const { app, serviceAccount, spaceId } = await testApp(t)
  const { send, call } = mcpClient(app, await serviceAccount(['files.read', 'files.write']))
  const { body, headers } = (await import('../../support/mcp.ts')).modern('tools/call', {
    name: 'propose_automation',
    arguments: { space_id: spaceId, name: 'N', kind: 'scheduled', config: { big: 0 }, note: 'n' },
  })
  const answer = await send(JSON.stringify(body).replace('"big":0', '"big":12345678901234567890.5'), headers)
  const { automation_id } = answer.body.result.structuredContent
  const { text } = await call('get_automation', { space_id: spaceId, automation_id })
  t.match(text, '12345678901234567890.5')
})
