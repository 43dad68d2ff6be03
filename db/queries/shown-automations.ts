import { type Kysely, type RawBuilder, sql } from 'kysely'
import { isoTime, type JsonText, jsonText } from '../json.ts'
import { prepared } from '../prepared.ts'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'

/** An automation as the API shows it, and the version that its entity tag is made of. */
export type Shown = { json: JsonText; version: number }

type Param<P> = <K extends keyof P & string>(name: K) => RawBuilder<P[K]>

type SpaceValues = { organizationId: string; spaceId: string; hooksUrl: string }

/** The fields of the object, in the order of the documentation: the only list of what leaves the database. */
function shown(db: Kysely<DB>, param: Param<SpaceValues>) {
  return db
    .selectFrom('automations')
    .innerJoin('automation_revisions as current', (join) =>
      join
        .onRef('current.organization_id', '=', 'automations.organization_id')
        .onRef('current.automation_id', '=', 'automations.id')
        .onRef('current.revision', '=', 'automations.revision'),
    )
    .leftJoin('automation_revisions as pending', (join) =>
      join
        .onRef('pending.organization_id', '=', 'automations.organization_id')
        .onRef('pending.automation_id', '=', 'automations.id')
        .onRef('pending.revision', '=', 'automations.pending_revision'),
    )
    .leftJoin('webhooks', (join) =>
      join
        .onRef('webhooks.organization_id', '=', 'automations.organization_id')
        .onRef('webhooks.automation_id', '=', 'automations.id'),
    )
    .select([
      'automations.id',
      'automations.organization_id',
      'automations.space_id',
      'current.name',
      'automations.kind',
      'current.config',
      'automations.status',
      'automations.created_by_user_id',
      'automations.created_by_service_account_id',
      'automations.reviewed_by_user_id',
      isoTime('automations.reviewed_at').as('reviewed_at'),
      'automations.rejection_reason',
      isoTime('automations.last_run_at').as('last_run_at'),
      'automations.last_error',
      isoTime('automations.created_at').as('created_at'),
      isoTime('automations.updated_at').as('updated_at'),
      'current.description',
      sql<boolean>`current.secret_versions ? 'oauth'`.as('has_oauth_token'),
      'automations.owner_user_id',
      reviewerIsMember.as('reviewer_is_member'),
      rejection.as('rejection'),
      'automations.revision',
      'current.digest',
      'automations.approved_digest',
      pendingRevision.as('pending_revision'),
      isoTime('automations.next_run_at').as('next_run_at'),
      triggerOf(param('hooksUrl')).as('trigger'),
    ])
    .where('automations.organization_id', '=', param('organizationId'))
    .where('automations.space_id', '=', param('spaceId'))
}

const reviewerIsMember = sql<boolean | null>`
  case when automations.reviewed_by_user_id is not null then exists (
    select from members
     where members.organization_id = automations.organization_id and members.user_id = automations.reviewed_by_user_id
  ) end`

const rejection = sql<object | null>`
  case when automations.rejection_code is not null or automations.rejection_paths is not null then json_build_object(
    'code', automations.rejection_code, 'paths', coalesce(to_json(automations.rejection_paths), '[]'::json)
  ) end`

const pendingRevision = sql<object | null>`
  case when pending.revision is not null then json_build_object(
    'revision', pending.revision,
    'digest', pending.digest,
    'name', pending.name,
    'config', pending.config,
    'description', pending.description,
    'proposed_by_user_id', pending.authored_by_user_id,
    'proposed_by_service_account_id', pending.authored_by_service_account_id,
    'proposed_at', ${isoTime('pending.created_at')}
  ) end`

function triggerOf(hooksUrl: RawBuilder<string>): RawBuilder<object | null> {
  return sql`case when webhooks.hook_id is not null
    then json_build_object('url', ${hooksUrl}::text || webhooks.hook_id) end`
}

const findShown = prepared<SpaceValues & { id: string }, { json: string; version: number }>((param, db) =>
  db
    .selectFrom(shown(db, param).where('automations.id', '=', param('id')).as('shown'))
    .innerJoin('automations', 'automations.id', 'shown.id')
    .select([sql<string>`to_json(shown)::text`.as('json'), 'automations.version']),
)

/** One automation of a space, as the API shows it. @param hooksUrl what the URL of a webhook begins with. */
export async function find(db: Kysely<DB>, space: Space, id: string, hooksUrl: string): Promise<Shown | undefined> {
  const [row] = await findShown(db, { organizationId: space.organizationId, spaceId: space.id, id, hooksUrl })
  return row && { json: jsonText(row.json), version: row.version }
}

/** What to list, and what the URL of a webhook begins with. */
export type ListFilter = { status: string | null; kind: string | null; hooksUrl: string }

/** The place of a row in the order of the list. */
export type Position = { updatedAt: string; id: string }

type ListValues = ListFilter & SpaceValues

/** A space's automations in the order of the list, which is that of automations_space_idx. */
function listed(db: Kysely<DB>, param: Param<ListValues>) {
  return shown(db, param)
    .where(sql<boolean>`(${param('status')}::text is null or automations.status = ${param('status')})`)
    .where(sql<boolean>`(${param('kind')}::text is null or automations.kind = ${param('kind')})`)
    .orderBy('automations.updated_at', 'desc')
    .orderBy('automations.id', 'desc')
}

// The whole array comes back as one text: reading ten rows into objects and writing them out again costs this process
// more than the query costs Postgres (bench/README.md).
const listAll = prepared<ListValues, { json: string }>((param, db) =>
  db
    .selectFrom(listed(db, param).as('listed'))
    .select(sql<string>`'[' || coalesce(string_agg(to_json(listed)::text, ','), '') || ']'`.as('json')),
)

type PageValues = ListValues & { most: number; afterUpdatedAt: string | null; afterId: string | null }

const listPage = prepared<PageValues, { json: string; updated_at: string; id: string }>((param, db) =>
  db
    .selectFrom(
      listed(db, param)
        .where(
          sql<boolean>`(${param('afterId')}::uuid is null or (automations.updated_at, automations.id)
            < (${param('afterUpdatedAt')}::timestamptz, ${param('afterId')}::uuid))`,
        )
        .limit(param('most'))
        .as('listed'),
    )
    .select([sql<string>`to_json(listed)::text`.as('json'), 'listed.updated_at', 'listed.id']),
)

/** All automations of a space, newest `updated_at` first, as a JSON array. */
export async function list(db: Kysely<DB>, space: Space, filter: ListFilter): Promise<JsonText> {
  const [row] = await listAll(db, { organizationId: space.organizationId, spaceId: space.id, ...filter })
  return jsonText(row?.json ?? '[]')
}

/**
 * One page of the same list.
 *
 * @param after the last row of the page before, null for the first page.
 * @returns `last` is the last row of this page when there are more behind it, else null.
 */
export async function listLimited(
  db: Kysely<DB>,
  space: Space,
  filter: ListFilter,
  limit: number,
  after: Position | null,
): Promise<{ json: JsonText; last: Position | null }> {
  const rows = await listPage(db, {
    organizationId: space.organizationId,
    spaceId: space.id,
    ...filter,
    most: limit + 1, // one more tells whether there is a next page
    afterUpdatedAt: after?.updatedAt ?? null,
    afterId: after?.id ?? null,
  })
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return {
    json: jsonText(`[${page.map((row) => row.json).join(',')}]`),
    last: last ? { updatedAt: last.updated_at, id: last.id } : null,
  }
}
