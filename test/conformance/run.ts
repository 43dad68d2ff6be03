import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '../..')
const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-conformance-'))

// biome-ignore lint/suspicious/noExplicitAny: read as it comes
type Json = any
async function startServer(env: Record<string, string>) {
  const child = spawn(process.execPath, ['bin/hyperspeed.ts', 'serve'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, PORT: '0', RATE_LIMIT: 'off', MULTI_TENANT: '1', DATA_DIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  const lines = createInterface({ input: child.stdout })
  const base = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      if (/"level":(50|60)/.test(line)) console.log(line.slice(0, 3000))
      out += `${line}\n`
      const [, found] = /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(line) ?? []
      if (found) setTimeout(resolve, 300, found)
    })
    child.on('exit', () => reject(new Error(out)))
  })
  const exported = Object.fromEntries(
    [...out.matchAll(/\b(HS|ORG|SPACE|EMAIL|PASSWORD|AI_TOKEN)=(\S+)/g)].map(([, a, b]) => [a, b]),
  )
  return {
    base,
    exported,
    stop: async () => {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
const first = await startServer({})
const { ORG, SPACE, EMAIL, PASSWORD } = first.exported
const api =
  (base: string, token = '') =>
  async (method: string, path: string, body?: object, headers = {}): Promise<Json> => {
    const r = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      body: body ? JSON.stringify(body) : null,
    })
    const text = await r.text()
    if (!r.ok) throw new Error(`${method} ${path} ${r.status} ${text}`)
    return JSON.parse(text)
  }
const anon = api(first.base)
const alice = (await anon('POST', '/auth/login', { email: EMAIL, password: PASSWORD })).access_token
const bobReg = await anon('POST', '/auth/register', {
  email: 'bob@example.com',
  password: 'correct horse battery',
  name: 'Bob',
  organization_name: 'Bobs',
})
const bob = bobReg.access_token
const a = api(first.base, alice)
const org = `/organizations/${ORG}`
const space = `${org}/spaces/${SPACE}`
const automations = (await a('GET', `${space}/automations?status=active`)).automations
const heartbeat = automations.find((x: Json) => x.name === 'Heartbeat')
const run = (await a('POST', `${space}/automations/${heartbeat.id}/run`, undefined, { prefer: 'wait=20' })).run
const room = (await a('GET', `${space}/chat-rooms`)).chat_rooms[0]
const roles = (await a('GET', `${org}/roles`)).roles
const sa = (await a('GET', `${org}/service-accounts`)).service_accounts[0]
const members = (await a('GET', `${org}/members`)).members
await first.stop()
const server = await startServer({ ROLE: 'api', DEMO: '0' })
const wfc = join(folder, 'wfc.json')
await writeFile(
  wfc,
  JSON.stringify({
    auth: [
      ['alice', alice],
      ['bob', bob],
    ].map(([name, token]) => ({ name, fixedHeaders: [{ name: 'Authorization', value: `Bearer ${token}` }] })),
  }),
)
const values: Record<string, string> = {
  HS_BASE: server.base,
  ORG_ID: ORG,
  SPACE_ID: SPACE,
  AUTOMATION_ID: heartbeat.id,
  RUN_ID: run.id,
  CHAT_ROOM_ID: room.id,
  MEMBER_ID: members.at(-1).user_id,
  ROLE_ID: roles.find((r: Json) => !r.is_system).id,
  SERVICE_ACCOUNT_ID: sa.id,
  WFC_FILE: wfc,
}
const template = await readFile(join(import.meta.dirname, 'schemathesis.toml'), 'utf8')
const config = join(folder, 'schemathesis.toml')
await writeFile(
  config,
  template.replaceAll(/\$\{(\w+)\}/g, (_, name) => values[name] ?? ''),
)
const st = spawn(
  join(ROOT, '.sdk/schemathesis/bin/st'),
  [
    '--config-file',
    config,
    'run',
    `${server.base}/openapi.json`,
    '--generation-database=none',
    ...process.argv.slice(2),
  ],
  { cwd: ROOT, stdio: 'inherit' },
)
const [code] = await once(st, 'exit')
await server.stop()
await rm(folder, { recursive: true, force: true })
process.exitCode = code
