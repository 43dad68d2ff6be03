import { type Kysely, sql, type Transaction } from 'kysely'
import { isBehind, type Piece } from '../page.ts'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'
import { LISTED } from './access.ts'

/** A space as the API shows it. */
export type ShownSpace = {
  id: string
  organization_id: string
  name: string
  description: string | null
  created_at: Date
}

const SHOWN = ['id', 'organization_id', 'name', 'description', 'created_at'] as const

/**
 * A piece of the spaces of an organization that a member may enter, the oldest first.
 *
 * @param member.all whether the member sees every space anyway.
 */
export async function listFor(
  db: Kysely<DB>,
  organizationId: string,
  { userId, all }: { userId: string; all: boolean },
  piece: Piece,
): Promise<ShownSpace[]> {
  const { rows } = await sql<ShownSpace>`
    with c as (
      select ${userId}::uuid as user_id
    ), held as (
      select array_agg(mr.role_id) as role_ids
        from member_roles mr
       where mr.organization_id = ${organizationId}::uuid and mr.user_id = ${userId}::uuid
    )
    select s.id, s.organization_id, s.name, s.description, s.created_at
      from spaces s
      cross join c
      cross join held
     where s.organization_id = ${organizationId}::uuid and (${all}::boolean or ${LISTED})
       and ${isBehind('s.created_at', 's.id', piece)}
     order by s.created_at, s.id
     limit ${piece.most}`.execute(db)
  return rows
}

/** The ids of all spaces of an organization that a member may enter, in order. @param member as for {@link listFor}. */
export async function listIdsFor(
  db: Kysely<DB>,
  organizationId: string,
  member: { userId: string; all: boolean },
): Promise<string[]> {
  const ids: string[] = []
  const most = 1000
  let after: Piece['after'] = null
  do {
    const rows: ShownSpace[] = await listFor(db, organizationId, member, { after, most })
    ids.push(...rows.map(({ id }) => id))
    const last = rows.length === most ? rows.at(-1) : undefined
    after = last === undefined ? null : { createdAt: last.created_at, id: last.id }
  } while (after !== null)
  return ids
}

export async function find(db: Kysely<DB>, space: Space): Promise<ShownSpace | undefined> {
  return db
    .selectFrom('spaces')
    .select(SHOWN)
    .where('organization_id', '=', space.organizationId)
    .where('id', '=', space.id)
    .executeTakeFirst()
}

/** Holds a space in place until the transaction ends. @returns false when it has gone since its caller was let in. */
export async function lock(trx: Transaction<DB>, space: Space): Promise<boolean> {
  const row = await trx
    .selectFrom('spaces')
    .select('id')
    .where('organization_id', '=', space.organizationId)
    .where('id', '=', space.id)
    .forKeyShare()
    .executeTakeFirst()
  return row !== undefined
}

export async function insert(
  trx: Transaction<DB>,
  organizationId: string,
  row: { id: string; name: string; description: string | null; created_by: string },
): Promise<ShownSpace> {
  return trx
    .insertInto('spaces')
    .values({ ...row, organization_id: organizationId })
    .returning(SHOWN)
    .executeTakeFirstOrThrow()
}

/** Deletes a space with everything in it. @returns undefined when it has gone since its caller was let in. */
export async function remove(trx: Transaction<DB>, space: Space): Promise<ShownSpace | undefined> {
  return trx
    .deleteFrom('spaces')
    .where('organization_id', '=', space.organizationId)
    .where('id', '=', space.id)
    .returning(SHOWN)
    .executeTakeFirst()
}
