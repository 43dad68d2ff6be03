import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { createDb } from '../../db/client.ts'
import { isMigrated, migrate } from '../../db/migrate.ts'
import { testDatabase } from '../support/database.ts'

t.test('processes that start together, or while others run, migrate once', async (t) => {
  const { db, url } = await testDatabase(t)
  const name = `hs_test_${randomBytes(6).toString('hex')}`
  await sql`create database ${sql.id(name)}`.execute(db)
  const empty = new URL(url)
  empty.pathname = `/${name}`
  const processes = Array.from({ length: 3 }, () => createDb(empty.href))
  t.teardown(async () => {
    for (const each of processes) await each.destroy()
    await sql`drop database ${sql.id(name)} with (force)`.execute(db)
  })
  const [first, ...others] = processes
  if (first === undefined) throw new Error('no process')
  const ran = await Promise.all(processes.map(migrate))
  t.equal(ran.flat().length, new Set(ran.flat()).size, 'each migration ran once')
  t.ok(ran.flat().length > 0)
  t.ok(await isMigrated(first))
  for (const other of others) t.same(await migrate(other), [], 'the first still lives, and holds nothing')
})
