import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { createDb } from '../../db/client.ts'
import { testApp } from '../support/app.ts'
import { emptyDatabase } from '../support/database.ts'
import { runProgram, SECRETS, startServer } from '../support/server.ts'

const TABLES = sql<{ name: string }>`select tablename as name from pg_tables where schemaname in ('public', 'pgboss')`

t.test('hyperspeed migrate makes every table, for servers whose role can change no past', async (t) => {
  const { db, url } = await emptyDatabase(t)
  const migrate = () => runProgram(['migrate'], { ...SECRETS, DATABASE_URL: url })
  const early = await runProgram(['audit', 'verify'], { ...SECRETS, DATABASE_URL: url })
  t.match(early, { code: 1, stderr: /^hyperspeed: .*run hyperspeed migrate first\n$/ })
  const both = await Promise.all([migrate(), migrate()])
  for (const { code, stderr } of both) t.equal(code, 0, stderr)
  t.same(both.map(({ stdout }) => stdout.slice(0, 17)).sort(), ['ran 0001-identity', 'the database is u'])
  const tables = (await TABLES.execute(db)).rows.map(({ name }) => name)
  for (const name of ['automations', 'audit_log', 'job']) t.ok(tables.includes(name), name)
  const app = await applicationRole(t, url)
  const demo = await runProgram(['demo'], { ...SECRETS, DATABASE_URL: app })
  t.equal(demo.code, 0, demo.stderr)
  t.match(await runProgram(['demo'], { ...SECRETS, DATABASE_URL: app }), { code: 1, stderr: /an organization already/ })

  const server = await startServer(t, { ...SECRETS, DATABASE_URL: app })
  const [, org, space] = /ORG=(\S+) SPACE=(\S+)/.exec(demo.stdout) ?? []
  const [, email, password] = /EMAIL=(\S+) PASSWORD=(\S+)/.exec(demo.stdout) ?? []
  const call = async (method: string, path: string, body?: object, token = '') => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', prefer: 'wait=20' }
    const answer = await fetch(server.base + path, { method, headers, body: body ? JSON.stringify(body) : null })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
  }
  const { access_token } = (await call('POST', '/api/v1/auth/login', { email, password })).body
  const base = `/api/v1/organizations/${org}/spaces/${space}`
  const { automations } = (await call('GET', `${base}/automations`, undefined, access_token)).body
  const heartbeat = automations.find((each: { name: string }) => each.name === 'Heartbeat')
  const path = `${base}/automations/${heartbeat.id}`
  t.match(await call('POST', `${path}/run`, undefined, access_token), { body: { run: { status: 'succeeded' } } })
  t.equal((await call('PATCH', path, { name: 'Pulse' }, access_token)).status, 200)
  t.equal((await call('DELETE', path, undefined, access_token)).status, 204)
  t.equal((await call('DELETE', base, undefined, access_token)).status, 204)
  t.match(await runProgram(['audit', 'verify'], { ...SECRETS, DATABASE_URL: app }), { code: 0, stdout: /, 0 broken/ })

  const asApp = createDb(app, { pipelines: 1 })
  for (const statement of [
    sql`alter table audit_log disable trigger all`,
    sql`drop trigger automations_active_is_approved on automations`,
    sql`update audit_log set entry = ''`,
    sql`delete from audit_log`,
    sql`truncate audit_log`,
    sql`delete from audit_seals`,
    sql`update automation_revisions set name = 'x'`,
  ])
    await t.rejects(statement.execute(asApp), { code: '42501' })
  await asApp.destroy()
  server.child.kill('SIGTERM')
  t.equal(await server.exited, 0)
  await db.destroy()
})

/** Runs the statements of the page, for a role of this test alone. @returns the URL under which it connects. */
async function applicationRole(t: Test, owner: string): Promise<string> {
  const page = await readFile(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  const [, block = ''] = /^```sql\n(.*?)^```$/ms.exec(page) ?? []
  const role = `hs_app_${randomBytes(6).toString('hex')}`
  const database = new URL(owner).pathname.slice(1)
  const statements = block.replaceAll('hyperspeed_app', role).replaceAll('database hyperspeed', `database ${database}`)
  const db = createDb(owner, { pipelines: 1 })
  // Its rights go with the database, and the role with its rights.
  t.teardown(async () => {
    await sql.raw(`drop owned by ${role}`).execute(db)
    await sql.raw(`drop role ${role}`).execute(db)
    await db.destroy()
  })
  for (const statement of statements.split(/;.*\n/).filter((each) => each.trim() !== ''))
    await sql.raw(statement).execute(db)
  const url = new URL(owner)
  url.username = role
  url.password = '…'
  return url.href
}

t.test('hyperspeed rotate-keys', async (t) => {
  const { send, owner, organizationId, spaceId, databaseUrl } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  await send(owner, 'POST', base, { name: 'n', kind: 'webhook', oauth_token: 'canary' })
  const key = randomBytes(32).toString('base64')
  const run = (ring: string) =>
    runProgram(['rotate-keys'], { ...SECRETS, HS_ENCRYPTION_KEY: ring, DATABASE_URL: databaseUrl })
  const closed = await run(`k2:${key}`)
  t.match(closed, { code: 1, stdout: /^automation_secrets\.ciphertext: 0 encrypted again, 1 that no key opens$/m })
  const done = await run(`k2:${key},k1:${SECRETS.HS_ENCRYPTION_KEY}`)
  t.match(done, { code: 0, stdout: /^automation_secrets\.ciphertext: 1 encrypted again$/m, stderr: '' })
})
