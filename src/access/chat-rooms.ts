import type { Transaction } from 'kysely'
import * as chatRooms from '../../db/queries/chat-rooms.ts'
import type { DB } from '../../db/types.ts'
import * as audit from '../audit.ts'
import { ApiError } from '../errors.ts'
import type { Space } from './actor.ts'
import type { Caller } from './caller.ts'

/** Deletes a room with its messages. @throws ApiError `chat_room_not_found` */
export async function removeRoom(trx: Transaction<DB>, caller: Caller, space: Space, id: string): Promise<void> {
  const removed = await chatRooms.remove(trx, space, id)
  if (removed === undefined) throw new ApiError('chat_room_not_found')
  const deed = { action: 'chat_room.deleted', target: { type: 'chat_room', id }, spaceId: space.id }
  await audit.record(trx, space.organizationId, caller, { ...deed, details: { name: removed.name } })
}
