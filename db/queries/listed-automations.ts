import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Place } from '../asked-together.ts'
import { MAX_ANSWER_BYTES } from '../bytes.ts'
import { isoTime, type JsonText, jsonText } from '../json.ts'
import { createKept } from '../kept.ts'
import { ofEach } from '../of-each.ts'
import { late, prepared } from '../prepared.ts'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'
import { type Door, type Found, findWith, type Question } from './access.ts'
import { BYTES, related, shownJson, stampOf, stored, type TriggerUrls } from './automation-json.ts'

/** What a list leaves out; nothing where all are null. */
export type ListFilter = {
  status: string | null
  kind: string | null
  /** A person or a service account. */
  authorId: string | null
  digest: string | null
}

/** The filter that leaves nothing out. */
export const NO_FILTER: ListFilter = { status: null, kind: null, authorId: null, digest: null }

/** The place of a row in the order of the list. */
export type Position = { updatedAt: string; id: string }

/** How many rows at the most, null for all, behind which one, null for none. */
export type ListPage = { most: number | null; after: Position | null }

/**
 * A list, or a page of one: all of it as the elements of a JSON array without the brackets, or, where that is too large, only the
 * ids of its rows, for {@link listParts}. `last` is the last row of a page when there are more behind it, else null.
 */
export type Listed = ({ json: JsonText } | { ids: string[] }) & { last: Position | null }

type SpaceValues = { organizationId: string; spaceId: string } & TriggerUrls
type RowValues = SpaceValues & { most: number | null; afterUpdatedAt: string; afterId: string; known: string | null }
type ChosenValues = RowValues & ListFilter

/** A list as it is read; its content is null where its stamp is known. */
export type ListRow = {
  stamp: string
  json: string | null
  ids: string[] | null
  /** The time and the id of its last row, as a JSON array, where there are more behind it. */
  last: string | null
}

/** Whether the rows of a list make one answer together. */
const ALL_FIT = sql<boolean>`stored.all_bytes <= ${sql.lit(MAX_ANSWER_BYTES)}`

/**
 * A list in one row: the whole array is one text, because reading ten rows into objects and writing them out again costs this process
 * more than the query costs Postgres (bench/README.md). Where its stamp is the one that is known, it is not read.
 *
 * One plan is right for every space, few or many, large or small: the rows come from automations_space_idx, in its order, and all else by
 * its primary key, a row at a time. The limit, which may be null for all, is what keeps Postgres from joining whole tables. It plans nothing
 * anew for single values, as it would for each of them alone, because it does not see them (bench/README.md).
 *
 * One row more than wanted tells whether there is a next page. The offset keeps what is read behind the question whether it is needed.
 */
function listed(param: Place<RowValues>, only: RawBuilder<unknown>): RawBuilder<ListRow> {
  const most = late(param('most'), 'integer')
  const rows = sql`
    select *, xmin::text as row_version from automations
     where organization_id = ${late(param('organizationId'), 'uuid')} and space_id = ${late(param('spaceId'), 'uuid')}
       and (updated_at, id) < (${late(param('afterUpdatedAt'), 'timestamptz')}, ${late(param('afterId'), 'uuid')}) ${only}
     order by updated_at desc, id desc
     limit ${most} + 1`
  return sql<ListRow>`
    with rows as materialized (${related(rows)})
    select seen.stamp, content.*, case when seen.count > ${most} then (
             select json_build_array(${isoTime('updated_at')}, id)::text from rows offset ${most} - 1 limit 1) end as last
      from (select ${stampsOf(late(param('organizationId'), 'uuid'))} as stamp, count(*) as count from rows) seen
      left join lateral (
        select string_agg(case when ${ALL_FIT} then ${shownJson(param)} end, ',') as json,
               array_agg(stored.id::text) filter (where not ${ALL_FIT}) as ids
          from (${stored(sql`select * from rows limit ${most}`, sql`, sum(${BYTES}) over () as all_bytes`)}) stored
        having seen.stamp is distinct from ${param('known')}::text offset 0) content on true`
}

/**
 * The stamps of all rows. Of another server, or of one that was set back, they say nothing: its transactions may have the same numbers, but it was
 * started at another time.
 */
function stampsOf(organizationId: RawBuilder<unknown>): RawBuilder<string> {
  return sql<string>`encode(sha256(convert_to(
    concat(pg_postmaster_start_time(), string_agg(${stampOf(organizationId)}, ',')), 'UTF8')), 'base64')`
}

function chosen(param: Place<ChosenValues>): RawBuilder<ListRow> {
  const [status, kind] = [late(param('status'), 'text'), late(param('kind'), 'text')]
  const [author, digest] = [late(param('authorId'), 'uuid'), late(param('digest'), 'text')]
  const content = (number: string) => sql`
    from automation_revisions content
   where content.organization_id = automations.organization_id and content.automation_id = automations.id
     and content.revision = ${sql.ref(`automations.${number}`)}`
  const only = sql`
     and (${status} is null or status = ${status})
     and (${kind} is null or kind = ${kind})
     and (${author} is null or ${author} in (created_by_user_id, created_by_service_account_id)
          or exists (select ${content('pending_revision')}
                        and ${author} in (content.authored_by_user_id, content.authored_by_service_account_id)))
     and (${digest} is null or exists (select ${content('revision')} and content.digest = ${digest}))`
  return listed(param as unknown as Place<RowValues>, only)
}

const listAll = prepared<RowValues, ListRow>((param) => listed(param, sql``))
const listChosen = prepared<ChosenValues, ListRow>(chosen)

/** Before every row of a list. */
const BEGINNING: Position = { updatedAt: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }

/** Automations of a space, or a page of them, newest `updated_at` first. */
export async function list(
  db: Kysely<DB>,
  space: Space,
  filter: ListFilter,
  page: ListPage,
  urls: TriggerUrls,
): Promise<Listed> {
  const values = { organizationId: space.organizationId, spaceId: space.id, ...valuesOf(page), ...urls, known: null }
  // The statement of a list without a filter does less.
  const leavesOut = Object.values(filter).some((each) => each !== null)
  const [row] = await (leavesOut ? listChosen(db, { ...values, ...filter }) : listAll(db, values))
  if (row === undefined) throw new Error('a list is one row')
  return toListed(row)
}

function valuesOf({ most, after }: ListPage) {
  const { updatedAt, id } = after ?? BEGINNING
  return { most, afterUpdatedAt: updatedAt, afterId: id }
}

/** What was read. */
export function toListed(row: { [K in keyof ListRow]: ListRow[K] | null }): Listed {
  const [updatedAt, id] = row.last === null ? [] : (JSON.parse(row.last) as string[])
  const last = updatedAt === undefined || id === undefined ? null : { updatedAt, id }
  return row.ids ? { ids: row.ids, last } : { json: jsonText(row.json ?? ''), last }
}

const findListed = findWith<RowValues, ListRow>(
  {
    most: 'integer',
    afterUpdatedAt: 'timestamptz',
    afterId: 'uuid',
    known: 'text',
    hooksUrl: 'text',
    tunnelsUrl: 'text',
  },
  (value) => listed(value, sql``),
)

/** Characters of the lists that are kept, of one or two bytes, and of one of them. */
const MOST_KEPT = 16 * 1024 * 1024
const MOST_KEPT_EACH = 256 * 1024
const keptOf = ofEach((_: Kysely<DB>) => createKept<string | null>(MOST_KEPT, MOST_KEPT_EACH))

/**
 * {@link list} without a filter, together with the question whether the caller may see it, as of {@link findWith}. Where nothing that it shows has changed
 * since it was read last, by whomever, Postgres says only that (docs/adr/0018).
 */
export async function listWithAccess(
  db: Kysely<DB>,
  question: Question,
  door: Door,
  page: ListPage,
  urls: TriggerUrls,
): Promise<Found<ListRow> | undefined> {
  const values = { ...valuesOf(page), ...urls }
  const ask = (known: string | null) => findListed(db, question, door, { ...values, known })
  // What a transaction writes twice has the same stamp both times.
  if (db.isTransaction) return ask(null)
  const key = JSON.stringify([question.organizationId, question.spaceId, values])
  const kept = keptOf(db)
  const before = kept.get(key)
  const found = await ask(before?.stamp ?? null)
  if (found === undefined || found.stamp === null) return found
  const { stamp, json, ids } = found
  if (stamp === before?.stamp) return { ...found, json: before.value }
  if (ids === null) kept.keep(key, { stamp, value: json }, json?.length ?? 0)
  return found
}

type PartValues = SpaceValues & { ids: string[] }
/** `rest` is the place of the first of the ids that is left for the next part, from 1 on; null where none is. */
type Part = { json: string | null; rest: number | null }

const listPart = prepared<PartValues, Part>((param) => {
  const rows = sql`
    select automations.*, wanted.place
      from unnest(${late(param('ids'), 'uuid[]')}) with ordinality wanted (id, place)
     cross join lateral (
       select * from automations
        where organization_id = ${param('organizationId')} and space_id = ${param('spaceId')} and id = wanted.id
        limit 1) automations`
  const before = sql`, automations.place, coalesce(sum(${BYTES}) over (
      order by automations.place rows between unbounded preceding and 1 preceding), 0) as bytes_before`
  const fits = sql<boolean>`stored.bytes_before < ${sql.lit(MAX_ANSWER_BYTES)}`
  return sql<Part>`
    select string_agg(case when ${fits} then ${shownJson(param)} end, ',' order by stored.place) as json,
           (min(stored.place) filter (where not ${fits}))::integer as rest
      from (${stored(related(rows), before)}) stored`
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
