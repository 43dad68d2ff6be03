import { newId } from '../../db/new-id.ts'
import * as chatMessages from '../../db/queries/chat-messages.ts'
import * as chatRooms from '../../db/queries/chat-rooms.ts'
import * as spaces from '../../db/queries/spaces.ts'
import {
  ChatMessageCreate,
  ChatMessageListResponse,
  ChatMessageQuery,
  ChatMessageResponse,
  ChatRoom,
  ChatRoomCreate,
  ChatRoomListResponse,
} from '../../schemas/chat.ts'
import { NoContent, ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { ChatRoomParams, SpaceParams } from '../../schemas/params.ts'
import { removeRoom } from '../../src/access/chat-rooms.ts'
import { ApiError } from '../../src/errors.ts'
import { isUuid } from '../core/validation.ts'
import { DEFAULT_LIMIT, readPage, showPage } from '../page.ts'
import type { RoutePlugin } from '../route-plugin.ts'

const NOTHING_MORE = { attachments: null }

/** Rooms of a space: what a `channel` in the config of an automation names. */
const routes: RoutePlugin = async (app) => {
  const { db } = app

  app.get(
    '',
    {
      config: { permission: 'chat.read' },
      schema: {
        operationId: 'listChatRooms',
        tags: ['Chat'],
        summary: 'List chat rooms',
        description: 'Oldest first.',
        params: SpaceParams,
        response: { 200: ref(ChatRoomListResponse) },
      },
    },
    async ({ space }, reply) =>
      reply.sendAll(
        'chat_rooms',
        ChatRoom,
        (piece) => chatRooms.list(db, space, piece),
        ({ id }) => id,
      ),
  )

  app.post(
    '',
    {
      config: { permission: 'chat.write' },
      schema: {
        operationId: 'createChatRoom',
        tags: ['Chat'],
        summary: 'Create a chat room',
        description: 'Where the space has a room of that name, a number is put behind it: `general 2`.',
        params: SpaceParams,
        body: ref(ChatRoomCreate),
        response: { 201: ref(ChatRoom) },
      },
    },
    async ({ space, body }, reply) =>
      reply.code(201).transact(async (trx) => {
        if (!(await spaces.lock(trx, space))) throw new ApiError('space_not_found')
        return chatRooms.insert(trx, space, { id: newId(), name: body.name.trim() })
      }),
  )

  app.delete(
    '/:chatRoomId',
    {
      config: { permission: 'chat.write', peopleOnly: true },
      schema: {
        operationId: 'deleteChatRoom',
        tags: ['Chat'],
        summary: 'Delete a chat room',
        description:
          'For good, with its messages. An automation whose `channel` names it makes another of that name when it has something to say.',
        params: ChatRoomParams,
        response: { 204: NoContent, ...errors(404) },
      },
    },
    async ({ caller, space, params }, reply) => {
      await db.transaction().execute((trx) => removeRoom(trx, caller, space, params.chatRoomId))
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/:chatRoomId/messages',
    {
      config: { permission: 'chat.read' },
      schema: {
        operationId: 'listChatMessages',
        tags: ['Chat'],
        summary: 'List the messages of a chat room',
        description: `The newest ${DEFAULT_LIMIT} unless \`limit\` says otherwise, the oldest of them first; \`next_cursor\` leads to those before them.`,
        params: ChatRoomParams,
        querystring: ChatMessageQuery,
        response: { 200: ref(ChatMessageListResponse), ...errors(404) },
      },
    },
    async ({ space, params, query }) => {
      const { most, after } = readPage(query, [isUuid])
      const room = await chatRooms.find(db, space, params.chatRoomId)
      if (room === undefined) throw new ApiError('chat_room_not_found')
      const wanted = { before: after?.[0] ?? null, most }
      const found = await chatMessages.list(db, space, room.id, wanted)
      const { page, next_cursor } = showPage(found, ({ id }) => [id])
      return { messages: page.toReversed(), ...NOTHING_MORE, reactions: null, next_cursor }
    },
  )

  app.post(
    '/:chatRoomId/messages',
    {
      config: { permission: 'chat.write' },
      schema: {
        operationId: 'createChatMessage',
        tags: ['Chat'],
        summary: 'Leave a message in a chat room',
        params: ChatRoomParams,
        body: ref(ChatMessageCreate),
        response: { 201: ref(ChatMessageResponse), ...errors(404) },
      },
    },
    async ({ actor, space, params, body }, reply) =>
      reply.code(201).transact(async (trx) => {
        if (!(await chatRooms.lock(trx, space, params.chatRoomId))) throw new ApiError('chat_room_not_found')
        const row = { id: newId(), author_user_id: actor.userId, content: body.content }
        return { message: await chatMessages.insert(trx, space, params.chatRoomId, row), ...NOTHING_MORE }
      }),
  )
}

export default routes
