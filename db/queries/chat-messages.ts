import { type Kysely, sql, type Transaction } from 'kysely'
import { jsonBytes, textBytes } from '../bytes.ts'
import { boundedPage, type Page } from '../page.ts'
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
  updated_at: Date
}

const SHOWN = [
  'id',
  'chat_room_id',
  'space_id',
  'author_user_id',
  'content',
  sql<Record<string, unknown>>`metadata`.as('metadata'),
  'created_at',
  'created_at as updated_at',
] as const

/**
 * Messages of a room, the newest first, which is the order of chat_messages_room_idx: ids are made in time order.
 *
 * @param page `before` is the id of the last message of the page before, null for the first page.
 */
export async function list(
  db: Kysely<DB>,
  space: Space,
  roomId: string,
  { before, most }: { before: string | null; most: number },
): Promise<Page<ChatMessage>> {
  const rows = db
    .selectFrom('chat_messages')
    .select(SHOWN)
    .where('organization_id', '=', space.organizationId)
    .where('space_id', '=', space.id)
    .where('chat_room_id', '=', roomId)
    .where(sql<boolean>`(${before}::uuid is null or id < ${before}::uuid)`)
    .orderBy('id', 'desc')
    .limit(most + 1)
  const bytes = sql<number>`256 + ${textBytes('content')} + ${jsonBytes('metadata')}`
  return boundedPage(db, rows, { most, order: sql`id desc`, bytes })
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

/** A message of the program itself, for the room of a name. */
export type ProgramMessage = {
  id: string
  organization_id: string
  space_id: string
  room: string
  content: string
  metadata: Record<string, unknown>
}

/**
 * Writes messages of the program itself, in one statement; one that is there already stays as it is.
 *
 * @returns the ids of those whose room exists. The others were not written.
 */
export async function insertOnce(db: Kysely<DB>, messages: readonly ProgramMessage[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    with wanted as materialized (
      select m.*, c.id as chat_room_id
        from json_to_recordset(${JSON.stringify(messages)}::json) as m (
               id uuid, organization_id uuid, space_id uuid, room text, content text, metadata json)
        join chat_rooms c
          on c.organization_id = m.organization_id and c.space_id = m.space_id and c.name = m.room
    ), written as (
      insert into chat_messages (id, organization_id, space_id, chat_room_id, content, metadata)
      select id, organization_id, space_id, chat_room_id, content, metadata from wanted
          on conflict (id) do nothing
    )
    select id from wanted`.execute(db)
  return new Set(rows.map(({ id }) => id))
}
