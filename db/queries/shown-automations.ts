import { type Kysely, sql } from 'kysely'
import type { Place } from '../asked-together.ts'
import { type JsonText, jsonText } from '../json.ts'
import { prepared } from '../prepared.ts'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'
import { type FindWith, findWith } from './access.ts'
import { related, shownJson, stored, type TriggerUrls } from './automation-json.ts'

export type { TriggerUrls }

/** An automation as the API shows it, and the version that its entity tag is made of. */
export type Shown = { json: JsonText; version: number }

type OneValues = { organizationId: string; spaceId: string; id: string } & TriggerUrls
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
