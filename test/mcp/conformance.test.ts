import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { AppDependencies } from '../../plugins/app.ts'
import { testApp } from '../support/app.ts'
import { listening } from '../support/listening.ts'
import { LEGACY, MODERN } from '../support/mcp.ts'
import { createFixtureServer } from '../support/mcp-fixtures.ts'

// Holds the endpoint against the conformance suite of the Model Context Protocol, on both wires that it speaks.

const SUITE = join(import.meta.dirname, 'node_modules/@modelcontextprotocol/conformance/dist/index.js')
const SUITE_TIMEOUT_MS = 120_000

const NEEDS_REQUESTS_TO_CLIENTS =
  'the client answers a request of the server by a POST of its own, which reaches another server where there are no sessions'
const NEEDS_SUBSCRIPTION_OF_SESSION = 'what one request subscribes to, no later one can be told of without a session'
const NEEDS_TASKS = 'an extension, which no tool here needs and the library does not have'

/** Scenarios that can't pass, and why. */
const LEFT_OUT: Record<string, Record<string, string>> = {
  [MODERN]: {
    'http-custom-header-server-validation':
      'no tool here takes an argument as a header (x-mcp-header), and the library checks those of McpServer alone',
    'tasks-lifecycle': NEEDS_TASKS,
    'tasks-capability-negotiation': NEEDS_TASKS,
    'tasks-wire-fields': NEEDS_TASKS,
    'tasks-request-state-removal': NEEDS_TASKS,
    'tasks-mrtr-input': NEEDS_TASKS,
    'tasks-request-headers': NEEDS_TASKS,
    'tasks-dispatch-and-envelope': NEEDS_TASKS,
    'tasks-status-notifications': NEEDS_TASKS,
    'tasks-required-task-error': NEEDS_TASKS,
    'tasks-mrtr-composition': NEEDS_TASKS,
  },
  [LEGACY]: {
    'tools-call-sampling': NEEDS_REQUESTS_TO_CLIENTS,
    'tools-call-elicitation': NEEDS_REQUESTS_TO_CLIENTS,
    'elicitation-sep1034-defaults': NEEDS_REQUESTS_TO_CLIENTS,
    'elicitation-sep1330-enums': NEEDS_REQUESTS_TO_CLIENTS,
    'resources-subscribe': NEEDS_SUBSCRIPTION_OF_SESSION,
    'resources-unsubscribe': NEEDS_SUBSCRIPTION_OF_SESSION,
    'server-sse-multiple-streams': 'the suite gives up, with a warning, where it is given no session',
    'server-sse-polling': 'a stream can only be taken up again where events are kept for its session',
    'server-session-lifecycle': 'the suite finds nothing to check where it is given no session',
  },
}

/** What the suite skips, as lists do not change while a server runs. */
const SKIPPED: Record<string, string[]> = {
  [MODERN]: [
    'sep-2575-server-sends-prompts-list-changed-on-subscription',
    'sep-2575-server-sends-tools-list-changed-on-subscription',
  ],
  [LEGACY]: [],
}

/** Scenarios that say something of whatever tools, resources and prompts there are. */
const WITHOUT_FIXTURES: Record<string, string[]> = {
  [MODERN]: [
    'server-stateless',
    'tools-list',
    'server-sse-multiple-streams',
    'resources-list',
    'sep-2164-resource-not-found',
    'prompts-list',
    'dns-rebinding-protection',
    'caching',
    'input-required-result-unsupported-methods',
    'http-header-validation',
  ],
  [LEGACY]: ['server-initialize', 'ping', 'tools-list', 'resources-list', 'prompts-list', 'dns-rebinding-protection'],
}

/** Checks of those scenarios that call a tool of the suite's after all. */
const WITH_FIXTURES: Record<string, string[]> = {
  'server-stateless': [
    'sep-2575-server-rejects-undeclared-capability',
    'sep-2575-missing-capability-http-400',
    'sep-2575-http-server-no-independent-requests-on-stream',
    'sep-2575-server-no-log-without-loglevel',
  ],
}

t.test('the tools of AI staff', async (t) => {
  const url = await endpoint(t)
  for (const revision of [MODERN, LEGACY])
    t.test(revision, async (t) => {
      const { results } = await runSuite(t, url, revision)
      const asked = WITHOUT_FIXTURES[revision] ?? []
      const skipped = asked.flatMap((scenario) => {
        const ownChecks = results.get(scenario)?.filter(({ id }) => !WITH_FIXTURES[scenario]?.includes(id))
        return shouldPass(t, scenario, ownChecks)
      })
      t.same(skipped, SKIPPED[revision])
    })
})

t.test('the fixtures of the suite', async (t) => {
  const url = await endpoint(t, { createServer: createFixtureServer })
  for (const revision of [MODERN, LEGACY])
    t.test(revision, async (t) => {
      const listed = await list(revision)
      const { results, exitCode } = await runSuite(t, url, revision)
      t.same([...results.keys()].sort(), [...listed.required, ...listed.others].sort(), 'all that is listed ran')

      const leftOut = Object.keys(LEFT_OUT[revision] ?? {})
      for (const scenario of leftOut) {
        t.ok(results.has(scenario), `${scenario} is listed`)
        const { passed, wrong } = verdict(results.get(scenario))
        t.notOk(passed > 0 && wrong.length === 0, `${scenario} passes by now: hold the endpoint to it`)
      }
      const asked = [...results.keys()].filter((scenario) => !leftOut.includes(scenario))
      t.same(
        asked.flatMap((scenario) => shouldPass(t, scenario, results.get(scenario))),
        SKIPPED[revision],
      )
      const meetsAll = listed.required.every((scenario) => !leftOut.includes(scenario))
      t.equal(exitCode, meetsAll ? 0 : 1, 'what the suite itself makes of it')
    })
})

/** The app on a port, and before it what adds the token that the suite does not have. @returns the address to ask */
async function endpoint(t: Test, mcp?: AppDependencies['mcp']): Promise<string> {
  const { app, serviceAccount } = await testApp(t, {}, mcp ? { mcp } : {})
  const { token } = await serviceAccount(['files.read', 'files.write'])
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const forwarder = createServer((incoming, answer) => {
    const { method, url } = incoming
    // With the name that was asked for, which the endpoint looks at.
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` }
    const outgoing = request({ host: '127.0.0.1', port, method, path: url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      // A stream may say nothing for long.
      answer.flushHeaders()
      response.pipe(answer)
    })
    outgoing.on('error', () => answer.destroy())
    answer.on('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
  })
  return `http://127.0.0.1:${await listening(t, forwarder)}/mcp`
}

type Check = { id: string; status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'; errorMessage?: string }

/** Runs all that a revision asks of servers. @returns the checks of each scenario, as the suite has written them down */
async function runSuite(
  t: Test,
  url: string,
  revision: string,
): Promise<{ results: Map<string, Check[]>; exitCode: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-conformance-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const { exitCode } = await suite('server', '--url', url, '--requirements', revision, '--output-dir', folder)
  const results = new Map<string, Check[]>()
  for (const name of await readdir(folder)) {
    const [, scenario = name] = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(name) ?? []
    // Of what was cut off, there is none.
    const written = await readFile(join(folder, name, 'checks.json'), 'utf8').catch(() => '[]')
    results.set(scenario, JSON.parse(written))
  }
  return { results, exitCode }
}

/** What the suite asks of servers of a revision, and what it runs besides. */
async function list(revision: string): Promise<{ required: string[]; others: string[] }> {
  const { exitCode, output } = await suite('list', '--server', '--requirements', revision)
  const [servers = '', rest = ''] = output.split('Client scenarios')
  const required = [...servers.matchAll(/^ {2}- (\S+)$/gm)].map(([, name = '']) => name)
  const others = [...rest.matchAll(/^ {4}- (\S+) \[server\]$/gm)].map(([, name = '']) => name)
  if (exitCode !== 0 || required.length === 0) throw new Error(`the suite lists nothing: ${output}`)
  return { required, others }
}

/** Runs the suite's command. A failed scenario is no error here: its checks tell more. */
function suite(...args: string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve, reject) => {
    const options = { timeout: SUITE_TIMEOUT_MS, maxBuffer: Number.POSITIVE_INFINITY }
    execFile(process.execPath, [SUITE, ...args], options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code
      if (typeof exitCode === 'number') resolve({ exitCode, output: stdout + stderr })
      else reject(error)
    })
  })
}

/** Has a scenario pass without a warning. @returns the ids of the checks that were skipped */
function shouldPass(t: Test, scenario: string, checks?: Check[]): string[] {
  const { passed, skipped, wrong } = verdict(checks)
  t.same(wrong, [], scenario)
  t.ok(passed > 0, `${scenario}: ${passed} checks passed`)
  return skipped
}

function verdict(checks: Check[] = []): { passed: number; skipped: string[]; wrong: string[] } {
  const having = (...statuses: Check['status'][]) => checks.filter(({ status }) => statuses.includes(status))
  return {
    // That messages have their form is checked along with whatever is asked.
    passed: having('SUCCESS').filter(({ id }) => id !== 'wire-schema-valid').length,
    skipped: having('SKIPPED').map(({ id }) => id),
    wrong: having('FAILURE', 'WARNING').map(({ id, errorMessage }) => `${id}: ${errorMessage}`),
  }
}
