import { type Static, Type } from '@sinclair/typebox'
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
  user_id: '018e1234-abcd-7000-8000-000000000050',
  payload: {
    space_id: '018e1234-abcd-7000-8000-000000000002',
    automation_id: '018e1234-abcd-7000-8000-0000000000a0',
  },
  created_at: '2024-03-18T09:00:00.000Z',
  read_at: null,
}

const TYPES = ['automation.proposed', 'automation.change_proposed'] as const

export const Notification = component(
  'Notification',
  closed(
    {
      id: uuid('The same for the same proposal: the automation that it is of.'),
      type: stringEnum(TYPES, {
        description: 'A new automation, or a change of one that a person let run.',
      }),
      title: Type.String({ description: 'The name that is proposed.' }),
      body: Type.String({ description: 'Who proposes what, and where, in a sentence.' }),
      organization_id: uuid('Organization UUID.'),
      space_id: uuid('Space UUID.'),
      automation_id: uuid('Automation UUID.'),
      user_id: uuid('The caller.'),
      payload: closed(
        { space_id: uuid('Space UUID.'), automation_id: uuid('Automation UUID.') },
        { title: 'NotificationPayload', description: 'Where it leads, once more, for clients of Hyperspeed.' },
      ),
      created_at: timestamp('When it was proposed, as it is now.'),
      read_at: nullable(
        timestamp('When the caller marked it as read, or null. A proposal that is edited after that is unread again.'),
      ),
    },
    { description: 'A proposal that waits for the caller, until somebody decides.', example: EXAMPLE },
  ),
)
export type Notification = Static<typeof Notification>

export const NotificationListResponse = component(
  'NotificationListResponse',
  closed(
    {
      notifications: Type.Array(ref(Notification)),
      ids: Type.Array(uuid('Notification UUID.'), { description: 'Theirs, alone.' }),
      unread_count: Type.Integer({
        description: 'How many are unread of all that were asked for, beyond `limit` too.',
      }),
    },
    {
      description: 'What waits for the caller, the newest first.',
      example: { notifications: [EXAMPLE], ids: [EXAMPLE.id], unread_count: 1 },
    },
  ),
)

/** What clients of Hyperspeed ask for besides is nothing that waits here: their answer is empty. */
export const NotificationQuery = closed({
  limit: Type.Optional(Limit),
  org_id: Type.Optional(uuid('Only those of this organization.')),
  space_id: Type.Optional(uuid('Only those of this space.')),
  type: Type.Optional(
    Type.String({
      maxLength: 100,
      pattern: '^[a-z_.]+$',
      description: `\`${TYPES.join('` or `')}\`; there are none of any other.`,
    }),
  ),
  unread_only: Type.Optional(
    stringEnum(['1', '0', 'true', 'false'], { description: 'Leaves out what is read, if `1` or `true`.' }),
  ),
  chat_room_id: Type.Optional(uuid('Of a chat room there are none.')),
})

const organization = uuid('The organization whose proposals they are of.')
const ids = { maxItems: 200, uniqueItems: true }
const EXAMPLE_MARKED = { org_id: EXAMPLE.organization_id, ids: [EXAMPLE.id] }

export const NotificationsRead = component(
  'NotificationsRead',
  closed(
    {
      org_id: organization,
      ids: Type.Array(uuid('Notification UUID.'), { ...ids, description: 'Which; an empty list is all.' }),
    },
    { description: 'What the caller has read.', example: EXAMPLE_MARKED },
  ),
)

export const NotificationsReadResponse = component(
  'NotificationsReadResponse',
  closed(
    { updated: Type.Integer({ description: 'How many were unread before.' }) },
    { description: 'How many were marked as read.', example: { updated: 1 } },
  ),
)

export const NotificationsRemoved = component(
  'NotificationsRemoved',
  closed(
    {
      org_id: organization,
      ids: Type.Array(uuid('Notification UUID.'), { ...ids, minItems: 1, description: 'Which.' }),
    },
    { description: 'What the caller takes out of their inbox.', example: EXAMPLE_MARKED },
  ),
)

export const NotificationsRemovedResponse = component(
  'NotificationsRemovedResponse',
  closed(
    { deleted: Type.Integer({ description: 'How many were in it before.' }) },
    { description: 'How many were taken out.', example: { deleted: 1 } },
  ),
)
