import { sql, type Transaction } from 'kysely'
import t from 'tap'
import { createDb } from '../../db/client.ts'
import { later } from '../../db/later.ts'
import type { DB } from '../../db/types.ts'
import { table } from '../support/notes.ts'

t.test('statements of a transaction are answered in the order in which they are called', async (t) => {
  const { db, write, ids } = await table(t)
  const seen = await db.transaction().execute(async (trx) => {
    const count = async () =>
      (await sql<{ n: number }>`select count(*)::integer as n from notes`.execute(trx)).rows[0]?.n
    const [before, , between, , after] = await Promise.all([count(), write(trx, 1), count(), write(trx, 2), count()])
    return [before, between, after]
  })
  t.same(seen, [0, 1, 2])
  t.same(await ids(), [1, 2])
})

t.test('one that fails takes all others with it, those that were sent behind it too', async (t) => {
  const { db, write, ids } = await table(t)
  await t.rejects(
    db.transaction().execute((trx) => Promise.all([write(trx, 1), write(trx, 1), write(trx, 2)])),
    { code: '23505' },
  )
  t.same(await ids(), [])
  await db.transaction().execute((trx) => write(trx, 3))
  t.same(await ids(), [3], 'and the connection goes on')
})

t.test('what was not committed is not taken for it, also where somebody overlooked why', async (t) => {
  const { db, write, ids } = await table(t)
  await t.rejects(
    db.transaction().execute(async (trx) => {
      await write(trx, 1)
      await write(trx, 1).catch(() => {})
    }),
    { message: /was not committed/ },
  )
  t.same(await ids(), [])
})

t.test('a transaction begins with its first statement, and one without any asks nothing of Postgres', async (t) => {
  const { db, write, ids } = await table(t)
  t.equal(await db.transaction().execute(async () => 7), 7)
  await t.rejects(
    db.transaction().execute(async () => {
      throw new Error('no')
    }),
    { message: 'no' },
  )
  await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      const level = await sql<{ transaction_isolation: string }>`show transaction isolation level`.execute(trx)
      t.same(level.rows, [{ transaction_isolation: 'repeatable read' }])
      const [first] = await Promise.all([ids(), sql`select 1`.execute(trx)])
      await write(db, 1)
      const { rows } = await sql`select from notes`.execute(trx)
      t.same([first, rows.length], [[], 0])
    })
})

t.test('what fails to begin writes nothing', async (t) => {
  const { url, ids } = await table(t)
  const other = createDb(url, { pipelines: 1, poolSize: 1 })
  t.teardown(() => other.destroy())
  // No such level: Postgres refuses the first statement, and takes what follows outside of any transaction.
  const broken = other.transaction().setIsolationLevel('snapshot')
  await t.rejects(broken.execute((trx) => sql`insert into notes values (1, '')`.execute(trx)))
  await t.rejects(
    broken.execute(async (trx) => {
      await Promise.all([sql`select 1`.execute(trx), sql`insert into notes values (2, '')`.execute(trx)])
    }),
  )
  t.same(await ids(), [])
})

t.test('the last statement goes with the commit', async (t) => {
  const { db, write, ids } = await table(t)
  const last = await db.transact(async (trx) => {
    await write(trx, 1)
    return async () => (await sql<{ n: number }>`select count(*)::integer as n from notes`.execute(trx)).rows
  })
  t.same(last, [{ n: 1 }])
  t.same(await ids(), [1])
  await t.rejects(
    db.transact(async (trx) => {
      await write(trx, 2)
      return () => write(trx, 2)
    }),
    { code: '23505' },
  )
  await t.rejects(
    db.transact(async (trx) => {
      await write(trx, 3)
      throw new Error('no')
    }),
    { message: 'no' },
  )
  t.same(await ids(), [1])
})

t.test('what nobody waits for goes with the next statement, or with the commit, in its order', async (t) => {
  const { db, write, ids } = await table(t)
  const put = (trx: Transaction<DB>, id: number) => later(trx, sql`insert into notes values (${id}, '')`.compile(trx))
  const seen = await db.transaction().execute(async (trx) => {
    await put(trx, 1)
    const { rows } = await sql<{ n: number }>`select count(*)::integer as n from notes`.execute(trx)
    await put(trx, 2)
    return rows
  })
  t.same(seen, [{ n: 1 }])
  t.same(await ids(), [1, 2])
  await db.transaction().execute((trx) => put(trx, 3))
  t.same(await ids(), [1, 2, 3], 'also where it is all that there is')

  await t.rejects(
    db.transaction().execute(async (trx) => {
      await put(trx, 3)
      await write(trx, 4)
    }),
    { code: '23505', table: 'notes' },
    'and where it fails, that is why the next one did',
  )
  const refused = db.transaction().execute(async (trx) => {
    await write(trx, 5)
    await put(trx, 3)
  })
  await t.rejects(refused, { code: '23505' }, 'or why nothing was committed')
  const given = db.transaction().execute(async (trx) => {
    await put(trx, 6)
    throw new Error('no')
  })
  await t.rejects(given, { message: 'no' })
  t.same(await ids(), [1, 2, 3])
})

t.test('nothing goes on in a transaction that is over', async (t) => {
  const { db, write, ids } = await table(t)
  let kept: unknown
  await db.transaction().execute(async (trx) => {
    kept = trx
    await write(trx, 1)
  })
  await t.rejects(write(kept, 2), { message: 'the transaction is over' })
  const late = sql`insert into notes values (3, '')`.compile(db)
  await t.rejects(later(kept as Transaction<DB>, late), { message: 'the transaction is over' })
  t.same(await ids(), [1])
})
