import { Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, stringEnum, timestamp, uuid } from './component.ts'
import { Limit } from './paging.ts'

const EXAMPLE = {
  id: '018e1234-abcd-7000-8000-0000000000a0',
  type: 'automation.proposed',
  title: 'Weekly digest',
  body: 'Drafting assistant proposes an automation in Marketing',
  organization_id: '018e1234-abcd-7000-8000-000000000000',
  space_id: '018e1234-abcd-7000-8000-000000000002',
  automation_id: '018e1234-abcd-7000-8000-0000000000a0',
  created_at: '2024-03-18T09:00:00.000Z',
  read_at: null,
}

const type = stringEnum(['automation.proposed', 'automation.change_proposed'], {
  description: 'A new automation, or a change of one that a person let run.',
})

export const Notification = component(
  'Notification',
  closed(
    {
      id: uuid('The same for the same proposal: the automation that it is of.'),
      type,
      title: Type.String({ description: 'The name that is proposed.' }),
      body: Type.String({ description: 'Who proposes what, and where, in a sentence.' }),
      organization_id: uuid('Organization UUID.'),
      space_id: uuid('Space UUID.'),
      automation_id: uuid('Automation UUID.'),
      created_at: timestamp('When it was proposed.'),
      read_at: nullable(timestamp('Always null: it waits until somebody decides, and then it is gone.')),
    },
    { description: 'A proposal that waits for the caller.', example: EXAMPLE },
  ),
)

export const NotificationListResponse = component(
  'NotificationListResponse',
  closed(
    {
      notifications: Type.Array(ref(Notification)),
      unread_count: Type.Integer({ description: 'How many there are in all, beyond `limit` too.' }),
    },
    {
      description: 'What waits for the caller, the newest first.',
      example: { notifications: [EXAMPLE], unread_count: 1 },
    },
  ),
)

export const NotificationQuery = closed({
  limit: Type.Optional(Limit),
  org_id: Type.Optional(uuid('Only those of this organization.')),
  space_id: Type.Optional(uuid('Only those of this space.')),
  type: Type.Optional(type),
  unread_only: Type.Optional(Type.Boolean({ description: 'Without effect: all of them wait.' })),
  chat_room_id: Type.Optional(uuid('Of a chat room there are none.')),
})
