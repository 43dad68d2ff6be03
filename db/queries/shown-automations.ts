import { type Kysely, sql } from 'kysely'
import type { Place } from '../asked-together.ts'
import { MAX_ANSWER_BYTES } from '../bytes.ts'
import { type JsonText, jsonText } from '../json.ts'
import { late, prepared } from '../prepared.ts'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'
import { type FindWith, findWith } from './access.ts'
import { BYTES, related, shownJson, stored, type TriggerUrls } from './automation-json.ts'

export type { TriggerUrls }

/** An automation as the API shows it, and the version that its entity tag is made of. */
export type Shown = { json: JsonText; version: number }

type SpaceValues = { organizationId: string; spaceId: string } & TriggerUrls

type OneValues = SpaceValues & { id: string }
/** An automation as it is read; of nulls where there is none. */
export type One = { json: string; version: number }

const one = (param: Place<OneValues>) => sql<One>`
    select ${shownJson(param)} as json, stored.version
      from (${stored(
        related(sql`
        select * from automations
         where organization_id = ${param('organizationId')} and space_id = ${param('spaceId')} and id = ${param('id')}`),
      )}) stored`

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
