import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { createDb } from '../../db/client.ts'
import { startEmbedded } from '../../db/embedded.ts'
import { checkServer } from '../../db/server.ts'
import { runProgram, SECRETS, spawnServer } from '../support/server.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)

/** Who runs what refuses to run as root. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)),
  )
  return { uid: uid ?? 0, gid: gid ?? 0 }
}

async function scratch(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-servers-'))
  await chmod(folder, 0o755)
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What a start says that fails. */
async function refusal(url: string): Promise<string> {
  const { code, stderr } = await runProgram(['serve'], { ...SECRETS, DATABASE_URL: url, PORT: '0' })
  t.equal(code, 1)
  t.equal(stderr.split('\n').length, 2, `one line: ${stderr}`)
  t.notMatch(stderr, /canary/)
  return stderr
}

function withParameters(url: string, parameters: Record<string, string>): string {
  const changed = new URL(url)
  changed.search = new URLSearchParams(parameters).toString()
  return changed.href
}

t.test('TLS as libpq means it', async (t) => {
  const folder = await scratch(t)
  const at = (name: string) => join(folder, name)
  for (const [name, host] of Object.entries({ server: 'localhost', other: 'elsewhere.example' })) {
    const names = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`]
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)]
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, ...files])
  }
  const owner = await unprivileged()
  await chmod(at('server.key'), 0o600)
  if (owner) for (const name of ['server.key', 'server.crt']) await chown(at(name), owner.uid, owner.gid)
  const settings = { ssl: 'on', ssl_cert_file: at('server.crt'), ssl_key_file: at('server.key') }
  const postgres = await startEmbedded(at('data'), { settings })
  t.teardown(() => postgres.stop())
  const usesTls = async (url: string): Promise<boolean> => {
    const db = createDb(await checkServer(url), { pipelines: 1, poolSize: 1 })
    const { rows } = await sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(db)
    await db.destroy()
    return rows[0]?.ssl ?? false
  }
  const [right, wrong] = [at('server.crt'), at('other.crt')]
  const named = (host: string) => {
    const url = new URL(postgres.url)
    url.hostname = host
    return url.href
  }
  const [localhost, address] = [named('localhost'), named('127.0.0.1')]

  t.equal(await usesTls(withParameters(address, { sslmode: 'require' })), true, 'any certificate does')
  t.equal(await usesTls(withParameters(address, { sslmode: 'prefer' })), true)
  t.equal(await usesTls(withParameters(address, { sslmode: 'allow' })), false)
  t.equal(await usesTls(withParameters(address, { sslmode: 'disable' })), false)
  t.equal(await usesTls(withParameters(address, { sslmode: 'verify-ca', sslrootcert: right })), true)
  t.equal(await usesTls(withParameters(localhost, { sslmode: 'verify-full', sslrootcert: right })), true)

  const cases: [url: string, line: RegExp][] = [
    [withParameters(localhost, { sslmode: 'verify-full', sslrootcert: wrong }), /self-signed certificate/],
    [withParameters(localhost, { sslmode: 'require', sslrootcert: wrong }), /self-signed certificate/],
    [withParameters(address, { sslmode: 'verify-full', sslrootcert: right }), /does not match certificate/],
    [withParameters(localhost, { sslmode: 'verify-full', sslrootcert: at('nowhere.crt') }), /ENOENT.*nowhere\.crt/],
    [withParameters(localhost, { sslmode: 'verify-ca' }), /verify-ca needs sslrootcert/],
    [withParameters(localhost, { sslmode: 'on' }), /sslmode takes one of disable, allow/],
  ]
  for (const [url, line] of cases) {
    const said = await refusal(url)
    t.match(said, /^hyperspeed: DATABASE_URL: /)
    t.match(said, line)
  }
})

t.test('a server without TLS', async (t) => {
  const url = process.env.TEST_DATABASE_URL ?? ''
  t.match(await refusal(withParameters(url, { sslmode: 'require' })), /DATABASE_URL: .*does not support SSL/)
  t.match(await checkServer(withParameters(url, { sslmode: 'prefer' })), /sslmode=disable/)
})

/** PgBouncer in front of the Postgres of the tests. */
async function startPgBouncer(t: Test, mode: string): Promise<string> {
  const folder = await scratch(t)
  const target = new URL(process.env.TEST_DATABASE_URL ?? '')
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  free.close()
  const login = `user=${target.username}${target.password && ` password=${target.password}`}`
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(
    file,
    `[databases]
* = host=${target.hostname} port=${target.port} ${login}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 60
logfile = ${join(folder, 'log')}
`,
  )
  const owner = await unprivileged()
  if (owner) for (const path of [folder, file]) await chown(path, owner.uid, owner.gid)
  const child = spawn('pgbouncer', [file], { stdio: 'ignore', ...owner })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGTERM')
    child.kill('SIGKILL')
    await exited
  })
  target.port = String(port)
  await until(async () =>
    checkServer(target.href).then(
      () => true,
      (error) => /pooler/.test(String(error)),
    ),
  )
  return target.href
}

const hasPgBouncer = await access('/usr/sbin/pgbouncer').then(
  () => true,
  () => false,
)

t.test('through PgBouncer', { skip: hasPgBouncer ? false : 'PgBouncer is not installed' }, async (t) => {
  await t.test('whose sessions stay with their clients, everything runs', async (t) => {
    const { testDatabase } = await import('../support/database.ts')
    const { url } = await testDatabase(t)
    const pooled = new URL(await startPgBouncer(t, 'session'))
    pooled.pathname = new URL(url).pathname
    const server = spawnServer({ ...SECRETS, DATABASE_URL: pooled.href, LOG_LEVEL: 'info' })
    t.equal((await fetch(`${await server.base}/readyz`)).status, 200)
    const registered = await fetch(`${await server.base}/api/v1/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ada@example.com', password: 'correct horse', organization_name: 'Acme' }),
    })
    t.equal(registered.status, 201, await registered.text())
    server.child.kill('SIGTERM')
    t.equal(await server.exited, 0)
    t.notMatch(server.output.join('\n'), /error|failed|broke/)
  })

  await t.test('whose transactions each get another session, the start says what to do', async (t) => {
    for (const mode of ['transaction', 'statement'])
      t.match(
        await refusal(await startPgBouncer(t, mode)),
        /DATABASE_URL: a pooler .* give the address of Postgres itself/,
      )
  })
})
