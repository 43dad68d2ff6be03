import { type Kysely, type RawBuilder, sql } from 'kysely'
import { jsonBytes, MAX_ANSWER_BYTES } from '../bytes.ts'
import { isoTime, type JsonText, jsonText } from '../json.ts'
import { prepared } from '../prepared.ts'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'

/** An automation as the API shows it, and the version that its entity tag is made of. */
export type Shown = { json: JsonText; version: number }

type Param<P> = <K extends keyof P & string>(name: K) => RawBuilder<P[K]>

/** Where what sets automations off comes in: what the URL of a webhook begins with, and that of a tunnel with `*` for its name. */
export type TriggerUrls = { hooksUrl: string; tunnelsUrl: string }

type SpaceValues = { organizationId: string; spaceId: string } & TriggerUrls

/** What an automation is made of, as it is stored: no JSON is read here. */
function stored(db: Kysely<DB>, param: Param<SpaceValues>) {
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
    .leftJoin('tunnel_names', (join) =>
      join
        .onRef('tunnel_names.organization_id', '=', 'automations.organization_id')
        .onRef('tunnel_names.automation_id', '=', 'automations.id'),
    )
    .leftJoin('social_sessions', (join) =>
      join
        .onRef('social_sessions.organization_id', '=', 'automations.organization_id')
        .onRef('social_sessions.automation_id', '=', 'automations.id')
        .on('social_sessions.version', '=', sql<number>`(current.secret_versions ->> 'oauth')::integer`),
    )
    .select([
      'automations.id',
      'automations.organization_id',
      'automations.space_id',
      'automations.kind',
      'automations.status',
      'automations.created_by_user_id',
      'automations.created_by_service_account_id',
      'automations.reviewed_by_user_id',
      'automations.reviewed_at',
      'automations.rejection_reason',
      'automations.rejection_code',
      'automations.rejection_paths',
      'automations.last_run_at',
      'automations.last_error',
      'automations.created_at',
      'automations.updated_at',
      'automations.owner_user_id',
      'automations.revision',
      'automations.approved_digest',
      'automations.next_run_at',
      'automations.problems',
      'automations.version',
      'current.name',
      'current.config',
      'current.description',
      'current.digest',
      'current.secret_versions',
      'social_sessions.rejected_at as credential_rejected_at',
      'pending.revision as pending_number',
      'pending.digest as pending_digest',
      'pending.name as pending_name',
      'pending.config as pending_config',
      'pending.description as pending_description',
      'pending.authored_by_user_id as pending_user_id',
      'pending.authored_by_service_account_id as pending_service_account_id',
      'pending.created_at as pending_created_at',
      'webhooks.hook_id',
      'tunnel_names.subdomain',
    ])
    .where('automations.organization_id', '=', param('organizationId'))
    .where('automations.space_id', '=', param('spaceId'))
}

/** The fields of the object, in the order of the documentation: the only list of what leaves the database. */
function shownFields(param: Param<TriggerUrls>): RawBuilder<object> {
  return sql`
    stored.id,
    stored.organization_id,
    stored.space_id,
    stored.name,
    stored.kind,
    stored.config,
    stored.status,
    stored.created_by_user_id,
    stored.created_by_service_account_id,
    stored.reviewed_by_user_id,
    ${isoTime('stored.reviewed_at')} as reviewed_at,
    stored.rejection_reason,
    ${isoTime('stored.last_run_at')} as last_run_at,
    stored.last_error,
    ${isoTime('stored.created_at')} as created_at,
    ${isoTime('stored.updated_at')} as updated_at,
    stored.description,
    stored.secret_versions ? 'oauth' as has_oauth_token,
    ${isoTime('stored.credential_rejected_at')} as credential_rejected_at,
    stored.owner_user_id,
    case when stored.reviewed_by_user_id is not null then exists (
      select from members
       where members.organization_id = stored.organization_id and members.user_id = stored.reviewed_by_user_id
    ) end as reviewer_is_member,
    case when stored.rejection_code is not null or stored.rejection_paths is not null then json_build_object(
      'code', stored.rejection_code, 'paths', coalesce(to_json(stored.rejection_paths), '[]'::json)
    ) end as rejection,
    stored.revision,
    stored.digest,
    stored.approved_digest,
    case when stored.pending_number is not null then json_build_object(
      'revision', stored.pending_number,
      'digest', stored.pending_digest,
      'name', stored.pending_name,
      'config', stored.pending_config,
      'description', stored.pending_description,
      'proposed_by_user_id', stored.pending_user_id,
      'proposed_by_service_account_id', stored.pending_service_account_id,
      'proposed_at', ${isoTime('stored.pending_created_at')}
    ) end as pending_revision,
    ${isoTime('stored.next_run_at')} as next_run_at,
    coalesce(stored.problems, '[]'::json) as problems,
    case when stored.hook_id is not null then json_build_object('url', ${param('hooksUrl')}::text || stored.hook_id)
         when stored.subdomain is not null then json_build_object('url', replace(${param('tunnelsUrl')}::text, '*', stored.subdomain))
    end as trigger`
}

const findShown = prepared<SpaceValues & { id: string }, { json: string; version: number }>(
  (param, db) => sql<{ json: string; version: number }>`
    select to_json(shown)::text as json, stored.version
      from ${stored(db, param).where('automations.id', '=', param('id')).as('stored')}
     cross join lateral (select ${shownFields(param)}) shown`,
)

/** One automation of a space, as the API shows it. */
export async function find(db: Kysely<DB>, space: Space, id: string, urls: TriggerUrls): Promise<Shown | undefined> {
  const [row] = await findShown(db, { organizationId: space.organizationId, spaceId: space.id, id, ...urls })
  return row && { json: jsonText(row.json), version: row.version }
}

/** What to list, and where it is set off from outside. */
export type ListFilter = {
  status: string | null
  kind: string | null
  /** A person or a service account. */
  authorId: string | null
  digest: string | null
} & TriggerUrls

/** The place of a row in the order of the list. */
export type Position = { updatedAt: string; id: string }

/**
 * A list, or a page of one: all of it as the elements of a JSON array without the brackets, or, where that is too large, only the
 * ids of its rows, for {@link listParts}. `last` is the last row of a page when there are more behind it, else null.
 */
export type Listed = ({ json: JsonText } | { ids: string[] }) & { last: Position | null }

type ListValues = ListFilter & SpaceValues

/** About how large one automation is: its configs, and the rest of it. */
const BYTES = sql<number>`1024 + ${jsonBytes('current.config')} + ${jsonBytes('pending.config')}`
/** Whether the rows of {@link listed} make one answer together. */
const ALL_FIT = sql<boolean>`stored.all_bytes <= ${sql.lit(MAX_ANSWER_BYTES)}`

/** A space's automations in the order of the list, which is that of automations_space_idx, and how large they are together. */
function listed(db: Kysely<DB>, param: Param<ListValues>) {
  return stored(db, param)
    .select(sql<number>`sum(${BYTES}) over ()`.as('all_bytes'))
    .where(sql<boolean>`(${param('status')}::text is null or automations.status = ${param('status')})`)
    .where(sql<boolean>`(${param('kind')}::text is null or automations.kind = ${param('kind')})`)
    .where(
      sql<boolean>`(${param('authorId')}::uuid is null or ${param('authorId')} in (
        automations.created_by_user_id, automations.created_by_service_account_id,
        pending.authored_by_user_id, pending.authored_by_service_account_id))`,
    )
    .where(sql<boolean>`(${param('digest')}::text is null or current.digest = ${param('digest')})`)
    .orderBy('automations.updated_at', 'desc')
    .orderBy('automations.id', 'desc')
}

type Whole = { json: string | null; ids: string[] | null }

// The whole array comes back as one text: reading ten rows into objects and writing them out again costs this process
// more than the query costs Postgres (bench/README.md).
const listAll = prepared<ListValues, Whole>(
  (param, db) => sql<Whole>`
    select string_agg(case when ${ALL_FIT} then to_json(shown)::text end, ',') as json,
           array_agg(stored.id::text) filter (where not ${ALL_FIT}) as ids
      from ${listed(db, param).as('stored')}
     cross join lateral (select ${shownFields(param)}) shown`,
)

type PageValues = ListValues & { most: number; afterUpdatedAt: string | null; afterId: string | null }
type PageRow = { json: string | null; updated_at: string; id: string }

const listPage = prepared<PageValues, PageRow>((param, db) => {
  const rows = listed(db, param)
    .where(
      sql<boolean>`(${param('afterId')}::uuid is null or (automations.updated_at, automations.id)
        < (${param('afterUpdatedAt')}::timestamptz, ${param('afterId')}::uuid))`,
    )
    .limit(param('most'))
  return sql<PageRow>`
    select case when ${ALL_FIT} then to_json(shown)::text end as json, shown.updated_at, stored.id
      from ${rows.as('stored')}
     cross join lateral (select ${shownFields(param)}) shown`
})

/** All automations of a space, newest `updated_at` first. */
export async function list(db: Kysely<DB>, space: Space, filter: ListFilter): Promise<Listed> {
  const [row] = await listAll(db, { organizationId: space.organizationId, spaceId: space.id, ...filter })
  return { ...(row?.ids ? { ids: row.ids } : { json: jsonText(row?.json ?? '') }), last: null }
}

/**
 * One page of the same list.
 *
 * @param after the last row of the page before, null for the first page.
 */
export async function listLimited(
  db: Kysely<DB>,
  space: Space,
  filter: ListFilter,
  limit: number,
  after: Position | null,
): Promise<Listed> {
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
  const json = page.map((row) => row.json)
  return {
    ...(json.includes(null) ? { ids: page.map(({ id }) => id) } : { json: jsonText(json.join(',')) }),
    last: last ? { updatedAt: last.updated_at, id: last.id } : null,
  }
}

type PartValues = SpaceValues & { ids: string[] }
/** `rest` is the place of the first of the ids that is left for the next part, from 1 on; null where none is. */
type Part = { json: string | null; rest: number | null }

const listPart = prepared<PartValues, Part>((param, db) => {
  const rows = stored(db, param)
    .innerJoin(
      sql<{ id: string; place: number }>`unnest(${param('ids')}::uuid[]) with ordinality`.as<'wanted'>(
        sql`wanted(id, place)`,
      ),
      'wanted.id',
      'automations.id',
    )
    .select([
      'wanted.place',
      sql<number>`coalesce(sum(${BYTES}) over (
        order by wanted.place rows between unbounded preceding and 1 preceding), 0)`.as('bytes_before'),
    ])
  const fits = sql<boolean>`stored.bytes_before < ${sql.lit(MAX_ANSWER_BYTES)}`
  return sql<Part>`
    select string_agg(case when ${fits} then to_json(shown)::text end, ',' order by stored.place) as json,
           (min(stored.place) filter (where not ${fits}))::integer as rest
      from ${rows.as('stored')}
     cross join lateral (select ${shownFields(param)}) shown`
})

const IDS_AT_ONCE = 200

/**
 * Reads automations of a space by their ids, in that order, in parts of bounded size: elements of a JSON array with commas
 * between. What is gone meanwhile is left out, so that a part may be empty.
 */
export async function* listParts(
  db: Kysely<DB>,
  space: Space,
  ids: readonly string[],
  urls: TriggerUrls,
): AsyncGenerator<JsonText> {
  const values = { organizationId: space.organizationId, spaceId: space.id, ...urls }
  for (let start = 0; start < ids.length; ) {
    const some = ids.slice(start, start + IDS_AT_ONCE)
    // On a connection of its own: on one that is shared, all who come after would wait until it is read.
    const [part] = await db.transaction().execute((trx) => listPart(trx, { ...values, ids: some }))
    start += part?.rest ? part.rest - 1 : some.length
    yield jsonText(part?.json ?? '')
  }
}
