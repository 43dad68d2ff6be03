import { type Kysely, sql, type Transaction } from 'kysely'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'

/** A message as the API shows it. */
export type ChatMessage = {
  id: string
  chat_room_id: string
  space_id: string
  author_user_id: string | null
  content: string
  metadata: Record<string, unknown>
  created_at: Date
}

const SHOWN = [
  'id',
  'chat_room_id',
  'space_id',
  'author_user_id',
  'content',
  sql<Record<string, unknown>>`metadata`.as('metadata'),
  'created_at',
] as const

/**
 * Messages of a room, the newest first, which is the order of chat_messages_room_idx: ids are made in time order.
 *
 * @param before the id of the last message of the page before, null for the first page.
 * @returns `more` tells whether there are older ones behind this page.
 */
export async function list(
  db: Kysely<DB>,
  space: Space,
  roomId: string,
  limit: number,
  before: string | null,
): Promise<{ messages: ChatMessage[]; more: boolean }> {
  const rows = await db
    .selectFrom('chat_messages')
    .select(SHOWN)
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('chat_room_id', '=', roomId)
    .where(sql<boolean>`(${before}::uuid is null or id < ${before}::uuid)`)
    .orderBy('id', 'desc')
    .limit(limit + 1) // one more tells whether there is a next page
    .execute()
  return { messages: rows.slice(0, limit), more: rows.length > limit }
}

export async function insert(
  trx: Transaction<DB>,
  space: Space,
  roomId: string,
  row: { id: string; author_user_id: string; content: string },
): Promise<ChatMessage> {
  return trx
    .insertInto('chat_messages')
    .values({ ...row, organization_id: space.organizationId, space_id: space.id, chat_room_id: roomId })
    .returning(SHOWN)
    .executeTakeFirstOrThrow()
}

/** Writes a message of the program itself; one that is there already stays as it is. */
export async function insertOnce(
  trx: Transaction<DB>,
  space: Space,
  roomId: string,
  row: { id: string; content: string; metadata: Record<string, unknown> },
): Promise<void> {
  await trx
    .insertInto('chat_messages')
    .values({
      id: row.id,
      content: row.content,
      metadata: JSON.stringify(row.metadata),
      chat_room_id: roomId,
      organization_id: space.organizationId,
      space_id: space.id,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}
