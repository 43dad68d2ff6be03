import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readdir, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import t from 'tap'
import { createDb } from '../../db/client.ts'
import { EmbeddedPostgresError, removeEmbedded, startEmbedded } from '../../db/embedded.ts'
import { runProgram } from '../support/server.ts'
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

  await t.test('believes no postmaster.pid whose number another program has by now', async (t) => {
    const first = await startEmbedded(folder)
    const file = join(folder, 'postgres', 'postmaster.pid')
    const left = await readFile(file, 'utf8')
    await first.stop()
    const { uid, gid } = await stat(join(folder, 'postgres'))
    const other = spawn('sleep', ['60'], { stdio: 'ignore', uid, gid })
    t.teardown(() => other.kill())
    await writeFile(file, left.replace(/^\d+/, String(other.pid)))
    await chown(file, uid, gid)
    await t.rejects(startEmbedded(folder, { attach: true }), /no server is running/)
    const second = await startEmbedded(folder)
    t.same(await query(second.url, 'select count(*)::int as n from kept'), [{ n: 3 }])
    t.equal(other.exitCode, null, 'that program is left alone')
    await second.stop()
  })

  await t.test('ends with a program that ends without stopping it', async () => {
    const program = `
      const { startEmbedded } = await import(${JSON.stringify(join(import.meta.dirname, '../../db/embedded.ts'))})
      await startEmbedded(${JSON.stringify(folder)})
      throw new Error('a bug')`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: 'ignore' })
    await once(child, 'exit')
    await until(async () =>
      readFile(join(folder, 'postgres', 'postmaster.pid')).then(
        () => false,
        () => true,
      ),
    )
  })

  await t.test('heeds nothing that libpq’s variables say of another server', async (t) => {
    const other = {
      PGSSLMODE: 'require',
      PGOPTIONS: '-c search_path=nowhere',
      PGHOST: 'nowhere.invalid',
      PGUSER: 'nobody',
    }
    Object.assign(process.env, other)
    const postgres = await startEmbedded(folder)
    t.same(await query(postgres.url, 'show search_path'), [{ search_path: '"$user", public' }])
    await postgres.stop()
  })
})

t.test('odd characters in the data folder are only characters', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'hyperspeed-odd-'))
  await chmod(parent, 0o755)
  t.teardown(() => rm(parent, { recursive: true, force: true }))
  const folder = join(parent, `it's "odd" $(touch ran) \`touch ran\` %s \\ ; & ü 🎉 `)
  const postgres = await startEmbedded(folder)
  t.same(await query(postgres.url, 'select 1 as one'), [{ one: 1 }])
  await postgres.stop()
  t.same(await readdir(parent), [basename(folder)])
  const again = await startEmbedded(folder)
  await again.stop()
})

t.test('a data folder that only root may enter', { skip: process.getuid?.() !== 0 && 'not root' }, async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'hyperspeed-private-'))
  const folder = join(parent, 'data')
  t.teardown(() => removeEmbedded(folder).then(() => rm(parent, { recursive: true, force: true })))
  const notices: string[] = []
  const first = await startEmbedded(folder, { onNotice: (line) => notices.push(line) })
  await query(first.url, 'create table kept as select 42 as answer')
  await first.stop()
  const elsewhere = await readlink(join(folder, 'postgres'))
  t.match(elsewhere, /^\/var\/lib\/hyperspeed\/data-/)
  t.match(notices, [new RegExp(`who can't reach everything in ${parent}: .*its data is in ${elsewhere}$`)])
  const second = await startEmbedded(folder)
  t.same(await query(second.url, 'select answer from kept'), [{ answer: 42 }])
  await second.stop()
  await removeEmbedded(folder)
  await t.rejects(stat(elsewhere), { code: 'ENOENT' })

  t.comment('one that was moved there with its data can not be started, and the reason is a line')
  const open = join(await mkdtemp(join(tmpdir(), 'hyperspeed-open-')), 'data')
  await chmod(dirname(open), 0o755)
  const there = await startEmbedded(open)
  await there.stop()
  await rename(open, folder)
  await t.rejects(startEmbedded(folder), /^Postgres runs as .*move .*, and set DATA_DIR to it$/)
  await rm(dirname(open), { recursive: true })
})

/** Why nothing can be run here as a user that has no account, or false. */
function noOtherUser(ids: { uid: number; gid: number }): string | false {
  if (process.getuid?.() !== 0) return 'not root'
  const { error } = spawnSync(process.execPath, ['--version'], ids)
  return error === undefined ? false : 'only root may enter this checkout'
}

const NOBODY = { uid: 54_321, gid: 54_321 }
t.test('a user id without an account', { skip: noOtherUser(NOBODY) }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-nobody-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await chown(folder, NOBODY.uid, NOBODY.gid)
  const { code, stderr } = await runProgram(['serve'], { DATA_DIR: folder, PORT: '0', DEMO: '0' }, NOBODY)
  t.equal(code, 1)
  t.match(stderr, /^hyperspeed: the user id 54321 has no account .* or set DATABASE_URL\n/)
})
