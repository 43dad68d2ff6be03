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

/** @throws a violation of `chat_rooms_name_key` when the space has a room of that name. */
export async function insert(trx: Transaction<DB>, space: Space, row: { id: string; name: string }): Promise<ChatRoom> {
  return trx
    .insertInto('chat_rooms')
    .values({ ...row, organization_id: space.organizationId, space_id: space.id })
    .returning(SHOWN)
    .executeTakeFirstOrThrow()
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
