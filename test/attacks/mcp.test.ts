import t from 'tap'
import { toResult } from '../../plugins/mcp/result.ts'
import { TOOL_SCHEMAS } from '../../schemas/tools.ts'
import { testApp } from '../support/app.ts'
import { mcpClient } from '../support/mcp.ts'

/** All that tools may ask for. None of it decides, runs anything, or reads a secret. */
const REACHED = new Set([
  'POST /mcp',
  'GET /api/v1/me',
  'GET /api/v1/organizations/:orgId/spaces',
  'GET /api/v1/organizations/:orgId/automation-policy',
  'GET /api/v1/organizations/:orgId/spaces/:spaceId/automations',
  'POST /api/v1/organizations/:orgId/spaces/:spaceId/automations',
  'POST /api/v1/organizations/:orgId/spaces/:spaceId/automations/preview',
  'GET /api/v1/organizations/:orgId/spaces/:spaceId/automations/:automationId',
  'PATCH /api/v1/organizations/:orgId/spaces/:spaceId/automations/:automationId',
  'DELETE /api/v1/organizations/:orgId/spaces/:spaceId/automations/:automationId',
  'GET /api/v1/organizations/:orgId/spaces/:spaceId/automations/:automationId/preview',
  'POST /api/v1/organizations/:orgId/spaces/:spaceId/automations/:automationId/withdraw',
  'GET /api/v1/organizations/:orgId/spaces/:spaceId/automations/:automationId/revisions',
  'GET /api/v1/organizations/:orgId/spaces/:spaceId/automations/:automationId/revisions/:revision/diff',
  'GET /api/v1/organizations/:orgId/spaces/:spaceId/automations/:automationId/runs',
  'GET /api/v1/organizations/:orgId/spaces/:spaceId/automations/:automationId/runs/:runId',
])

t.test('no argument, name or URI leads a tool to what it is not for', async (t) => {
  const on = await testApp(t, {}, { logLevel: 'info' })
  const { app, log, serviceAccount, spaceId, owner, organizationId, send, kinds, otherOrganization } = on
  // Whatever a role may allow: nothing of it helps.
  const staff = await serviceAccount([
    'org.manage',
    'org.members.manage',
    'files.read',
    'files.write',
    'agent.tools.invoke',
  ])
  const { ask, askAsBefore, call } = mcpClient(app, staff)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const own = (
    await call('propose_automation', { space_id: spaceId, name: 'x', kind: 'scheduled', config: {}, note: 'n' })
  ).found
  const strange = await otherOrganization()
  const theirs = `/api/v1/organizations/${strange.organizationId}/spaces/${strange.spaceId}/automations`
  const canary = 'canary-of-another-organization'
  const { id: foreign } = (await send(strange.owner, 'POST', theirs, { name: canary, kind: 'scheduled' })).body
    .automation
  const id = own.automation_id
  const odd = [
    '..',
    '.',
    '',
    '../..',
    '%2e%2e',
    '..%2fapprove',
    `${id}/approve`,
    `${id}/approve?`,
    `${id}/run#`,
    `${id}?x=`,
    `../../${strange.spaceId}/automations/${foreign}`,
    `..\\..\\x`,
    '\r\nX-Evil: 1',
    '\u2028',
    '\ud800',
    'a'.repeat(300),
    foreign,
    strange.spaceId,
    id,
    spaceId,
  ]
  log.length = 0
  for (const [name, { input }] of Object.entries(TOOL_SCHEMAS))
    for (const value of odd)
      for (const target of Object.keys(input.properties)) {
        const args: Record<string, unknown> = { space_id: spaceId, automation_id: id, run_id: id, digest: own.digest }
        const others = {
          based_on_digest: own.digest,
          name: 'x',
          kind: kinds.names[0],
          config: {},
          note: 'n',
          wait_seconds: 0,
        }
        const known = Object.fromEntries(
          Object.entries({ ...args, ...others }).filter(([key]) => key in input.properties && key !== 'cursor'),
        )
        const { body, status } = await ask('tools/call', { name, arguments: { ...known, [target]: value } })
        t.ok(status === 200 && (body.result ?? body.error), `${name} ${target}=${value}`)
        t.notMatch(JSON.stringify(body), canary)
      }
  for (const value of odd)
    for (const uri of [`hyperspeed://kinds/${value}`, `hyperspeed://spaces/${spaceId}/automations/${value}`, value]) {
      const { status, body } = await askAsBefore('resources/read', { uri })
      t.ok(status < 500, uri)
      t.notMatch(JSON.stringify(body ?? null), canary)
    }
  for (const name of ['approve_automation', 'approveAutomation', 'constructor', '__proto__', 'toString', '../approve'])
    t.ok((await ask('tools/call', { name, arguments: { space_id: spaceId, automation_id: id } })).body.error, name)
  const reached = new Set(
    log.flatMap((line) => {
      const { method, route } = JSON.parse(line) as { method?: string; route?: string | null }
      return method === undefined ? [] : [`${method} ${route}`]
    }),
  )
  t.ok(reached.size > 10, `${reached.size} operations`)
  for (const each of reached) t.ok(REACHED.has(each), each)
  const { automation } = (await send(owner, 'GET', `${base}/${id}`)).body
  t.not(automation?.status, 'active')
})

t.test('large and deep bodies are answered, and hold nobody up', async (t) => {
  const { app, serviceAccount, spaceId } = await testApp(t)
  const { send, call, ask } = mcpClient(app, await serviceAccount(['files.read', 'files.write']))
  const { modern } = await import('../support/mcp.ts')
  const { headers, body } = modern('tools/call', { name: 'propose_automation', arguments: { config: 0 } })
  const deep = JSON.stringify(body).replace('"config":0', `"config":${'['.repeat(200_000)}${']'.repeat(200_000)}`)
  const began = performance.now()
  const answer = await send(deep, headers)
  t.ok(answer.status < 500, `${answer.status}: ${answer.text.slice(0, 200)}`)
  const wide = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, 'x'.repeat(9000)]))
  const args = { space_id: spaceId, name: 'x', kind: 'scheduled', config: wide, note: 'n' }
  const made = await call('propose_automation', args)
  t.equal(made.isError, false, made.text.slice(0, 300))
  const { bytes } = await call('get_automation', { space_id: spaceId, automation_id: made.found.automation_id })
  t.ok(bytes <= 32_000)
  t.ok(performance.now() - began < 20_000)
  t.equal((await ask('tools/list')).status, 200)
})

t.test('what is large and nested is cut in a time that grows with it, and no faster', async (t) => {
  const quotes = '"'.repeat(300)
  let nested: object = Object.fromEntries(Array.from({ length: 990 }, (_, i) => [`${quotes.slice(0, 96)}${i}`, quotes]))
  const timeOf = (value: object) => {
    const began = performance.now()
    t.ok(Buffer.byteLength(JSON.stringify(toResult({ value }))) <= 32_000)
    return performance.now() - began
  }
  const flat = Math.min(timeOf(nested), timeOf(nested), timeOf(nested))
  for (let depth = 0; depth < 14; depth++) nested = { nested }
  const deep = Math.min(timeOf(nested), timeOf(nested), timeOf(nested))
  t.ok(deep < 5 * flat, `${Math.round(deep)} ms, and ${Math.round(flat)} without nesting`)
})
