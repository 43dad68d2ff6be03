import { type KyselyPlugin, sql, type Transaction } from 'kysely'
import t from 'tap'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import * as listedAutomations from '../../db/queries/listed-automations.ts'
import type { DB } from '../../db/types.ts'
import { admit } from '../support/admit.ts'
import { testDatabase } from '../support/database.ts'

const URLS = { hooksUrl: 'https://hooks.test/', tunnelsUrl: 'https://*.tunnels.test' }
const WHOLE = { most: null, after: null }
const FIRST_TWO = { most: 2, after: null }
const READ = { permission: 'files.read', enterEverySpace: ['org.manage'] }
const LATER = '2026-12-01T00:00:00Z'

t.test('a list is read anew exactly when it would be shown otherwise', async (t) => {
  const { db } = await testDatabase(t)
  const place = await fill(db, 4)
  const { organizationId, id: spaceId, userId, ids } = place
  const [one = '', two = ''] = ids
  const of = { organization_id: organizationId, automation_id: one }
  const watched = watch(db)
  const question = { credential: await admit(db, place, ['files.read']), organizationId, spaceId }
  const askIn =
    (spaceId: string) =>
    async (page: listedAutomations.ListPage = WHOLE, urls = URLS) => {
      const row = await listedAutomations.listWithAccess(watched.db, { ...question, spaceId }, READ, page, urls)
      if (row === undefined) throw new Error('nobody asked')
      return listedAutomations.toListed(row)
    }
  const ask = askIn(spaceId)
  const fresh = (page: listedAutomations.ListPage = WHOLE, urls = URLS) =>
    listedAutomations.list(db, place, listedAutomations.NO_FILTER, page, urls)
  const change = (set: object) => (trx: Transaction<DB>) =>
    trx.updateTable('automations').set(set).where('id', '=', one).execute()

  const changes: Record<string, (trx: Transaction<DB>) => Promise<unknown>> = {
    'a run has ended': change({ last_run_at: LATER }),
    'it has failed': change({ last_error: 'no' }),
    'it is paused': change({ status: 'paused' }),
    'it was looked at': change({ reviewed_by_user_id: userId, reviewed_revision: 1, reviewed_at: LATER }),
    'it was turned down': change({ rejection_reason: 'no', rejection_code: 'other', rejection_paths: ['/name'] }),
    'it belongs to somebody': change({ owner_user_id: userId }),
    'it is due': change({ status: 'active', next_planned_at: LATER, next_run_at: LATER }),
    'something is wrong with it': change({ problems: '[{"path":"/config","message":"no"}]' }),
    'it moves to the top': change({ updated_at: LATER }),
    'it has another content, and a change of it waits': async (trx) => {
      for (const revision of [2, 3]) await addContent(trx, { ...of, revision, name: `N${revision}`, by: userId })
      await change({ revision: 2, pending_revision: 3 })(trx)
    },
    'it has a hook': (trx) =>
      trx
        .insertInto('webhooks')
        .values({ ...of, hook_id: 'wh_1' })
        .execute(),
    'its hook is gone': (trx) => trx.deleteFrom('webhooks').execute(),
    'it has a name': (trx) =>
      trx
        .insertInto('tunnel_names')
        .values({ ...of, subdomain: 'one', is_made: true })
        .execute(),
    'it has another name': (trx) => trx.updateTable('tunnel_names').set({ subdomain: 'two' }).execute(),
    'its name is gone': (trx) => trx.deleteFrom('tunnel_names').execute(),
    'who looked at it is a member': (trx) =>
      trx.insertInto('members').values({ organization_id: organizationId, user_id: userId }).execute(),
    'and is not any more': (trx) => trx.deleteFrom('members').where('user_id', '=', userId).execute(),
    'its credential was turned down': (trx) =>
      trx
        .insertInto('social_sessions')
        .values({ id: newId(), ...of, version: 1, rejected_at: LATER })
        .execute(),
    'later than that': (trx) =>
      trx.updateTable('social_sessions').set({ rejected_at: '2026-12-02T00:00:00Z' }).execute(),
    never: (trx) => trx.deleteFrom('social_sessions').execute(),
    'one is gone': (trx) => trx.deleteFrom('automations').where('id', '=', two).execute(),
    'one is new': (trx) => addAutomations(trx, place, 1),
  }

  for (const [name, make] of Object.entries(changes))
    t.test(name, async (t) => {
      const before = await ask()
      t.same(await ask(), before)
      t.notOk(watched.wasRead(), 'what is the same is not read')
      await past(db, make)
      const now = await ask()
      t.ok(watched.wasRead())
      t.strictSame(now, await fresh())
      t.strictNotSame(now, before)
      t.strictSame(await ask(), now)
      t.notOk(watched.wasRead())
    })

  t.test('what begins before a list is read and is committed after it, and what never is', async (t) => {
    const before = await ask()
    const [held, letGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow = db.transaction().execute(async (trx) => {
      await change({ last_error: 'slow' })(trx)
      held.resolve()
      await letGo.promise
    })
    await held.promise
    await past(db, (trx) => trx.updateTable('automations').set({ last_error: 'x' }).where('id', '!=', one).execute())
    const between = await ask()
    t.strictNotSame(between, before)
    letGo.resolve()
    await slow
    t.strictNotSame(await ask(), between)
    t.strictSame(await ask(), await fresh())
    const failed = db.transaction().execute(async (trx) => {
      await change({ last_error: 'never' })(trx)
      throw new Error('no')
    })
    await t.rejects(failed)
    t.strictSame(await ask(), await fresh())
    t.notOk(watched.wasRead())
  })

  t.test('a page, and another address of hooks, are lists of their own', async (t) => {
    await past(db, (trx) =>
      trx
        .insertInto('webhooks')
        .values({ ...of, hook_id: 'wh_2' })
        .execute(),
    )
    const elsewhere = { ...URLS, hooksUrl: 'https://elsewhere.test/' }
    for (let i = 0; i < 3; i++) {
      t.strictSame(await ask(), await fresh())
      t.strictSame(await ask(FIRST_TWO), await fresh(FIRST_TWO))
      t.equal(watched.wasRead(), i === 0)
      t.match((await ask(FIRST_TWO)).last, { id: String }, 'where the next begins is known, too')
      t.strictSame(await ask(WHOLE, elsewhere), await fresh(WHOLE, elsewhere))
    }
  })

  t.test('pages of rows that were written at once, when some of them go', async (t) => {
    const here = await fill(db, 12, place)
    const list = askIn(here.id)
    for (const most of [1, 2, 5, null]) {
      for (const place of [0, 1, 0]) {
        const page = { most, after: null }
        const before = await list(page)
        t.strictSame(await list(page), before)
        const shown = JSON.parse(`[${'json' in before ? before.json : ''}]`)
        const { id } = shown[Math.min(place, shown.length - 1)]
        await past(db, (trx) => trx.deleteFrom('automations').where('id', '=', id).execute())
        t.strictSame(await list(page), await listedAutomations.list(db, here, listedAutomations.NO_FILTER, page, URLS))
      }
    }
  })

  t.test('a list of nothing, and one that grows to a page', async (t) => {
    const here = await fill(db, 0, place)
    const list = () => askIn(here.id)({ most: 1, after: null })
    t.strictSame([await list(), await list()], Array(2).fill({ json: '', last: null }))
    for (let count = 1; count < 3; count++) {
      await past(db, (trx) => addAutomations(trx, here, 1))
      for (let i = 0; i < 2; i++) {
        const wanted = await listedAutomations.list(
          db,
          here,
          listedAutomations.NO_FILTER,
          { most: 1, after: null },
          URLS,
        )
        t.strictSame(await list(), wanted)
        t.equal(wanted.last === null, count === 1)
      }
    }
  })

  t.test('whoever may not see a list gets nothing of one that is kept', async (t) => {
    await ask()
    const stranger = { ...question, credential: await admit(db, place, []) }
    t.match(await listedAutomations.listWithAccess(watched.db, stranger, READ, WHOLE, URLS), {
      listed: false,
      stamp: null,
      json: null,
    })
    await db
      .updateTable('sessions')
      .set({ revoked_at: LATER })
      .where('id', '=', question.credential.sessionId)
      .execute()
    t.equal(await listedAutomations.listWithAccess(watched.db, question, READ, WHOLE, URLS), undefined)
  })

  t.test('a transaction reads what it wrote, each time', (t) =>
    db.transaction().execute(async (trx) => {
      const asked = { ...question, credential: await admit(trx, place, ['files.read']) }
      const list = async () => (await listedAutomations.listWithAccess(trx, asked, READ, WHOLE, URLS))?.json
      let before = await list()
      for (const last_error of ['within', 'once more']) {
        await change({ last_error })(trx)
        const now = await list()
        t.not(now, before)
        before = now
      }
    }),
  )

  t.test('what a list is made of is in its stamp', async (t) => {
    const tables = await db.transaction().execute(async (trx) => {
      await listedAutomations.list(trx, place, listedAutomations.NO_FILTER, WHOLE, URLS)
      return tablesOf(trx)
    })
    // Another table here needs a part of the stamp, and a change above.
    t.same(tables, ['automation_revisions', 'automations', 'members', 'social_sessions', 'tunnel_names', 'webhooks'])
  })
})

/** The database, and whether the last list that it gave came with its content. */
function watch(db: Database) {
  let isRead = false
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      const [row] = result.rows
      if (row !== undefined && 'stamp' in row) isRead = row.json !== null || row.ids !== null
      return result
    },
  }
  return { db: db.withPlugin(plugin) as Database, wasRead: () => isRead }
}

/** Changes what stands in the database, whether it could come about like that or not. */
function past(db: Database, make: (trx: Transaction<DB>) => Promise<unknown>): Promise<unknown> {
  return db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    await make(trx)
  })
}

type Place = { organizationId: string; id: string; userId: string; ids: string[] }

/** A space with so many automations, of an organization of its own or of one that is there. */
async function fill(db: Database, count: number, there?: Place): Promise<Place> {
  const [organizationId, userId, id] = [there?.organizationId ?? newId(), there?.userId ?? newId(), newId()]
  const place = { organizationId, userId, id, ids: [] as string[] }
  const user = { id: userId, email: `${userId}@example.com`, password_hash: 'none', display_name: 'U' }
  if (!there) {
    await db.insertInto('organizations').values({ id: organizationId, name: 'O', slug: organizationId }).execute()
    await db.insertInto('users').values(user).execute()
  }
  await db.insertInto('spaces').values({ id, organization_id: organizationId, name: 'S', created_by: userId }).execute()
  await db.transaction().execute(async (trx) => {
    place.ids = await addAutomations(trx, place, count)
  })
  return place
}

async function addAutomations(
  trx: Transaction<DB>,
  { organizationId: organization_id, id: space_id, userId }: Place,
  count: number,
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId())
  for (const id of ids) {
    const row = { id, organization_id, space_id, kind: 'scheduled', status: 'draft', revision: 1 }
    await trx
      .insertInto('automations')
      .values({ ...row, created_by_user_id: userId })
      .execute()
    await addContent(trx, { organization_id, automation_id: id, revision: 1, name: 'N', by: userId })
  }
  return ids
}

type Content = { organization_id: string; automation_id: string; revision: number; name: string; by: string }

async function addContent(trx: Transaction<DB>, { by, ...content }: Content): Promise<void> {
  const rest = { config: '{}', digest: `sha256:${'0'.repeat(64)}`, secret_versions: '{"oauth":1}' }
  await trx
    .insertInto('automation_revisions')
    .values({ ...content, ...rest, authored_by_user_id: by })
    .execute()
}

/** The tables that the statement of a list reads, by its plan. */
async function tablesOf(trx: Transaction<DB>): Promise<string[]> {
  const { rows } = await sql<{ name: string; count: number }>`
    select name, cardinality(parameter_types) as count from pg_prepared_statements where statement like '%string_agg%' and statement not like '%pg_prepared_statements%'`.execute(
    trx,
  )
  const [{ name, count }] = rows as [{ name: string; count: number }]
  const values = sql.join(Array.from({ length: count }, () => sql.lit(null)))
  const plan = await sql`explain (format json, verbose) execute ${sql.ref(name)} (${values})`.execute(trx)
  const tables = JSON.stringify(plan.rows).matchAll(/"Relation Name":\s*"(\w+)"/g)
  return [...new Set([...tables].map(([, table]) => table ?? ''))].sort()
}
