import { Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, timestamp, uuid } from './component.ts'
import { EXAMPLE_ROLE_ID, RoleIds } from './role-ids.ts'

const EXAMPLE = {
  user_id: '018e1234-abcd-7000-8000-000000000050',
  email: 'ada@example.com',
  display_name: 'Ada',
  role_ids: [EXAMPLE_ROLE_ID],
  service_account_id: null,
  created_at: '2024-03-01T10:00:00.000Z',
}

export const Member = component(
  'Member',
  closed(
    {
      user_id: uuid('User UUID.'),
      email: nullable(Type.String({ description: 'Null for a service account.' })),
      display_name: Type.String({ description: 'Display name.' }),
      role_ids: RoleIds,
      service_account_id: nullable(uuid('The service account whose user this is, or null for a person.')),
      created_at: timestamp('When they became a member.'),
    },
    { description: 'Somebody who belongs to an organization: a person or a service account.', example: EXAMPLE },
  ),
)

export const MemberListResponse = component(
  'MemberListResponse',
  closed(
    { members: Type.Array(ref(Member)) },
    { description: 'The members of an organization, oldest first.', example: { members: [EXAMPLE] } },
  ),
)

export const MemberRoles = component(
  'MemberRoles',
  closed(
    { role_ids: RoleIds },
    { description: 'All the roles that a member holds.', example: { role_ids: [EXAMPLE_ROLE_ID] } },
  ),
)
