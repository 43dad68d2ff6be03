import { setTimeout as wait } from 'node:timers/promises'
import { sql, type Transaction } from 'kysely'
import t from 'tap'
import { createDb, type Database } from '../../db/client.ts'
import { later } from '../../db/later.ts'
import { preparedAppend } from '../../db/prepared.ts'
import type { DB } from '../../db/types.ts'
import { table } from '../support/notes.ts'

/** Does something in a transaction that may be committed with others. */
function inGroup(db: Database, work: (trx: Transaction<DB>) => Promise<unknown>): Promise<void> {
  return db.transact(async (trx) => {
    await work(trx)
    return async () => {}
  }, 'one')
}

t.test('transactions of which all is known are committed together, and each is one all the same', async (t) => {
  const { db: main, url, ids } = await table(t)
  await sql`
    create table replies (note_id integer references notes deferrable initially deferred)`.execute(main)
  const db = createDb(url, { wholes: 1, poolSize: 1 })
  t.teardown(() => db.destroy())
  const reply = (trx: Transaction<DB>, id: number) => later(trx, sql`insert into replies values (${id})`.compile(trx))
  const put = (trx: Transaction<DB>, id: number) => later(trx, sql`insert into notes values (${id}, '')`.compile(trx))
  type Where = { pid: number; transaction: string; notes: number }
  const where = (trx: Transaction<DB>) =>
    sql<Where>`
    select pg_backend_pid() as pid, pg_current_xact_id()::text as transaction, count(*)::integer as notes from notes`.execute(
      trx,
    )
  const whole = (id: number, organizationId = 'one') =>
    db.transact(async (trx) => {
      const began = where(trx)
      await put(trx, id)
      return async () => (await Promise.all([began, where(trx)])).flatMap(({ rows }) => rows)
    }, organizationId)

  const all = (await Promise.all([whole(1), whole(2), whole(3)])).flat()
  t.equal(new Set(all.map(({ pid }) => pid)).size, 1)
  t.equal(new Set(all.map(({ transaction }) => transaction)).size, 1)
  t.same(
    all.map(({ notes }) => notes),
    [0, 1, 1, 2, 2, 3],
    'in turn',
  )
  const others = await Promise.all([whole(11, 'one'), whole(12, 'two'), whole(13, 'one')])
  const [one, two, again] = others.map(([first]) => first?.transaction)
  t.equal(one, again)
  t.not(one, two, 'only those of one organization')
  await sql`delete from notes where id > 10`.execute(main)

  // Where one fails, the others are there all the same, and see of each other what they would have seen one after the other.
  const outcomes = await Promise.allSettled([
    inGroup(db, async (trx) => {
      await put(trx, 4)
      await put(trx, 1)
    }),
    inGroup(db, async (trx) => {
      await put(trx, 5)
      await reply(trx, 6)
    }),
    inGroup(db, async (trx) => {
      await put(trx, 1)
      await later(trx, sql`update notes set text = 'new' where id = ${5}`.compile(trx))
    }),
    inGroup(db, (trx) => later(trx, sql`update notes set text = 'new' where id = ${5}`.compile(trx))),
    inGroup(db, async (trx) => {
      await reply(trx, 7)
      await put(trx, 7)
    }),
    inGroup(db, (trx) => later(trx, sql`insert into nothing values (1)`.compile(trx))),
    inGroup(db, (trx) => put(trx, 8)),
  ])
  t.same(
    outcomes.map((each) => (each.status === 'fulfilled' ? 'done' : each.reason.code)),
    ['23505', '23503', '23505', 'done', 'done', '42P01', 'done'],
  )
  t.same(await ids(), [1, 2, 3, 7, 8])
})

t.test('who waits for a lock holds nobody up who shares the connection', async (t) => {
  const { db: main, url, write, ids } = await table(t)
  await write(main, 1)
  const db = createDb(url, { wholes: 1, poolSize: 2 })
  t.teardown(() => db.destroy())
  const change = (trx: Transaction<DB>, id: number) =>
    later(trx, sql`update notes set text = text || '!' where id = ${id}`.compile(trx))
  const put = (id: number) => inGroup(db, (trx) => later(trx, sql`insert into notes values (${id}, '')`.compile(trx)))
  let waiting: Promise<void> | undefined
  let hasEnded = false
  await main.transaction().execute(async (trx) => {
    await sql`select from notes where id = 1 for update`.execute(trx)
    waiting = inGroup(db, (other) => change(other, 1)).then(() => {
      hasEnded = true
    })
    for (let id = 2; id < 20; id++) await put(id)
    t.equal(hasEnded, false)
  })
  await waiting
  t.equal((await ids()).length, 19)
  const { rows } = await sql<{ text: string }>`select text from notes where id = 1`.execute(db)
  t.same(rows, [{ text: '!' }], 'once')
})

t.test('whoever relies on a statement that could not be prepared hears why', async (t) => {
  const { db: main, url, ids } = await table(t)
  const db = createDb(url, { wholes: 1, statementTimeout: 300 })
  t.teardown(() => db.destroy())
  const put = (id: number) => inGroup(db, (trx) => later(trx, sql`insert into notes values (${id}, '')`.compile(trx)))
  await main.transaction().execute(async (trx) => {
    await sql`lock table notes in access exclusive mode`.execute(trx)
    const outcomes = await Promise.allSettled([put(1), put(2), put(3)])
    t.same(
      outcomes.map((each) => each.status === 'rejected' && each.reason.code),
      ['57014', '57014', '57014'],
    )
  })
  await Promise.all([put(1), put(2)])
  t.same(await ids(), [1, 2])
})

t.test('who comes while a group is under way waits a moment for it, and no longer', async (t) => {
  const { url, ids } = await table(t)
  const db = createDb(url, { wholes: 2 })
  t.teardown(() => db.destroy())
  const put = (id: number, more = sql`select`) =>
    db.transact(async (trx) => {
      await later(trx, sql`insert into notes values (${id}, '')`.compile(trx))
      await later(trx, more.compile(trx))
      return async () => {
        const { rows } = await sql<{ transaction: string }>`select pg_current_xact_id()::text as transaction`.execute(
          trx,
        )
        return rows[0]?.transaction
      }
    }, 'one')
  await Promise.all([put(1), put(2)])
  const slow = put(3, sql`select pg_sleep(0.7)`)
  await wait(100)
  const transactions = await Promise.all(Array.from({ length: 40 }, (_, i) => put(10 + i)))
  t.equal(new Set(transactions).size, 3, 'sixteen at the most')
  t.same((await ids()).length, 42)
  await slow
  t.same((await ids()).length, 43)
})

t.test('what is lost with its connection is told so, and what comes after goes on', async (t) => {
  const { db: main, url, ids } = await table(t)
  const db = createDb(url, { wholes: 1 })
  t.teardown(() => db.destroy())
  const put = (id: number, more = sql`select`) =>
    inGroup(db, async (trx) => {
      await later(trx, sql`insert into notes values (${id}, '')`.compile(trx))
      await later(trx, more.compile(trx))
    })
  await put(1)
  const lost = Promise.allSettled([put(2), put(3, sql`select pg_sleep(20)`), put(4)])
  await wait(100)
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(20)%' and pid <> pg_backend_pid()`.execute(
    main,
  )
  t.same(
    (await lost).map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  await wait(100) // until the socket says that it is closed
  await Promise.all([put(5), put(6)])
  t.same(await ids(), [1, 5, 6])
})

t.test('two changes of one row that come together are made one after the other', async (t) => {
  const { db: main, url } = await table(t)
  const db = createDb(url)
  t.teardown(() => db.destroy())
  await sql`insert into notes select n, '' from generate_series(1, 5) n`.execute(main)
  const add = (id: number) =>
    inGroup(db, (trx) => later(trx, sql`update notes set text = text || '!' where id = ${id}`.compile(trx)))
  // In other orders by each, so that groups wait for one another.
  for (let round = 0; round < 20; round++) {
    const one = [1, 2, 3, 4, 5].map(add)
    await wait(1)
    await Promise.all([...one, ...[5, 4, 3, 2, 1].map(add)])
  }
  const { rows } = await sql<{ text: string }>`select text from notes`.execute(main)
  t.same(
    rows.map(({ text }) => text.length),
    [40, 40, 40, 40, 40],
  )
})

t.test('what several append is one statement, and only whose row is refused hears of it', async (t) => {
  const { db: main, url } = await table(t)
  const db = createDb(url, { wholes: 1 })
  t.teardown(() => db.destroy())
  await sql`create table entries (id integer primary key, at timestamptz, words text[], doc json, note text)`.execute(
    main,
  )
  await sql`create table counts (rows bigint)`.execute(main)
  await sql`
    create function count_rows() returns trigger language plpgsql as $$
    begin
      insert into counts select count(*) from added;
      return null;
    end $$`.execute(main)
  await sql`
    create trigger count_rows after insert on entries referencing new table as added
      for each statement execute function count_rows()`.execute(main)
  type Entry = { id: number; at: Date | null; words: string[]; doc: string; note: string | null }
  const append = preparedAppend<Entry>(
    { id: 'integer', at: 'timestamptz', words: 'text[]', doc: 'json', note: 'text' },
    (rows) => sql`insert into entries select id, at, words, doc, note from ${rows}`,
  )
  const add = (entry: Partial<Entry> & { id: number }) =>
    db.transact(async (trx) => {
      await append(trx, { at: null, words: [], doc: '{}', note: null, ...entry })
      return async () => (await sql<{ id: number }>`select id from entries where id = ${entry.id}`.execute(trx)).rows
    }, 'one')
  const counts = async () => {
    const { rows } = await sql<{
      rows: string
    }>`with gone as (delete from counts returning rows) select * from gone`.execute(main)
    return rows.map(({ rows }) => Number(rows)).sort((a, b) => a - b)
  }

  const odd = {
    at: new Date('2026-01-02T03:04:05.678Z'),
    words: ['a,b', '"', '{}', '\\', '', 'null', 'ä\u{1f4a1}\n'],
    doc: '{"n": 1.50, "big": 12345678901234567890, "u": "\\u0041", "n": 2}',
    note: `'"\\ {} $1 [] \u2028 \ud7ff`,
  }
  const answers = await Promise.all([add({ id: 1 }), add({ id: 2, ...odd }), add({ id: 3 })])
  t.same(answers, [[{ id: 1 }], [{ id: 2 }], [{ id: 3 }]], 'each is answered with its own')
  t.same(await counts(), [3])
  const { rows } = await sql<Entry>`select id, at, words, doc::text, note from entries where id = 2`.execute(main)
  t.same(rows, [{ id: 2, ...odd }], 'as it is written')

  const outcomes = await Promise.allSettled([add({ id: 4 }), add({ id: 2 }), add({ id: 5 }), add({ id: 6, doc: '{' })])
  t.same(
    outcomes.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.code)),
    [[{ id: 4 }], '23505', [{ id: 5 }], '22P02'],
  )
  t.same(await counts(), [1, 1])
  t.same(await add({ id: 7 }), [{ id: 7 }])
})
