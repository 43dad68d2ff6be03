import { type Kysely, sql, type Transaction } from 'kysely'
import { isBehind, type Piece } from '../page.ts'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'

export type ChatRoom = { id: string; space_id: string; name: string; created_at: Date }

const SHOWN = ['id', 'space_id', 'name', 'created_at'] as const

/** A piece of the rooms of a space, the oldest first. */
export async function list(db: Kysely<DB>, space: Space, piece: Piece): Promise<ChatRoom[]> {
  return db
    .selectFrom('chat_rooms')
    .select(SHOWN)
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where(isBehind('created_at', 'id', piece))
    .orderBy('created_at')
    .orderBy('id')
    .limit(piece.most)
    .execute()
}

export async function find(db: Kysely<DB>, space: Space, id: string): Promise<ChatRoom | undefined> {
  return db
    .selectFrom('chat_rooms')
    .select(SHOWN)
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('id', '=', id)
    .executeTakeFirst()
}

/** Holds a room in place until the transaction ends. @returns false when the space has none of that id. */
export async function lock(trx: Transaction<DB>, space: Space, id: string): Promise<boolean> {
  const row = await trx
    .selectFrom('chat_rooms')
    .select('id')
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('id', '=', id)
    .forKeyShare()
    .executeTakeFirst()
  return row !== undefined
}

/** How many characters the name of a room has at the most. */
const MAX_NAME = 100

/**
 * Makes a room. Where the space has one of that name, the first number behind it that is free makes another: `general 2`.
 *
 * @returns it, under the name that it has.
 */
export async function insert(trx: Transaction<DB>, space: Space, row: { id: string; name: string }): Promise<ChatRoom> {
  // Of more names than there are rooms one is free: one more than that, because a name may end in a number itself. Who makes the
  // same room at the same time is waited for, and then another name is looked for.
  for (;;) {
    const { rows } = await sql<ChatRoom>`
      insert into chat_rooms (id, organization_id, space_id, name)
      select ${row.id}::uuid, ${space.organizationId}::uuid, ${space.id}::uuid, wanted.name
        from (
          select number,
                 case number when 1 then ${row.name}::text
                 else left(${row.name}::text, ${sql.lit(MAX_NAME)} - length(number::text) - 1) || ' ' || number end as name
            from generate_series(1, 2 + (select count(*) from chat_rooms
                                          where organization_id = ${space.organizationId} and space_id = ${space.id})) number
        ) wanted
       where not exists (select from chat_rooms r
                          where r.organization_id = ${space.organizationId} and r.space_id = ${space.id}
                            and r.name = wanted.name)
       order by number
       limit 1
          on conflict on constraint chat_rooms_name_key do nothing
      returning id, space_id, name, created_at`.execute(trx)
    if (rows[0] !== undefined) return rows[0]
  }
}

/** Deletes a room with its messages. @returns undefined when the space has none of that id. */
export async function remove(trx: Transaction<DB>, space: Space, id: string): Promise<ChatRoom | undefined> {
  return trx
    .deleteFrom('chat_rooms')
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('id', '=', id)
    .returning(SHOWN)
    .executeTakeFirst()
}

/**
 * Makes those of some rooms that are missing. In the order of their names, so that two transactions that make the same ones do
 * not wait for one another.
 */
export async function insertMissing(
  trx: Transaction<DB>,
  rooms: readonly { id: string; organization_id: string; space_id: string; name: string }[],
): Promise<void> {
  await sql`
    insert into chat_rooms (id, organization_id, space_id, name)
    select id, organization_id, space_id, name
      from json_to_recordset(${JSON.stringify(rooms)}::json) as r (
             id uuid, organization_id uuid, space_id uuid, name text)
     order by organization_id, space_id, name
        on conflict on constraint chat_rooms_name_key do nothing`.execute(trx)
}
