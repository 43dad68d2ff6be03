import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientOf, demoVariables } from '../support/demo.ts'
import { recordResult } from '../support/results.ts'
import { spawnServer } from '../support/server.ts'
import { venvOf } from '../support/venv.ts'
import { prepareWorkspace, type Workspace } from './workspace.ts'

// Holds the running server against its document with Schemathesis, an independent tool that makes up requests, valid and
// invalid ones, and follows the links. Needs Python 3.10 or newer, and installs the tool once into .sdk/schemathesis.
//   npm run test:conformance               all passes
//   npm run test:conformance -- known-ids  those of that name; what follows goes to Schemathesis
const FOLDER = import.meta.dirname
/** What begins with an automation has the longest chains, and a pass to itself. */
const LONG_CHAINS = ['Automations', 'Review', 'Runs', 'Webhooks']
/** Each with a configuration of its name. */
const PASSES = [
  { name: 'known-ids', options: [] },
  { name: 'chains', options: ['--max-examples=100', ...LONG_CHAINS.map((tag) => `--include-tag=${tag}`)] },
  { name: 'chains', options: ['--max-examples=50', ...LONG_CHAINS.map((tag) => `--exclude-tag=${tag}`)] },
  { name: 'made-up-ids', options: [] },
]
/** Far more than a pass takes on a busy machine: one that is still under way by then hangs. */
const MAX_MS = 10 * 60_000

const REQUIREMENTS = join(FOLDER, 'requirements.txt')
const bin = await venvOf('schemathesis', REQUIREMENTS)
const version = await versionOf(REQUIREMENTS)
const [only, ...options] = process.argv.slice(2)
const passes = PASSES.filter(({ name }) => only === undefined || name === only)
const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-conformance-'))
try {
  const ids = await prepare(folder)
  const server = spawnServer({ DATA_DIR: folder, DEMO: '0', MULTI_TENANT: '1', ROLE: 'api' })
  try {
    const base = await server.base
    const values = { ...ids, ...(await writeUsers(folder, base, ids)), BASE: base }
    const results: { cases: number; failed: boolean }[] = []
    for (const pass of passes) results.push(await test(pass.name, values, [...pass.options, ...options]))
    const cases = results.reduce((sum, result) => sum + result.cases, 0)
    const failed = results.some((result) => result.failed)
    await recordResult({
      tool: 'Schemathesis',
      version,
      checks: `${cases} requests: examples, coverage, fuzzing, stateful`,
      result: failed ? 'failed' : 'passed',
    })
    process.exitCode = failed ? 1 : 0
  } finally {
    await stop(server)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** The pinned tool. @returns its version */
async function versionOf(requirements: string): Promise<string> {
  const [, pinned = ''] = /^schemathesis==(.*)$/m.exec(await readFile(requirements, 'utf8')) ?? []
  return pinned
}

/** Makes a demo workspace, and fills it by a server of one organization that has a worker, so that runs end. */
async function prepare(dataDir: string): Promise<Workspace> {
  const server = spawnServer({ DATA_DIR: dataDir })
  try {
    await server.base
    return await prepareWorkspace(await demoVariables(server.output))
  } finally {
    await stop(server)
  }
}

/** Writes down the people as whom the tool asks: the owner of the workspace, and one of another organization. */
async function writeUsers(folder: string, base: string, { ALICE_TOKEN: alice = '' }: Workspace): Promise<Workspace> {
  const bob = await clientOf(base)('POST', '/auth/register', {
    email: 'bob@example.com',
    password: 'correct horse battery',
    organization_name: 'Another organization',
  })
  const auth = Object.entries({ alice, bob: bob.access_token }).map(([name, token]) => ({
    name,
    fixedHeaders: [{ name: 'Authorization', value: `Bearer ${token}` }],
  }))
  const file = join(folder, 'users.json')
  await writeFile(file, JSON.stringify({ auth }))
  return { USERS: file }
}

/** Runs one pass and shows what the tool prints. */
async function test(pass: string, values: Workspace, options: string[]): Promise<{ cases: number; failed: boolean }> {
  const parts = await Promise.all(['schemathesis', pass].map((name) => readFile(join(FOLDER, `${name}.toml`), 'utf8')))
  const config = join(folder, `${pass}.toml`)
  await writeFile(
    config,
    parts.join('').replaceAll(/\$\{(\w+)\}/g, (_, name) => values[name] ?? missing(name)),
  )
  console.log(`\nSchemathesis, ${pass}`)
  const args = ['--config-file', config, 'run', `${values.BASE}/openapi.json`, '--no-color', ...options]
  const hooks = join(FOLDER, `${pass}.py`)
  const env = { ...process.env, ...(existsSync(hooks) ? { SCHEMATHESIS_HOOKS: hooks } : {}) }
  const tool = spawn(join(bin, 'st'), args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const timer = setTimeout(() => tool.kill(), MAX_MS)
  let output = ''
  tool.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    process.stdout.write(chunk)
  })
  const [code] = await once(tool, 'close')
  clearTimeout(timer)
  return { cases: Number(/(\d+) generated/.exec(output)?.[1] ?? 0), failed: code !== 0 }
}

function missing(name: string): never {
  throw new Error(`the configuration asks for ${name}, which nobody has made`)
}

async function stop({ child, exited, output }: ReturnType<typeof spawnServer>): Promise<void> {
  child.kill('SIGTERM')
  await exited
  // A 5xx is reported with its request alone; the log has its cause.
  for (const line of output) if (/"level":(50|60)/.test(line)) console.error(line)
}
