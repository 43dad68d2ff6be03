import { type RawBuilder, sql } from 'kysely'
import t, { type Test } from 'tap'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import { type Deed, record, SYSTEM, type Verdict, verify } from '../../src/audit.ts'
import { testDatabase } from '../support/database.ts'

const DEED: Deed = { action: 'role.created', target: { type: 'role', id: null } }

/** A database with the audit logs of two organizations: the one that is tampered with, and a bystander. */
async function logs(t: Test, entries = 5) {
  const { db } = await testDatabase(t)
  const [organizationId, bystander] = [await organization(db), await organization(db)]
  for (let i = 0; i < entries; i++)
    for (const id of [organizationId, bystander]) await write(db, id, { ...DEED, details: { i } })
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
    [organizationId, bystander].sort().map((id) => ({ organizationId: id, entries: 5, broken: undefined })),
    'and an organization in which nothing was done has none',
  )
})

t.test('a chain longer than what is read at once holds, and breaks where it breaks', async (t) => {
  const { db, organizationId } = await logs(t, 0)
  await db.transaction().execute(async (trx) => {
    for (let i = 0; i < 2001; i++) await record(trx, organizationId, SYSTEM, { ...DEED, details: { i } })
  })
  t.equal(await verdictOf(db, organizationId), undefined)
  await tamper(db, sql`update audit_log set entry = entry || ' ' where sequence = 2001`)
  t.same(await verdictOf(db, organizationId), { sequence: 2001, reason: 'it was changed' })
})

const one = (organizationId: string, sequence: number) =>
  sql`organization_id = ${organizationId}::uuid and sequence = ${sequence}`

t.test('tampering is found where it was done', async (t) => {
  type Case = [what: string, (id: string) => RawBuilder<unknown>, sequence: number, reason: RegExp]
  const cases: Case[] = [
    [
      'an entry says something else',
      (id) => sql`update audit_log set entry = replace(entry, 'role.created', 'role.deleted') where ${one(id, 3)}`,
      3,
      /^it was changed$/,
    ],
    [
      'an entry and its hash are made to fit each other',
      (id) => sql`
        update audit_log set entry = '{}', hash = encode(sha256(convert_to(previous_hash || '{}', 'UTF8')), 'hex')
         where ${one(id, 3)}`,
      4,
      /^it does not follow/,
    ],
    [
      'the last entry and its hash are made to fit each other',
      (id) => sql`
        update audit_log set entry = '{}', hash = encode(sha256(convert_to(previous_hash || '{}', 'UTF8')), 'hex')
         where ${one(id, 5)}`,
      5,
      /^it is not the entry that was written last$/,
    ],
    ['the first entry is gone', (id) => sql`delete from audit_log where ${one(id, 1)}`, 2, /^entry 1 is missing$/],
    ['one in the middle is gone', (id) => sql`delete from audit_log where ${one(id, 3)}`, 4, /^entry 3 is missing$/],
    [
      'two have changed places',
      (id) => sql`
        update audit_log a set entry = b.entry, previous_hash = b.previous_hash, hash = b.hash
          from audit_log b
         where a.organization_id = ${id}::uuid and b.organization_id = a.organization_id
           and a.sequence in (2, 3) and b.sequence = 5 - a.sequence`,
      2,
      /^it does not follow/,
    ],
    ['the last is gone', (id) => sql`delete from audit_log where ${one(id, 5)}`, 4, /ends here, but 5 entries/],
    [
      'the last two are gone',
      (id) => sql`delete from audit_log where organization_id = ${id}::uuid and sequence > 3`,
      3,
      /ends here, but 5 entries/,
    ],
    ['all are gone', (id) => sql`delete from audit_log where organization_id = ${id}::uuid`, 0, /but 5 entries/],
    [
      'one is put behind the end',
      (id) => sql`
        insert into audit_log (organization_id, sequence, entry, previous_hash, hash, at, action)
        select organization_id, 6, '{}', hash, encode(sha256(convert_to(hash || '{}', 'UTF8')), 'hex'), at, action
          from audit_log where ${one(id, 5)}`,
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
  t.same(verdicts, [{ organizationId, entries: 50, broken: undefined }])
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
