import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import * as listedAutomations from '../../db/queries/listed-automations.ts'
import * as shownAutomations from '../../db/queries/shown-automations.ts'
import type { Space } from '../../db/space.ts'
import { testDatabase } from '../support/database.ts'

const URLS = { hooksUrl: 'https://hooks.test/"a\\b/', tunnelsUrl: 'https://*.tunnels.test' }
const { NO_FILTER } = listedAutomations
const WHOLE = { most: null, after: null }

const STATUSES = ['draft', 'pending_approval', 'active', 'paused', 'rejected']
const KINDS = ['scheduled', 'webhook', 'reverse_tunnel', 'social_post', 'a "fifth" kind']
const TEXTS = [
  'plain',
  '"quoted" \\ and / slashes',
  'lines\nand\ttabs\r\b\f',
  'ünï 漢字 🚀 \u2028',
  '\u0001\u001f\u007f',
  '</script>',
  '{"a":1}',
]
const CONFIGS = [
  '{}',
  '{"b":1,"a":2}',
  '{ "spaced" : [1, 2.50, -0, 1e400, 12345678901234567890] , "n": null }',
  '{"escaped":"\\u00e9 \\ud83d\\ude80 \\n \\/","twice":1,"twice":2}',
  '{\n  "lines": "漢字"\n}',
]
/** That can't be made small. */
const LARGE = JSON.stringify({ noise: randomBytes(60_000).toString('base64') })
const SECRETS = ['{}', '{"oauth":1}', '{"oauth":2,"secrets.a":1}', '{"webhook":1}']
const PEOPLE = Array.from({ length: 3 }, () => newId())
const STAFF = Array.from({ length: 2 }, () => newId())
const DIGESTS = [0, 1, 2].map((n) => `sha256:${String(n).repeat(64)}`)
const TIMES = [
  '2026-01-31T23:59:59.999Z',
  '2026-05-05T05:05:05.500Z',
  '2026-11-09T00:00:00Z',
  '2026-07-01T10:20:30.120Z',
]

/** The same choices each time, of which every one meets those of all others. */
let state = 1
function pick<T>(choices: readonly T[]): T {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return choices[(state >>> 8) % choices.length] as T
}
const maybe = <T>(choices: readonly T[]): T | null => pick([null, pick(choices)])
const by = () => pick([[pick(PEOPLE), null] as const, [null, pick(STAFF)] as const])

/** Automations of all kinds and states with what belongs to them, whether they could come about like that or not. */
async function make(db: Database, space: Space, count: number, configs: readonly string[]): Promise<void> {
  const { organizationId: organization_id, id: space_id } = space
  const rows = Array.from({ length: count }, () => ({ id: newId(), kind: pick(KINDS), pending_revision: maybe([2]) }))
  const of = ({ id: automation_id }: { id: string }) => ({ organization_id, automation_id })
  const automations = rows.map((row) => {
    const [created_by_user_id, created_by_service_account_id] = by()
    const review = { reviewed_by_user_id: pick(PEOPLE), reviewed_revision: 1, reviewed_at: pick(TIMES) }
    return {
      ...row,
      organization_id,
      space_id,
      status: pick(row.pending_revision ? ['active', 'paused'] : STATUSES),
      revision: 1,
      version: pick([1, 7]),
      approved_digest: maybe(DIGESTS),
      created_by_user_id,
      created_by_service_account_id,
      owner_user_id: maybe(PEOPLE),
      ...pick([review, { reviewed_by_user_id: null, reviewed_revision: null, reviewed_at: null }]),
      rejection_reason: maybe(TEXTS),
      rejection_code: maybe(TEXTS),
      rejection_paths: maybe([[], ['/config/cron'], ['/a"b', '/c\\d']]),
      last_run_at: maybe(TIMES),
      last_error: maybe(TEXTS),
      problems: maybe(['[]', '[{"path":"/config","message":"x\\"y"}]', '[ 1,  2.50 ]']),
      created_at: pick(TIMES),
      updated_at: pick(TIMES),
    }
  })
  const contents = rows.flatMap((row) =>
    (row.pending_revision ? [1, 2] : [1]).map((revision) => {
      const [authored_by_user_id, authored_by_service_account_id] = by()
      return {
        ...of(row),
        revision,
        name: pick(TEXTS),
        config: pick(configs),
        description: maybe(TEXTS),
        digest: pick(DIGESTS),
        secret_versions: pick(SECRETS),
        authored_by_user_id,
        authored_by_service_account_id,
        created_at: pick(TIMES),
      }
    }),
  )
  const having = (...kinds: string[]) => rows.filter(({ kind }) => kinds.includes(kind) && pick([true, true, false]))
  const hooks = having('webhook', 'a "fifth" kind').map((row) => ({ hook_id: `wh_${row.id}`, ...of(row) }))
  const names = having('reverse_tunnel').map((row) => ({ subdomain: `t-${row.id}`, is_made: true, ...of(row) }))
  const sessions = having(...KINDS).map((row) => ({
    id: newId(),
    ...of(row),
    version: pick([1, 2]),
    rejected_at: maybe(TIMES),
  }))
  await db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    await trx.insertInto('automations').values(automations).execute()
    await trx.insertInto('automation_revisions').values(contents).execute()
    await trx.insertInto('webhooks').values(hooks).execute()
    await trx.insertInto('tunnel_names').values(names).execute()
    await trx.insertInto('social_sessions').values(sessions).execute()
  })
}

type Expected = {
  json: string
  id: string
  status: string
  kind: string
  digest: string
  updated_at: string
  version: number
  authors: string[]
}

/** The automations of a space in the order of the list, as Postgres writes rows as JSON by itself. */
async function expectedOf(db: Database, space: Space): Promise<Expected[]> {
  const iso = (column: string) => sql`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
  const { rows } = await sql<Expected>`
    select to_json(shown)::text as json, a.id, a.status, a.kind, c.digest, shown.updated_at, a.version,
           array[a.created_by_user_id, a.created_by_service_account_id, p.authored_by_user_id, p.authored_by_service_account_id] as authors
      from automations a
      join automation_revisions c on c.automation_id = a.id and c.revision = a.revision
      left join automation_revisions p on p.automation_id = a.id and p.revision = a.pending_revision
      left join webhooks w on w.automation_id = a.id
      left join tunnel_names n on n.automation_id = a.id
      left join social_sessions s on s.automation_id = a.id and s.version = (c.secret_versions ->> 'oauth')::integer
     cross join lateral (
       select a.id, a.organization_id, a.space_id, c.name, a.kind, c.config, a.status, a.created_by_user_id,
              a.created_by_service_account_id, a.reviewed_by_user_id, ${iso('a.reviewed_at')} as reviewed_at, a.rejection_reason,
              ${iso('a.last_run_at')} as last_run_at, a.last_error, ${iso('a.created_at')} as created_at,
              ${iso('a.updated_at')} as updated_at, c.description, c.secret_versions ? 'oauth' as has_oauth_token,
              ${iso('s.rejected_at')} as credential_rejected_at, a.owner_user_id,
              case when a.reviewed_by_user_id is not null
                   then a.reviewed_by_user_id in (select user_id from members where organization_id = a.organization_id)
              end as reviewer_is_member,
              case when a.rejection_code is not null or a.rejection_paths is not null then json_build_object(
                'code', a.rejection_code, 'paths', coalesce(to_json(a.rejection_paths), '[]'::json)) end as rejection,
              a.revision, c.digest, a.approved_digest,
              case when p.revision is not null then json_build_object(
                'revision', p.revision, 'digest', p.digest, 'name', p.name, 'config', p.config, 'description', p.description,
                'proposed_by_user_id', p.authored_by_user_id, 'proposed_by_service_account_id', p.authored_by_service_account_id,
                'proposed_at', ${iso('p.created_at')}) end as pending_revision,
              ${iso('a.next_run_at')} as next_run_at, coalesce(a.problems, '[]'::json) as problems,
              case when w.hook_id is not null then json_build_object('url', ${URLS.hooksUrl}::text || w.hook_id)
                   when n.subdomain is not null then json_build_object('url', replace(${URLS.tunnelsUrl}::text, '*', n.subdomain))
              end as trigger
     ) shown
     where a.organization_id = ${space.organizationId} and a.space_id = ${space.id}
     order by a.updated_at desc, a.id desc`.execute(db)
  return rows
}

t.test('automations are shown byte for byte as Postgres writes rows as JSON', async (t) => {
  const { db } = await testDatabase(t)
  const organizationId = newId()
  const [small, large, empty] = [newId(), newId(), newId()].map((id) => ({ organizationId, id })) as [
    Space,
    Space,
    Space,
  ]
  await make(db, small, 120, CONFIGS)
  await make(db, { organizationId, id: newId() }, 20, CONFIGS)
  await make(db, large, 20, [LARGE, LARGE, '{}'])
  await db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    await trx
      .insertInto('members')
      .values({ organization_id: organizationId, user_id: PEOPLE[0] ?? newId() })
      .execute()
  })
  const all = await expectedOf(db, small)
  const textOf = (some: Expected[]) => some.map(({ json }) => json).join(',')

  t.test('one by one, and in no other space', async (t) => {
    for (const { id, json, version } of [...all, ...(await expectedOf(db, large))]) {
      const [here, there] = await Promise.all([
        shownAutomations.find(db, small, id, URLS),
        shownAutomations.find(db, large, id, URLS),
      ])
      t.strictSame(
        [here, there].filter((found) => found !== undefined),
        [{ json, version }],
      )
    }
  })

  t.test('in a list, and what is left of it by each filter and all together', async (t) => {
    const filters = [
      NO_FILTER,
      ...STATUSES.map((status) => ({ ...NO_FILTER, status })),
      ...KINDS.map((kind) => ({ ...NO_FILTER, kind })),
      ...[...PEOPLE, ...STAFF, newId()].map((authorId) => ({ ...NO_FILTER, authorId })),
      ...DIGESTS.map((digest) => ({ ...NO_FILTER, digest })),
      ...PEOPLE.map((authorId) => ({ status: 'active', kind: 'webhook', authorId, digest: DIGESTS[0] ?? '' })),
      ...STAFF.map((authorId) => ({ ...NO_FILTER, status: 'paused', authorId })),
    ]
    for (const filter of filters) {
      const { status, kind, authorId, digest } = filter
      const wanted = all.filter(
        (each) =>
          each.status === (status ?? each.status) &&
          each.kind === (kind ?? each.kind) &&
          each.digest === (digest ?? each.digest) &&
          (authorId === null || each.authors.includes(authorId)),
      )
      const name = JSON.stringify(filter)
      t.strictSame(
        await listedAutomations.list(db, small, filter, WHOLE, URLS),
        { json: textOf(wanted), last: null },
        name,
      )
      let after: listedAutomations.Position | null = null
      for (let start = 0; start === 0 || after; start += 13) {
        const page = await listedAutomations.list(db, small, filter, { most: 13, after }, URLS)
        const shown = wanted.slice(start, start + 13)
        const last = wanted.length > start + 13 ? shown.at(-1) : undefined
        after = last ? { updatedAt: last.updated_at, id: last.id } : null
        t.strictSame(page, { json: textOf(shown), last: after }, `${name} from ${start}`)
      }
    }
    t.strictSame(await listedAutomations.list(db, empty, NO_FILTER, WHOLE, URLS), { json: '', last: null })
  })

  t.test('in parts, where they are too large together', async (t) => {
    const wanted = await expectedOf(db, large)
    const whole = await listedAutomations.list(db, large, NO_FILTER, WHOLE, URLS)
    const page = await listedAutomations.list(db, large, NO_FILTER, { most: wanted.length, after: null }, URLS)
    t.strictSame(whole, { ids: wanted.map(({ id }) => id), last: null })
    t.strictSame(page, whole)
    const parts: string[] = []
    for await (const part of listedAutomations.listParts(
      db,
      large,
      wanted.map(({ id }) => id),
      URLS,
    ))
      parts.push(part)
    t.ok(parts.length > 1)
    t.equal(parts.join(','), textOf(wanted))
  })
})
