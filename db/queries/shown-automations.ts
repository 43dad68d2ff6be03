import { type Kysely, type RawBuilder, sql } from 'kysely'
import { MAX_ANSWER_BYTES } from '../bytes.ts'
import { isoTime, type JsonText, jsonText } from '../json.ts'
import { prepared } from '../prepared.ts'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'
import { type FindWith, findWith } from './access.ts'
import { BYTES, shownJson, stored, type TriggerUrls } from './automation-json.ts'

export type { TriggerUrls }

/** An automation as the API shows it, and the version that its entity tag is made of. */
export type Shown = { json: JsonText; version: number }

type Param<P> = <K extends keyof P & string>(name: K) => RawBuilder<P[K]>

type SpaceValues = { organizationId: string; spaceId: string } & TriggerUrls

type OneValues = SpaceValues & { id: string }
/** An automation as it is read; of nulls where there is none. */
export type One = { json: string; version: number }

const one = (param: Param<OneValues>) => sql<One>`
    select ${shownJson(param)} as json, stored.version
      from (${stored(sql`
        select * from automations
         where organization_id = ${param('organizationId')} and space_id = ${param('spaceId')} and id = ${param('id')}`)}) stored`

const findShown = prepared<OneValues, One>(one)

const URL_TYPES = { hooksUrl: 'text', tunnelsUrl: 'text' }

/** One automation of a space, as the API shows it. */
export async function find(db: Kysely<DB>, space: Space, id: string, urls: TriggerUrls): Promise<Shown | undefined> {
  const [row] = await findShown(db, { organizationId: space.organizationId, spaceId: space.id, id, ...urls })
  return row && toShown(row)
}

/** {@link find} together with the question whether the caller may see it. */
export const findWithAccess: FindWith<OneValues, One> = findWith<OneValues, One>({ id: 'uuid', ...URL_TYPES }, one)

/** What {@link findWithAccess} has read. */
export function toShown({ json, version }: { [K in keyof One]: One[K] | null }): Shown | undefined {
  return json === null || version === null ? undefined : { json: jsonText(json), version }
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

/** Whether the rows of {@link listed} make one answer together. */
const ALL_FIT = sql<boolean>`stored.all_bytes <= ${sql.lit(MAX_ANSWER_BYTES)}`

/** A value that Postgres looks at when it runs a statement, and not when it plans one. */
function late(value: RawBuilder<unknown>, type: string): RawBuilder<unknown> {
  return sql`(select ${value}::${sql.raw(type)})`
}

/**
 * Rows of a space in the order of the list, which is that of automations_space_idx, and how large they are together.
 *
 * One plan is right for every space, few or many, large or small: the rows come from that index, and all else by its primary key, a
 * row at a time. The limit, which may be null for all, is what keeps Postgres from joining whole tables. It plans nothing anew for
 * single values, as it would for each of them alone, because it does not see them (bench/README.md).
 */
function listed(
  param: Param<SpaceValues>,
  { most, only }: { most: RawBuilder<unknown>; only: RawBuilder<unknown> },
): RawBuilder<unknown> {
  const rows = sql`
    select * from automations
     where organization_id = ${late(param('organizationId'), 'uuid')} and space_id = ${late(param('spaceId'), 'uuid')} ${only}
     order by updated_at desc, id desc
     limit ${late(most, 'integer')}`
  return stored(rows, sql`, sum(${BYTES}) over () as all_bytes`)
}

function chosen(param: Param<ListValues>): RawBuilder<unknown> {
  const [status, kind] = [late(param('status'), 'text'), late(param('kind'), 'text')]
  const [author, digest] = [late(param('authorId'), 'uuid'), late(param('digest'), 'text')]
  const content = (number: string) => sql`
    from automation_revisions content
   where content.organization_id = automations.organization_id and content.automation_id = automations.id
     and content.revision = ${sql.ref(`automations.${number}`)}`
  return sql`
     and (${status} is null or status = ${status})
     and (${kind} is null or kind = ${kind})
     and (${author} is null or ${author} in (created_by_user_id, created_by_service_account_id)
          or exists (select ${content('pending_revision')}
                        and ${author} in (content.authored_by_user_id, content.authored_by_service_account_id)))
     and (${digest} is null or exists (select ${content('revision')} and content.digest = ${digest}))`
}

/** All of a list in one row; of nulls where it is empty. */
export type Whole = { json: string | null; ids: string[] | null }

// The whole array comes back as one text: reading ten rows into objects and writing them out again costs this process
// more than the query costs Postgres (bench/README.md).
const whole = (param: Param<SpaceValues>, only: RawBuilder<unknown>) => sql<Whole>`
    select string_agg(case when ${ALL_FIT} then ${shownJson(param)} end, ',') as json,
           array_agg(stored.id::text) filter (where not ${ALL_FIT}) as ids
      from (${listed(param, { most: sql`null`, only })}) stored`

const listAll = prepared<ListValues, Whole>((param) => whole(param, sql``))
/** {@link list} of all that a space has, together with the question whether the caller may see it. */
export const listWithAccess: FindWith<SpaceValues, Whole> = findWith<SpaceValues, Whole>(URL_TYPES, (param) =>
  whole(param, sql``),
)
const listChosen = prepared<ListValues, Whole>((param) => whole(param, chosen(param)))

type PageValues = ListValues & { most: number; afterUpdatedAt: string; afterId: string }
type PageRow = { json: string | null; updated_at: string; id: string }

const page = (param: Param<PageValues>, only: RawBuilder<unknown>) => {
  const behind = sql`
     and (updated_at, id) < (${late(param('afterUpdatedAt'), 'timestamptz')}, ${late(param('afterId'), 'uuid')}) ${only}`
  return sql<PageRow>`
    select case when ${ALL_FIT} then ${shownJson(param)} end as json, ${isoTime('stored.updated_at')} as updated_at, stored.id
      from (${listed(param, { most: param('most'), only: behind })}) stored`
}

const listPage = prepared<PageValues, PageRow>((param) => page(param, sql``))
const listPageChosen = prepared<PageValues, PageRow>((param) => page(param, chosen(param)))

/** Before every row of a list. */
const BEGINNING: Position = { updatedAt: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }

/** Whether a filter leaves anything out: the statement of a list without one does less. */
function leavesOut({ status, kind, authorId, digest }: ListFilter): boolean {
  return (status ?? kind ?? authorId ?? digest) !== null
}

/** All automations of a space, newest `updated_at` first. */
export async function list(db: Kysely<DB>, space: Space, filter: ListFilter): Promise<Listed> {
  const [row] = await (leavesOut(filter) ? listChosen : listAll)(db, {
    organizationId: space.organizationId,
    spaceId: space.id,
    ...filter,
  })
  return toListed(row ?? { json: null, ids: null })
}

/** What {@link listWithAccess} has read. */
export function toListed({ json, ids }: Whole): Listed {
  return { ...(ids ? { ids } : { json: jsonText(json ?? '') }), last: null }
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
  const { updatedAt, id } = after ?? BEGINNING
  const rows = await (leavesOut(filter) ? listPageChosen : listPage)(db, {
    organizationId: space.organizationId,
    spaceId: space.id,
    ...filter,
    most: limit + 1, // one more tells whether there is a next page
    afterUpdatedAt: updatedAt,
    afterId: id,
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
      from (${stored(rows, before)}) stored`
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
