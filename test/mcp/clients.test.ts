import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import t, { type Test } from 'tap'
import { TOOLS } from '../../plugins/mcp/tools/index.ts'
import { testApp } from '../support/app.ts'
import { LEGACY, MODERN } from '../support/mcp.ts'
import { until } from '../support/until.ts'
import { hasPython, venvOf } from '../support/venv.ts'

// Clients that others made, each of which does what AI staff does.

const run = promisify(execFile)
const NAMES = TOOLS.map(({ name }) => name)
const WEEKLY = { name: 'Weekly', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } }
const NOTE = 'Asked for in the stand-up.'

/** The app on a port, with a person and AI staff. */
async function served(t: Test) {
  const on = await testApp(t)
  const { token } = await on.serviceAccount(['files.read', 'files.write'])
  await on.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = on.app.server.address() as { port: number }
  const path = `/api/v1/organizations/${on.organizationId}/spaces/${on.spaceId}/automations`
  return { ...on, token, url: `http://127.0.0.1:${port}/mcp`, path }
}

for (const [name, mode, version] of [
  ['of 2026', { pin: MODERN }, MODERN],
  ['that asks what there is', 'auto', MODERN],
  ['of 2025', 'legacy', LEGACY],
] as const)
  t.test(`a client of the protocol's own library ${name}`, async (t) => {
    const { url, token, spaceId: space_id, send, owner, path } = await served(t)
    const client = new Client({ name: 'tests', version: '1' }, { versionNegotiation: { mode } })
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    })
    await client.connect(transport)
    t.teardown(() => client.close())
    t.equal(client.getNegotiatedProtocolVersion(), version)
    t.match(client.getInstructions(), /people decide/)
    const { tools } = await client.listTools()
    t.same(
      tools.map((tool) => tool.name),
      NAMES,
    )
    // The library holds each answer against the schema of the tool.
    const call = async (tool: string, args: Record<string, unknown>) => {
      const { structuredContent, isError } = await client.callTool({ name: tool, arguments: args })
      t.notOk(isError, tool)
      return structuredContent as Record<string, string>
    }
    const { automation_id, digest } = await call('propose_automation', { space_id, ...WEEKLY, note: NOTE })
    const one = { space_id, automation_id }
    const told: unknown[] = []
    const uri = `hyperspeed://spaces/${space_id}/automations/${automation_id}`
    if (mode !== 'legacy') {
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => void told.push(params.uri))
      const subscription = await client.listen({ resourceSubscriptions: [uri] })
      t.teardown(() => subscription.close())
    }
    const decision = call('wait_for_decision', { ...one, digest, wait_seconds: 20 })
    const why = { reason: 'Too early', code: 'too_early', paths: ['/config/cron'] }
    await send(owner, 'POST', `${path}/${automation_id}/reject`, why)
    t.match(await decision, { outcome: 'rejected', ...why })
    if (mode !== 'legacy') await until(async () => told.includes(uri))
    const config = { ...WEEKLY.config, cron: '0 10 * * MON' }
    const revised = await call('revise_automation', { ...one, based_on_digest: digest, config })
    await send(owner, 'POST', `${path}/${automation_id}/approve`, { digest: revised.digest })
    t.match(await call('wait_for_decision', { ...one, digest: revised.digest }), { outcome: 'approved' })
    await send(owner, 'POST', `${path}/${automation_id}/run`)
    const runs = (await call('list_runs', one)).runs as unknown as Record<string, string>[]
    t.match(await call('get_run', { ...one, run_id: runs[0]?.run_id }), { run: { trigger: 'manual' } })
    const refused = await client.callTool({ name: 'get_kind', arguments: {} })
    t.match(refused, { isError: true, content: [{ text: /Next: / }] })
    const { contents } = await client.readResource({ uri })
    t.match(contents, [{ uri, text: /"status":"active"/ }])
    const { messages } = await client.getPrompt({ name: 'propose_an_automation', arguments: { goal: 'a greeting' } })
    t.match(messages, [{ content: { text: /a greeting/ } }])
  })

t.test('the Inspector', async (t) => {
  const { url, token, spaceId } = await served(t)
  const inspector = join(import.meta.dirname, 'node_modules/.bin/mcp-inspector')
  const ask = async (...args: string[]) => {
    const to = ['--server-url', url, '--transport', 'http', '--header', `Authorization: Bearer ${token}`]
    const { stdout } = await run(process.execPath, [inspector, '--cli', ...to, ...args], { timeout: 60_000 })
    return JSON.parse(stdout)
  }
  const call = (tool: string, ...args: string[]) =>
    ask('--method', 'tools/call', '--tool-name', tool, ...args.flatMap((each) => ['--tool-arg', each]))
  // With "strict" it ends with an error where another client might not take a schema.
  const { tools } = await ask('--method', 'tools/list', '--strict')
  t.same(
    tools.map((tool: { name: string }) => tool.name),
    NAMES,
  )
  const { kind, config } = WEEKLY
  const proposed = await call(
    'propose_automation',
    `space_id=${spaceId}`,
    'name=Weekly',
    `kind=${kind}`,
    `config=${JSON.stringify(config)}`,
    `note=${NOTE}`,
  )
  const { automation_id } = proposed.structuredContent
  const uri = `hyperspeed://spaces/${spaceId}/automations/${automation_id}`
  t.match(await ask('--method', 'resources/read', '--uri', uri), { contents: [{ text: /"config":\{"cron"/ }] })
  t.match(await ask('--method', 'prompts/get', '--prompt-name', 'propose_an_automation', '--prompt-args', 'goal=a'), {
    messages: [{ role: 'user' }],
  })
})

t.test("Python's fastmcp", { skip: (await hasPython()) ? false : 'no Python 3.10 with venv here' }, async (t) => {
  const { url, token, spaceId } = await served(t)
  const bin = await venvOf('fastmcp', join(import.meta.dirname, 'requirements.txt'))
  const script = join(import.meta.dirname, 'fastmcp_client.py')
  const { stdout } = await run(join(bin, 'python'), [script, url, spaceId], {
    env: { PATH: process.env.PATH, HS_TOKEN: token },
    timeout: 60_000,
  })
  const found = JSON.parse(stdout)
  t.same(found.tools, NAMES)
  t.match(found, {
    proposed: { status: 'pending_approval', problems: [] },
    decision: { outcome: 'pending' },
    refusal: /^invalid_arguments: [\s\S]*- \/kind: is required\nNext: /,
    resource: { automation: { name: 'From Python' }, from_outside: { note: NOTE } },
    prompts: ['propose_an_automation', 'answer_a_rejection'],
  })
})
