import { type RawBuilder, sql } from 'kysely'
import t, { type Test } from 'tap'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import { type Deed, record, SYSTEM } from '../../src/audit.ts'
import { seal, startSealer, type Verdict, verify } from '../../src/audit-chain.ts'
import { testDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

const DEED: Deed = { action: 'role.created', target: { type: 'role', id: null } }

/** A database with the audit logs of two organizations: the one that is tampered with, and a bystander. */
async function logs(t: Test, entries = 5) {
  const { db } = await testDatabase(t)
  const [organizationId, bystander] = [await organization(db), await organization(db)]
  for (let i = 0; i < entries; i++)
    for (const id of [organizationId, bystander]) await write(db, id, { ...DEED, details: { i } })
  await seal(db)
  return { db, organizationId, bystander }
}

async function organization(db: Database): Promise<string> {
  const id = newId()
  await db.insertInto('organizations').values({ id, name: 'Engines', slug: id }).execute()
  return id
}

const write = (db: Database, organizationId: string, deed = DEED) =>
  db.transaction().execute((trx) => record(trx, organizationId, SYSTEM, deed))

/** Writes past the triggers, as a superuser could. */
async function tamper(db: Database, statement: RawBuilder<unknown>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    const { numAffectedRows } = await statement.execute(trx)
    if (numAffectedRows === undefined || numAffectedRows === 0n) throw new Error('nothing was tampered with')
  })
}

async function verdictOf(db: Database, organizationId: string): Promise<Verdict['broken']> {
  const verdicts = []
  for await (const verdict of verify(db)) verdicts.push(verdict)
  const broken = verdicts.filter((verdict) => verdict.broken !== undefined)
  if (broken.some((verdict) => verdict.organizationId !== organizationId)) throw new Error('a bystander is broken')
  return broken[0]?.broken
}

t.test('a chain that nobody touched holds', async (t) => {
  const { db, organizationId, bystander } = await logs(t)
  await organization(db)
  const verdicts = []
  for await (const verdict of verify(db)) verdicts.push(verdict)
  t.same(
    verdicts,
    [organizationId, bystander]
      .sort()
      .map((id) => ({ organizationId: id, entries: 5, unsealed: 0, broken: undefined })),
    'and an organization in which nothing was done has none',
  )
})

t.test('a chain longer than what is read at once holds, and breaks where it breaks', async (t) => {
  const { db, organizationId } = await logs(t, 0)
  await db.transaction().execute(async (trx) => {
    for (let i = 0; i < 2001; i++) await record(trx, organizationId, SYSTEM, { ...DEED, details: { i } })
  })
  t.equal(await verdictOf(db, organizationId), undefined)
  await tamper(db, sql`update audit_log set entry = entry || ' ' where ${entryOf(organizationId, 2001)}`)
  t.same(await verdictOf(db, organizationId), { sequence: 2001, reason: 'it was changed' })
})

const one = (organizationId: string, sequence: number) =>
  sql`organization_id = ${organizationId}::uuid and sequence = ${sequence}`

const entryOf = (organizationId: string, sequence: number) =>
  sql`id = (select entry_id from audit_seals where ${one(organizationId, sequence)})`

t.test('tampering is found where it was done', async (t) => {
  type Case = [what: string, (id: string) => RawBuilder<unknown>, sequence: number, reason: RegExp]
  const cases: Case[] = [
    [
      'an entry says something else',
      (id) => sql`update audit_log set entry = replace(entry, 'role.created', 'role.deleted') where ${entryOf(id, 3)}`,
      3,
      /^it was changed$/,
    ],
    [
      'an entry and its hash are made to fit each other',
      (id) => sql`
        with changed as (update audit_log set entry = '{}' where ${entryOf(id, 3)})
        update audit_seals set hash = encode(sha256(convert_to(previous_hash || '{}', 'UTF8')), 'hex') where ${one(id, 3)}`,
      4,
      /^it does not follow/,
    ],
    [
      'the last entry and its hash are made to fit each other',
      (id) => sql`
        with changed as (update audit_log set entry = '{}' where ${entryOf(id, 5)})
        update audit_seals set hash = encode(sha256(convert_to(previous_hash || '{}', 'UTF8')), 'hex') where ${one(id, 5)}`,
      5,
      /^it is not the entry that was written last$/,
    ],
    ['an entry is gone', (id) => sql`delete from audit_log where ${entryOf(id, 3)}`, 3, /^it is gone, and its seal/],
    [
      'the first is gone with its seal',
      (id) => sql`
        with gone as (delete from audit_log where ${entryOf(id, 1)}) delete from audit_seals where ${one(id, 1)}`,
      2,
      /^entry 1 is missing$/,
    ],
    [
      'one in the middle is gone with its seal',
      (id) => sql`
        with gone as (delete from audit_log where ${entryOf(id, 3)}) delete from audit_seals where ${one(id, 3)}`,
      4,
      /^entry 3 is missing$/,
    ],
    [
      'two have changed places',
      (id) => sql`
        update audit_log a set entry = b.entry
          from audit_log b
         where a.organization_id = ${id}::uuid and b.organization_id = a.organization_id
           and (a.id, b.id) in (
             select one.entry_id, other.entry_id from audit_seals one, audit_seals other
              where one.organization_id = ${id}::uuid and other.organization_id = ${id}::uuid
                and one.sequence in (2, 3) and other.sequence = 5 - one.sequence)`,
      2,
      /^it was changed$/,
    ],
    [
      'the last is gone with its seal',
      (id) => sql`
        with gone as (delete from audit_log where ${entryOf(id, 5)}) delete from audit_seals where ${one(id, 5)}`,
      4,
      /ends here, but 5 entries/,
    ],
    [
      'the last two are gone with their seals',
      (id) => sql`
        with gone as (delete from audit_log where id in (
          select entry_id from audit_seals where organization_id = ${id}::uuid and sequence > 3))
        delete from audit_seals where organization_id = ${id}::uuid and sequence > 3`,
      3,
      /ends here, but 5 entries/,
    ],
    [
      'all are gone with their seals',
      (id) => sql`
        with gone as (delete from audit_log where organization_id = ${id}::uuid)
        delete from audit_seals where organization_id = ${id}::uuid`,
      0,
      /but 5 entries/,
    ],
    [
      'one is put behind the end',
      (id) => sql`
        with put as (
          insert into audit_log (organization_id, id, entry, at, action)
          select organization_id, ${newId()}::uuid, '{}', at, action from audit_log where ${entryOf(id, 5)} returning id)
        insert into audit_seals (organization_id, sequence, entry_id, previous_hash, hash)
        select organization_id, 6, put.id, hash, encode(sha256(convert_to(hash || '{}', 'UTF8')), 'hex')
          from audit_seals, put where ${one(id, 5)}`,
      6,
      /^it was put behind the end of the chain$/,
    ],
    [
      'the noted end is gone',
      (id) => sql`delete from audit_heads where organization_id = ${id}::uuid`,
      1,
      /^it was put behind the end of the chain$/,
    ],
  ]
  for (const [what, statement, sequence, reason] of cases) {
    t.test(what, async (t) => {
      const { db, organizationId } = await logs(t)
      await tamper(db, statement(organizationId))
      t.match(await verdictOf(db, organizationId), { sequence, reason })
    })
  }
})

t.test('the log takes no change that is not an entry', async (t) => {
  const { db, organizationId } = await logs(t)
  for (const statement of [
    sql`update audit_log set entry = '{}'`,
    sql`update audit_log set at = now() where false`,
    sql`delete from audit_log`,
    sql`truncate audit_log`,
    sql`update audit_seals set hash = ''`,
    sql`delete from audit_seals`,
    sql`truncate audit_seals`,
  ])
    await t.rejects(statement.execute(db), { message: 'the audit log is append-only' })
  t.equal(await verdictOf(db, organizationId), undefined)
})

t.test('what is rolled back leaves no gap', async (t) => {
  const { db, organizationId } = await logs(t, 1)
  await t.rejects(
    db.transaction().execute(async (trx) => {
      await record(trx, organizationId, SYSTEM, DEED)
      throw new Error('no')
    }),
    { message: 'no' },
  )
  await write(db, organizationId)
  t.equal(await verdictOf(db, organizationId), undefined)
  const { rows } = await sql`select from audit_log where organization_id = ${organizationId}::uuid`.execute(db)
  t.equal(rows.length, 2)
})

t.test('50 writers at once leave one chain, the first entry of all among them', async (t) => {
  const { db, organizationId } = await logs(t, 0)
  await Promise.all(Array.from({ length: 50 }, () => write(db, organizationId)))
  const verdicts = []
  for await (const verdict of verify(db)) verdicts.push(verdict)
  t.same(verdicts, [{ organizationId, entries: 50, unsealed: 0, broken: undefined }])
})

t.test('what is written while the chain is read does not break it', async (t) => {
  const { db, organizationId } = await logs(t)
  let isDone = false
  const writing = (async () => {
    while (!isDone) await write(db, organizationId)
  })()
  for (let i = 0; i < 20; i++) t.equal(await verdictOf(db, organizationId), undefined)
  isDone = true
  await writing
})

const sequences = async (db: Database, organizationId: string): Promise<(number | null)[]> => {
  const { rows } = await sql<{ sequence: number | null }>`
    select seal.sequence::integer as sequence from audit_log log
      left join audit_seals seal on seal.organization_id = log.organization_id and seal.entry_id = log.id
     where log.organization_id = ${organizationId} order by log.id`.execute(db)
  return rows.map(({ sequence }) => sequence)
}

t.test('writers do not wait for one another', async (t) => {
  const { db, organizationId } = await logs(t, 0)
  await db.transaction().execute(async (trx) => {
    await record(trx, organizationId, SYSTEM, DEED)
    await write(db, organizationId)
    await seal(db)
    t.same(await sequences(db, organizationId), [1], 'what is committed is sealed')
  })
  t.same(await sequences(db, organizationId), [null, 1], 'what was written before and committed later is not yet')
  await seal(db)
  t.same(await sequences(db, organizationId), [2, 1])
  t.equal(await verdictOf(db, organizationId), undefined)
})

t.test('two sealers at once seal each entry once, and one does not wait for the other', async (t) => {
  const { db, organizationId, bystander } = await logs(t, 0)
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        i % 4 === 3 ? seal(db) : write(db, i % 2 === 0 ? organizationId : bystander, { ...DEED, details: { i } }),
      ),
    )
  }
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(4711003)`.execute(trx)
    await write(db, organizationId)
    t.equal(await seal(db), 0, 'another one is at it')
  })
  await seal(db)
  const verdicts = []
  for await (const verdict of verify(db)) verdicts.push(verdict)
  t.same(
    verdicts.map(({ broken, unsealed }) => [broken, unsealed]),
    [
      [undefined, 0],
      [undefined, 0],
    ],
  )
  t.equal(
    verdicts.reduce((sum, { entries }) => sum + entries, 0),
    151,
  )
})

t.test('more than one batch is sealed at once, and verify finds what nobody noted', async (t) => {
  const { db, organizationId } = await logs(t, 0)
  await db.transaction().execute(async (trx) => {
    for (let i = 0; i < 1001; i++) await record(trx, organizationId, SYSTEM, DEED)
  })
  t.equal(await seal(db), 1001)
  await write(db, organizationId)
  await sql`delete from audit_unsealed`.execute(db)
  t.equal(await seal(db), 0)
  const verdicts = []
  for await (const verdict of verify(db)) verdicts.push(verdict)
  t.same(verdicts, [{ organizationId, entries: 1002, unsealed: 0, broken: undefined }])
})

t.test('a sealer that fails tries again, and stops when it is told to', async (t) => {
  const { db, organizationId } = await logs(t, 0)
  await write(db, organizationId)
  await sql`alter table audit_seals rename to away`.execute(db)
  const failed = Promise.withResolvers<void>()
  const stop = startSealer(db, () => failed.resolve())
  await failed.promise
  await sql`alter table away rename to audit_seals`.execute(db)
  await until(async () => (await sequences(db, organizationId)).every((each) => each !== null))
  await stop()
  await write(db, organizationId)
  t.same(await sequences(db, organizationId), [1, null])
})
