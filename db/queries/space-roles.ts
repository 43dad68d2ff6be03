import { type Kysely, sql, type Transaction } from 'kysely'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'

/** The access list of a space: the ids of the roles that may enter. Empty: whoever holds a role. */
export async function list(db: Kysely<DB>, space: Space): Promise<string[]> {
  const rows = await db
    .selectFrom('space_roles')
    .select('role_id')
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .orderBy('role_id')
    .execute()
  return rows.map((row) => row.role_id)
}

/** Puts another access list in the place of a space's present one. */
export async function replace(trx: Transaction<DB>, space: Space, roleIds: readonly string[]): Promise<void> {
  await trx
    .deleteFrom('space_roles')
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .execute()
  await sql`
    insert into space_roles (organization_id, space_id, role_id)
    select ${space.organizationId}::uuid, ${space.id}::uuid, unnest(${roleIds}::uuid[])`.execute(trx)
}

/** Whether some space lets this role in and no other: without it, that space would have no list, and so open to all. */
export async function isOnlyEntry(trx: Transaction<DB>, organizationId: string, roleId: string): Promise<boolean> {
  const row = await trx
    .selectFrom('space_roles')
    .select('space_id')
    .where('organization_id', '=', organizationId)
    .groupBy('space_id')
    .having(sql<boolean>`bool_and(role_id = ${roleId}::uuid)`)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
