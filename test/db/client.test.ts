import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import t, { type Test } from 'tap'
import { createDb } from '../../db/client.ts'
import { isUnavailable } from '../../db/failures.ts'
import type { DB } from '../../db/types.ts'
import { emptyDatabase } from '../support/database.ts'
import { startSilentProxy } from '../support/silent-proxy.ts'
import { until } from '../support/until.ts'

/** A message of the PostgreSQL protocol: its type, the length of what follows, and that. */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

const AUTHENTICATION_OK = message('R', Buffer.alloc(4))
const READY_FOR_QUERY = message('Z', Buffer.from('I'))
const SHUT_DOWN = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'))
const HANDSHAKE = Buffer.concat([AUTHENTICATION_OK, READY_FOR_QUERY])
/** To a statement that is parsed, bound, described, executed and synchronized: no rows. */
const NO_ROWS = Buffer.concat([
  ...['1', '2', 'n'].map((type) => message(type, Buffer.alloc(0))),
  message('C', Buffer.from('SELECT 0\0')),
  READY_FOR_QUERY,
])

/** To the settings that each connection begins with. */
const SET = Buffer.concat([...Array.from({ length: 3 }, () => message('C', Buffer.from('SET\0'))), READY_FOR_QUERY])
const isSimpleQuery = (chunk: Buffer | string) => chunk.toString('latin1').startsWith('Q')

/** A server of whatever `answer` does with each connection. */
async function fakeServer(t: Test, answer: (socket: Socket) => void, pipelines = 1) {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    answer(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const db = createDb(`postgres://somebody:x@127.0.0.1:${port}/nothing`, { pipelines })
  t.teardown(async () => {
    await db.destroy()
    const closed = once(server, 'close')
    server.close()
    await closed // once every connection is, so one that is left over keeps this test from ending
  })
  return { db, sockets }
}

t.test(
  'a server that hangs up in the same packet as it lets us in ends the transaction, not the process',
  async (t) => {
    const { db } = await fakeServer(t, (socket) => {
      socket.once('data', () => socket.end(Buffer.concat([HANDSHAKE, SHUT_DOWN])))
    })
    const error = await db
      .transaction()
      .execute(async (trx) => {
        await sql`select 1`.execute(trx)
      })
      .catch((each: unknown) => each)
    t.ok(isUnavailable(error), String(error))
  },
)

t.test('a connection that breaks and closes later takes no other one with it', async (t) => {
  const { db, sockets } = await fakeServer(t, (socket) => {
    socket.once('data', () => {
      socket.write(HANDSHAKE)
      socket.on('data', (chunk) => {
        if (isSimpleQuery(chunk)) socket.write(SET)
        else socket.write(socket === sockets[0] ? Buffer.concat([NO_ROWS, SHUT_DOWN]) : NO_ROWS)
      })
    })
  })
  t.same((await sql`select 1`.execute(db)).rows, [], 'and then it is told to go')
  t.same((await sql`select 2`.execute(db)).rows, [], 'on a second connection')
  const [first] = sockets
  if (first === undefined) throw new Error('there was no connection')
  first.end()
  if (!first.closed) await once(first, 'close')
  t.same((await sql`select 3`.execute(db)).rows, [], 'on the same')
  t.equal(sockets.length, 2)
})

t.test('where one connection is silent, no new statement goes to another that was open at the time', async (t) => {
  const proxy = await startSilentProxy(t, (await emptyDatabase(t)).url)
  const db = createDb(proxy.url, { pipelines: 2, statementTimeout: 100 }) // silent after 2.1 s
  t.teardown(() => db.destroy())
  const ask = async () => (await sql`select 1`.execute(db)).rows.length
  t.same(await Promise.all([ask(), ask()]), [1, 1])
  proxy.goSilent()
  const first = ask()
  await wait(1000)
  const second = ask()
  const secondFailed = t.rejects(second, { message: 'Query read timeout' })
  await t.rejects(first, { message: 'Query read timeout' })
  t.same(await Promise.all([ask(), ask(), ask(), ask()]), [1, 1, 1, 1])
  await secondFailed
  t.same(await Promise.all([ask(), ask()]), [1, 1])
  await until(async () => proxy.held() === 0)
})

t.test('behind a statement that hangs none waits while there are other connections', async (t) => {
  const { db } = await emptyDatabase(t)
  const ask = () => sql`select 1`.execute(db)
  await Promise.all(Array.from({ length: 4 }, ask))
  let hasEnded = false
  let hanging: Promise<void> | undefined
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(1)`.execute(trx)
    hanging = sql`select pg_advisory_xact_lock(1)`.execute(db).then(() => {
      hasEnded = true
    })
    const isHanging = sql<{ found: boolean }>`
      select exists (select from pg_stat_activity
                      where datname = current_database() and wait_event_type = 'Lock'
                        and clock_timestamp() - query_start > interval '100 milliseconds') as found`
    await until(async () => (await isHanging.execute(trx)).rows[0]?.found)
    await Promise.all(Array.from({ length: 200 }, ask))
    const askOften = async () => {
      for (let i = 0; i < 20; i++) await ask()
    }
    await Promise.all(Array.from({ length: 20 }, askOften))
    t.equal(hasEnded, false)
  })
  await hanging
})

t.test('behind one that hangs none waits either while the others are slow', async (t) => {
  const { url } = await emptyDatabase(t)
  const db = createDb(url, { pipelines: 2 })
  t.teardown(() => db.destroy())
  const ask = () => sql`select 1`.execute(db)
  await Promise.all([ask(), ask()])
  const take = (lock: number) => (on: Kysely<DB>) => sql`select pg_advisory_xact_lock(${lock}::integer)`.execute(on)
  let hasEnded = false
  let hanging: Promise<void> | undefined
  await db.transaction().execute(async (outer) => {
    await take(1)(outer)
    const waits = async (atLeast: number, milliseconds: number) => {
      const { rows } = await sql`
        select from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'
           and clock_timestamp() - query_start > ${milliseconds}::integer * interval '1 millisecond'`.execute(outer)
      return rows.length >= atLeast
    }
    hanging = take(1)(db).then(() => {
      hasEnded = true
    })
    await until(() => waits(1, 1000))
    const behind = await db.transaction().execute(async (inner) => {
      await take(2)(inner)
      const slow = take(2)(db)
      await until(() => waits(2, 40))
      return [slow, ...Array.from({ length: 5 }, ask)] // the fewest are under way where it hangs
    })
    await Promise.all(behind)
    t.equal(hasEnded, false)
  })
  await hanging
})

t.test('what is answered is durable, whatever the database says', async (t) => {
  const { db: main, url } = await emptyDatabase(t)
  for (const [said, kept] of [
    ['off', 'on'],
    ['on', 'on'],
    ['local', 'local'],
    ['remote_apply', 'remote_apply'],
  ] as const) {
    const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(main)
    await sql`alter database ${sql.ref(rows[0]?.name ?? '')} set synchronous_commit = ${sql.lit(said)}`.execute(main)
    const db = createDb(url)
    const show = (on: Kysely<DB>) =>
      sql<{ kept: string }>`select current_setting('synchronous_commit') as kept`.execute(on)
    const shown = [await show(db), await db.transaction().execute(show)].map(({ rows }) => rows[0]?.kept)
    await db.destroy()
    t.same(shown, [kept, kept], said)
  }
})

t.test('a few statements of one turn go together, and more do not', async (t) => {
  const { url } = await emptyDatabase(t)
  const db = createDb(url, { pipelines: 4 })
  t.teardown(() => db.destroy())
  const ask = async () => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid
  await Promise.all(Array.from({ length: 4 }, ask))
  const inOneTurn = async (count: number) => {
    const asked: ReturnType<typeof ask>[] = []
    for (let i = 0; i < count; i++) {
      asked.push(ask())
      await new Promise<void>((resolve) => process.nextTick(resolve))
    }
    return new Set(await Promise.all(asked)).size
  }
  t.same([await inOneTurn(3), await inOneTurn(6), await inOneTurn(12)], [1, 2, 4])
})

t.test('where one connection can not be made, the others do its work', async (t) => {
  const { db, sockets } = await fakeServer(
    t,
    (socket) => {
      const isFirst = socket === sockets[0]
      socket.once('data', () => {
        if (isFirst) {
          socket.write(HANDSHAKE)
          socket.on('data', (chunk) => socket.write(isSimpleQuery(chunk) ? SET : NO_ROWS))
        } else socket.end(Buffer.concat([HANDSHAKE, SHUT_DOWN]))
      })
    },
    2,
  )
  t.same((await sql`select 1`.execute(db)).rows, [])
  await t.rejects(sql`select 2`.execute(db))
  for (const n of [3, 4, 5, 6]) t.same((await sql`select ${sql.lit(n)}`.execute(db)).rows, [])
  t.equal(sockets.length, 2)
})
