import { Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, stringEnum, timestamp, uuid } from './component.ts'
import { EXAMPLE_ROLE_ID, RoleIds } from './role-ids.ts'

const EXAMPLE = {
  organization_id: '018e1234-abcd-7000-8000-000000000000',
  user_id: '018e1234-abcd-7000-8000-000000000050',
  email: 'ada@example.com',
  display_name: 'Ada',
  role_ids: [EXAMPLE_ROLE_ID],
  role: 'admin',
  is_service_account: false,
  service_account_id: null,
  last_seen_at: '2024-03-18T09:00:00.000Z',
  created_at: '2024-03-01T10:00:00.000Z',
}

export const Member = component(
  'Member',
  closed(
    {
      organization_id: uuid('Organization UUID.'),
      user_id: uuid('User UUID.'),
      email: nullable(Type.String({ description: 'Null for a service account.' })),
      display_name: Type.String({ description: 'Display name.' }),
      role_ids: RoleIds,
      role: stringEnum(['admin', 'member'], {
        description: '`admin` of whoever holds the system role `Owner`. What they may do is in `role_ids`.',
      }),
      is_service_account: Type.Boolean({ description: 'Whether it is AI staff, and no person.' }),
      service_account_id: nullable(uuid('The service account whose user this is, or null for a person.')),
      last_seen_at: nullable(
        timestamp(
          'When they last signed in or refreshed their session; of a service account, its `last_used_at`. Or null.',
        ),
      ),
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

export const SpaceMemberListResponse = component(
  'SpaceMemberListResponse',
  closed(
    {
      members: Type.Array(ref(Member)),
      space_has_allowlist: Type.Boolean({ description: 'Whether the space has an access list.' }),
      allowed_role_ids: RoleIds,
    },
    {
      description: 'Who may enter a space, oldest first, and its access list.',
      example: { members: [EXAMPLE], space_has_allowlist: false, allowed_role_ids: [] },
    },
  ),
)

export const MemberRolesSet = component(
  'MemberRolesSet',
  closed(
    { ok: Type.Boolean({ description: 'Always true.' }), role_ids: RoleIds },
    { description: 'The roles that a member holds now.', example: { ok: true, role_ids: [EXAMPLE_ROLE_ID] } },
  ),
)

export const MemberRoles = component(
  'MemberRoles',
  closed(
    { role_ids: RoleIds },
    { description: 'All the roles that a member holds.', example: { role_ids: [EXAMPLE_ROLE_ID] } },
  ),
)
