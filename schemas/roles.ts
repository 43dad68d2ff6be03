import { type Static, Type } from '@sinclair/typebox'
import { closed, component, ref, timestamp, uuid, visibleText } from './component.ts'
import { PERMISSIONS, Permission, StoredPermissions } from './permissions.ts'
import { EXAMPLE_ROLE_ID } from './role-ids.ts'

const EXAMPLE = {
  id: EXAMPLE_ROLE_ID,
  organization_id: '018e1234-abcd-7000-8000-000000000000',
  name: 'Editor',
  is_system: false,
  permissions: ['files.read', 'files.write'],
  created_at: '2024-03-01T10:00:00.000Z',
  updated_at: '2024-03-01T10:00:00.000Z',
}

export const Role = component(
  'Role',
  closed(
    {
      id: uuid('Role UUID.'),
      organization_id: uuid('Organization UUID.'),
      name: Type.String({ description: 'Display name, unique in the organization.' }),
      is_system: Type.Boolean({ description: 'True for `Owner` alone, which is fixed.' }),
      permissions: StoredPermissions,
      created_at: timestamp('When it was created.'),
      updated_at: timestamp('When its name or its permissions were set last.'),
    },
    { description: 'A named set of permissions.', example: EXAMPLE },
  ),
)

export const RoleResponse = component(
  'RoleResponse',
  closed({ role: ref(Role) }, { description: 'One role.', example: { role: EXAMPLE } }),
)

export const RoleListResponse = component(
  'RoleListResponse',
  closed(
    { roles: Type.Array(ref(Role)) },
    { description: 'The roles of an organization, oldest first.', example: { roles: [EXAMPLE] } },
  ),
)

const name = visibleText(100, {
  description: 'Display name, unique in the organization; white space around it is stripped.',
  example: 'Editor',
})
const permissions = Type.Array(ref(Permission), { uniqueItems: true, maxItems: PERMISSIONS.length })

export const RoleCreate = component(
  'RoleCreate',
  closed(
    { name, permissions },
    {
      description: 'A new role, with permissions that its maker holds.',
      example: { name: EXAMPLE.name, permissions: EXAMPLE.permissions },
    },
  ),
)
export type RoleCreate = Static<typeof RoleCreate>

export const RoleUpdate = component(
  'RoleUpdate',
  closed(
    {
      name: Type.Optional(name),
      permissions: Type.Optional(permissions),
    },
    {
      description: 'What to change. What is left out stays as it is; `permissions` are replaced whole.',
      example: { permissions: ['files.read'] },
    },
  ),
)
export type RoleUpdate = Static<typeof RoleUpdate>
