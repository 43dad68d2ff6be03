import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import t from 'tap'
import { createDb } from '../../db/client.ts'
import { EmbeddedPostgresError, startEmbedded } from '../../db/embedded.ts'
import { until } from '../support/until.ts'

async function query(url: string, statement: string): Promise<unknown[]> {
  const db = createDb(url, { pipelines: 1 })
  try {
    return (await sql.raw(statement).execute(db)).rows
  } finally {
    await db.destroy()
  }
}

t.test('the embedded Postgres', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-embedded-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))

  await t.test('starts on an empty folder, keeps its data, and listens on loopback with a password', async (t) => {
    const first = await startEmbedded(folder)
    await query(first.url, 'create table kept as select 42 as answer')
    t.match(await query(first.url, 'show listen_addresses'), [{ listen_addresses: '127.0.0.1' }])
    t.equal((await stat(join(folder, 'postgres-password'))).mode & 0o777, 0o600)
    const wrong = new URL(first.url)
    wrong.password = 'guess'
    await t.rejects(query(wrong.href, 'select 1'), { code: '28P01' })
    await first.stop()
    const second = await startEmbedded(folder)
    t.same(await query(second.url, 'select answer from kept'), [{ answer: 42 }])
    await second.stop()
  })

  await t.test('is one server process’s at a time, and anybody’s to attach to', async (t) => {
    const owner = await startEmbedded(folder)
    await t.rejects(
      startEmbedded(folder),
      new EmbeddedPostgresError(`${folder} is in use by another running server: stop it, or set DATA_DIR`),
    )
    const attached = await startEmbedded(folder, { attach: true })
    t.equal(attached.url, owner.url)
    await attached.stop()
    t.same(await query(owner.url, 'select answer from kept'), [{ answer: 42 }], 'detaching leaves it running')
    await owner.stop()
    await t.rejects(
      startEmbedded(folder, { attach: true }),
      new EmbeddedPostgresError(`no server is running on ${folder}`),
    )
  })

  await t.test('outlives a killed program and is adopted by the next', async (t) => {
    const program = `
      const { startEmbedded } = await import(${JSON.stringify(join(import.meta.dirname, '../../db/embedded.ts'))})
      console.log((await startEmbedded(${JSON.stringify(folder)})).url)
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [url] = await once(child.stdout, 'data')
    await query(String(url).trim(), `insert into kept values (43)`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const adopted = await startEmbedded(folder)
    t.equal(adopted.url, String(url).trim(), 'the same server goes on')
    t.same(await query(adopted.url, 'select answer from kept order by 1'), [{ answer: 42 }, { answer: 43 }])
    await adopted.stop()
  })

  await t.test('is brought back where it was when it is killed, and when its owner is cut off', async (t) => {
    const postgres = await startEmbedded(folder)
    const answers = async () => query(postgres.url, 'select count(*)::int as n from kept').catch(() => undefined)
    const pid = async () => (await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0] ?? ''
    await query(postgres.url, 'insert into kept values (44)')
    const first = await pid()
    await promisify(execFile)('kill', ['-9', first])
    await until(async () => (await pid().catch(() => first)) !== first && (await answers()) !== undefined)
    t.same(await answers(), [{ n: 3 }])

    const owners = `from pg_stat_activity where application_name = 'hyperspeed owner'`
    const owner = async () => JSON.stringify(await query(postgres.url, `select pid ${owners}`))
    const before = await owner()
    await query(postgres.url, `select pg_terminate_backend(pid) ${owners}`)
    await until(async () => ![before, '[]'].includes(await owner()))
    await t.rejects(startEmbedded(folder), /is in use by another running server/)
    await postgres.stop()
    await t.rejects(startEmbedded(folder, { attach: true }), /no server is running/)
  })
})
