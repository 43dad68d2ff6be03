import { sql, type Transaction } from 'kysely'
import t from 'tap'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import type { AccessRow, Door } from '../../db/queries/access.ts'
import * as listedAutomations from '../../db/queries/listed-automations.ts'
import type { DB } from '../../db/types.ts'
import { admit } from '../support/admit.ts'
import { testDatabase } from '../support/database.ts'

const URLS = { hooksUrl: '', tunnelsUrl: '' }
const { NO_FILTER } = listedAutomations
const WHOLE = { most: null, after: null }
const READ: Door = { permission: 'files.read', enterEverySpace: ['org.manage'] }
const LARGE = 2000
const SMALL = 10

t.test('a list is planned once for all spaces, and reads no more than it shows', async (t) => {
  const { db } = await testDatabase(t)
  const large = await fill(db, LARGE)
  const small = await fill(db, SMALL)
  await sql`analyze`.execute(db)

  t.test('a small space beside a large one', (t) =>
    db.transaction().execute(async (trx) => {
      const before = await read(trx)
      for (let i = 0; i < 10; i++) {
        const listed = await listedAutomations.list(trx, small, NO_FILTER, WHOLE, URLS)
        t.equal('json' in listed && JSON.parse(`[${listed.json}]`).length, SMALL)
      }
      t.match(await plans(trx, 'string_agg'), { generic: 5, custom: 5 }, 'Postgres plans a statement anew five times')
      t.same(await read(trx), { ...before, entries: before.entries + 10 * SMALL })
    }),
  )

  t.test('also with the question of access, and nothing of it for whoever is refused', (t) =>
    db.transaction().execute(async (trx) => {
      const caller = await admit(trx, small, ['files.read'])
      const ask = async (credential: Credential, door: Door = READ): Promise<AccessRow | undefined> => {
        const question = { credential, organizationId: small.organizationId, spaceId: small.id }
        return listedAutomations.listWithAccess(trx, question, door, WHOLE, URLS)
      }
      // Of another organization, and so many that no statement may read them all.
      await sql`
        insert into social_sessions (id, organization_id, automation_id, version)
        select gen_random_uuid(), organization_id, id, 1 from automations where organization_id = ${large.organizationId}`.execute(
        trx,
      )
      await sql`analyze social_sessions`.execute(trx)
      const before = await read(trx)
      for (let i = 0; i < 10; i++) t.match(await ask(caller), { is_member: true, listed: true })
      t.match(await plans(trx, 'found.is_member'), { generic: 5, custom: 5 })
      const after = await read(trx)
      t.same(after, { ...before, entries: before.entries + 10 * SMALL })
      t.equal(await ask({ ...caller, sessionId: newId() }), undefined)
      t.match(await ask(caller, { ...READ, permission: 'files.write' }), { json: null, ids: null })
      t.match(await ask(await admit(trx, large, ['files.read'])), { is_member: false, json: null, ids: null })
      t.match(await ask(await admit(trx, small, [])), { listed: false, json: null, ids: null })
      t.same(await read(trx), after)
    }),
  )

  t.test('a page of a large space, its first and the next', (t) =>
    db.transaction().execute(async (trx) => {
      const before = await read(trx)
      const first = await listedAutomations.list(trx, large, NO_FILTER, { most: 5, after: null }, URLS)
      t.same(await read(trx), { ...before, entries: before.entries + 6 }, 'one more tells that there is a next')
      t.ok('json' in first && first.last, 'however large all of the space is')
      await listedAutomations.list(trx, large, NO_FILTER, { most: 5, after: first.last }, URLS)
      t.same(await read(trx), { ...before, entries: before.entries + 12 })
    }),
  )
})

/** An organization with so many automations in one space. */
async function fill(db: Database, count: number) {
  const [organizationId, userId, id] = [newId(), newId(), newId()]
  await db.insertInto('organizations').values({ id: organizationId, name: 'O', slug: organizationId }).execute()
  const user = { id: userId, email: `${userId}@example.com`, password_hash: 'none', display_name: 'U' }
  await db.insertInto('users').values(user).execute()
  const space = { id, organization_id: organizationId, name: 'S', created_by: userId }
  await db.insertInto('spaces').values(space).execute()
  await sql`
    with made as (
      insert into automations (id, organization_id, space_id, kind, status, revision, created_by_user_id)
      select gen_random_uuid(), ${organizationId}, ${id}, 'scheduled', 'draft', 1, ${userId} from generate_series(1, ${count}::integer)
      returning organization_id, id
    )
    insert into automation_revisions (organization_id, automation_id, revision, name, config, digest, authored_by_user_id)
    select organization_id, id, 1, 'N', '{}', 'sha256:' || repeat('0', 64), ${userId}::uuid from made`.execute(db)
  return { organizationId, id }
}

type Credential = { sessionId: string; userId: string }

/** How the statement of a text was planned in this session. */
async function plans(trx: Transaction<DB>, part: string) {
  const { rows } = await sql`
    select generic_plans::integer as generic, custom_plans::integer as custom
      from pg_prepared_statements where statement like ${`%${part}%`} and statement not like '%pg_prepared_statements%'`.execute(
    trx,
  )
  return rows[0]
}

/** How often this session has read a table as a whole, and how many rows of sessions at providers, and entries of the index of lists. */
async function read(trx: Transaction<DB>) {
  const { rows } = await sql<{ whole: number; sessions: number; entries: number }>`
    select (pg_stat_get_xact_numscans('automations'::regclass)
            + pg_stat_get_xact_numscans('automation_revisions'::regclass))::integer as whole,
           pg_stat_get_xact_tuples_returned('social_sessions'::regclass)::integer as sessions,
           pg_stat_get_xact_tuples_returned('automations_space_idx'::regclass)::integer as entries`.execute(trx)
  return rows[0] ?? { whole: Number.NaN, sessions: Number.NaN, entries: Number.NaN }
}
