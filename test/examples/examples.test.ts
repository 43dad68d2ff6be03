import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { freePort } from '../../db/free-port.ts'
import { demoVariables } from '../support/demo.ts'
import { startServer } from '../support/server.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')
const PATH = process.env.PATH ?? ''

/** What each prints, line by line. */
const OUTCOMES: Record<string, RegExp[]> = {
  'propose-and-approve.ts': [
    /AI staff proposed "Evening summary": it is pending_approval/,
    /AI staff can't activate it: 403 service_account_status/,
    /\/config.*0 18 \* \* MON-FRI/,
    /a person approved it: it is active, and due at \d{4}-/,
    /and deleted it/,
  ],
  'schedule.ts': [
    /T09:00:00\+0[12]:00/,
    /"Good morning" is active, and due at \d{4}-/,
    /run [0-9a-f-]{36} succeeded/,
    /in #general: Good morning! This is Good morning\./,
    /and deleted it/,
  ],
  'webhook-from-github.ts': [
    /GitHub delivers to http:\/\/127\.0\.0\.1:\d+\/api\/v1\/hooks\//,
    /the push is taken/,
    /is the same event and runs nothing/,
    /is refused: 40\d/,
    /its run succeeded/,
    /is deleted/,
  ],
  'page-through-runs.ts': [/page 1: .* manual /, /page 3: /, /"Heartbeat" has \d+ runs on \d+ pages/],
  'follow-events.ts': [
    /following/,
    /automation\.created: active/,
    /the connection is gone/,
    /back again/,
    /run\.created: queued/,
    /run\.updated: succeeded/,
    /nothing was missed/,
  ],
}

// A busy machine takes its time.
t.setTimeout(300_000)

t.test('every example runs on the demo workspace', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-examples-'))
  // A webhook says where its events come in, so the server must know its own address.
  const port = await freePort()
  const server = await startServer(t, { DATA_DIR: folder, PORT: String(port) })
  t.teardown(async () => {
    server.child.kill('SIGTERM')
    await server.exited
    await rm(folder, { recursive: true, force: true })
  })
  const demo = await demoVariables(server.output)
  const scripts = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.ts') && name !== 'api.ts')
  t.same(scripts.sort(), Object.keys(OUTCOMES).sort(), 'each has an outcome here')
  const readme = await readFile(join(EXAMPLES, 'README.md'), 'utf8')

  for (const [script, outcome] of Object.entries(OUTCOMES)) {
    const run = (args: string[], env: Record<string, string>) =>
      promisify(execFile)(process.execPath, [join(EXAMPLES, script), ...args], { env: { PATH, ...env } })
    t.test(script, async (t) => {
      const { stdout } = await run([], demo)
      const wanted = new RegExp(outcome.map(({ source }) => source).join('.*'), 's')
      t.match(stdout, wanted)
      t.ok(readme.includes(`[${basename(script)}](${script})`), 'examples/README.md has it')
      const help = await run(['--help'], {})
      t.match(help.stdout, `node examples/${script}`)
      await t.rejects(run([], {}), { code: 2, stderr: /Not set: HS/ }, 'without settings it says which are missing')
    })
  }
})
