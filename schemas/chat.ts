import { Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, timestamp, uuid, visibleText } from './component.ts'
import { Cursor, nextCursor, PageQuery } from './paging.ts'

const EXAMPLE_ROOM = {
  id: '018e1234-abcd-7000-8000-000000000070',
  space_id: '018e1234-abcd-7000-8000-000000000002',
  name: 'general',
  created_at: '2024-03-01T10:00:00.000Z',
}

const EXAMPLE_MESSAGE = {
  id: '018e1234-abcd-7000-8000-000000000080',
  chat_room_id: EXAMPLE_ROOM.id,
  space_id: EXAMPLE_ROOM.space_id,
  author_user_id: '018e1234-abcd-7000-8000-000000000050',
  content: 'Good morning',
  metadata: {},
  created_at: '2024-03-18T09:00:00.000Z',
  updated_at: '2024-03-18T09:00:00.000Z',
}

/** What messages have elsewhere in the workspace; clients read it. */
const attachments = nullable(
  Type.Array(Type.String(), { description: 'Always null: the messages here are text alone.' }),
)
const reactions = nullable(Type.Array(Type.String(), { description: 'Always null, likewise.' }))

export const ChatRoom = component(
  'ChatRoom',
  closed(
    {
      id: uuid('Chat room UUID.'),
      space_id: uuid('Space UUID.'),
      name: Type.String({ description: 'What a `channel` in a config names; unique in the space.' }),
      created_at: timestamp('When it was created.'),
    },
    { description: 'A room of a space, where people and automations leave messages.', example: EXAMPLE_ROOM },
  ),
)

export const ChatRoomListResponse = component(
  'ChatRoomListResponse',
  closed(
    { chat_rooms: Type.Array(ref(ChatRoom)) },
    { description: 'The chat rooms of a space, oldest first.', example: { chat_rooms: [EXAMPLE_ROOM] } },
  ),
)

export const ChatRoomCreate = component(
  'ChatRoomCreate',
  closed(
    {
      name: visibleText(100, {
        description: 'White space around it is stripped. One that is taken gets a number behind it.',
        example: 'general',
      }),
    },
    { description: 'A new chat room.', example: { name: 'general' } },
  ),
)

export const ChatMessage = component(
  'ChatMessage',
  closed(
    {
      id: uuid('Message UUID.'),
      chat_room_id: uuid('Chat room UUID.'),
      space_id: uuid('Space UUID.'),
      author_user_id: nullable(uuid('The user who wrote it, or null where an automation did.')),
      content: Type.String({ description: 'The text.' }),
      metadata: Type.Record(Type.String(), Type.Unknown(), {
        description: 'What programs know of it: where an automation wrote it, which one.',
      }),
      created_at: timestamp('When it was written.'),
      updated_at: timestamp('The same: messages are not edited here.'),
    },
    { description: 'A message in a chat room.', example: EXAMPLE_MESSAGE },
  ),
)

export const ChatMessageResponse = component(
  'ChatMessageResponse',
  closed(
    { message: ref(ChatMessage), attachments },
    { description: 'One message.', example: { message: EXAMPLE_MESSAGE, attachments: null } },
  ),
)

export const ChatMessageListResponse = component(
  'ChatMessageListResponse',
  closed(
    {
      messages: Type.Array(ref(ChatMessage)),
      attachments,
      reactions,
      next_cursor: nextCursor('What to send as `cursor` for older messages; null when there are none.'),
    },
    {
      description:
        'The newest messages of a chat room, or those before a cursor: a page is in the order in which they were written.',
      example: { messages: [EXAMPLE_MESSAGE], attachments: null, reactions: null, next_cursor: null },
    },
  ),
)

export const ChatMessageCreate = component(
  'ChatMessageCreate',
  closed(
    {
      content: visibleText(32_768, { description: 'The text.', example: 'Good morning' }),
      attachments: Type.Optional(
        nullable(
          Type.Array(Type.String({ maxLength: 200 }), {
            maxItems: 0,
            description: 'None can be taken: the list is empty.',
          }),
        ),
      ),
    },
    { description: 'A new message.', example: { content: 'Good morning' } },
  ),
)

export const ChatMessageQuery = closed({
  limit: PageQuery.properties.limit,
  cursor: Type.Optional(ref(Cursor)),
})
