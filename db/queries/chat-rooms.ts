import type { Kysely, Transaction } from 'kysely'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'

export type ChatRoom = { id: string; space_id: string; name: string; created_at: Date }

const SHOWN = ['id', 'space_id', 'name', 'created_at'] as const

/** The rooms of a space, the oldest first. */
export async function list(db: Kysely<DB>, space: Space): Promise<ChatRoom[]> {
  return db
    .selectFrom('chat_rooms')
    .select(SHOWN)
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .orderBy('created_at')
    .orderBy('id')
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

/** The room of that name, made where it is missing. */
export async function findOrInsert(
  trx: Transaction<DB>,
  space: Space,
  row: { id: string; name: string },
): Promise<{ id: string }> {
  await trx
    .insertInto('chat_rooms')
    .values({ ...row, organization_id: space.organizationId, space_id: space.id })
    .onConflict((conflict) => conflict.constraint('chat_rooms_name_key').doNothing())
    .execute()
  return trx
    .selectFrom('chat_rooms')
    .select('id')
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('name', '=', row.name)
    .executeTakeFirstOrThrow()
}
