import { type Static, Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, timestamp, uuid, visibleText } from './component.ts'
import { EXAMPLE_ROLE_ID, RoleIds } from './role-ids.ts'

const EXAMPLE = {
  id: '018e1234-abcd-7000-8000-000000000002',
  organization_id: '018e1234-abcd-7000-8000-000000000000',
  name: 'Marketing',
  description: null,
  created_at: '2024-03-01T10:00:00.000Z',
}

export const Space = component(
  'Space',
  closed(
    {
      id: uuid('Space UUID.'),
      organization_id: uuid('Organization UUID.'),
      name: Type.String({ description: 'Display name.' }),
      description: nullable(Type.String({ description: 'What it is for, or null.' })),
      created_at: timestamp('When it was created.'),
    },
    { description: 'Where automations and chat rooms live.', example: EXAMPLE },
  ),
)

export const SpaceListResponse = component(
  'SpaceListResponse',
  closed(
    { spaces: Type.Array(ref(Space)) },
    { description: 'The spaces that the caller may enter, oldest first.', example: { spaces: [EXAMPLE] } },
  ),
)

export const SpaceCreate = component(
  'SpaceCreate',
  closed(
    {
      name: visibleText(200, {
        description: 'Display name; white space around it is stripped.',
        example: 'Marketing',
      }),
      description: Type.Optional(nullable(Type.String({ maxLength: 4000, description: 'What it is for, or null.' }))),
    },
    { description: 'A new space.', example: { name: 'Marketing' } },
  ),
)
export type SpaceCreate = Static<typeof SpaceCreate>

export const SpaceAccessSummary = component(
  'SpaceAccessSummary',
  closed(
    {
      projects: Type.Array(
        closed(
          { project_id: uuid('Space UUID.'), can_access: Type.Boolean({ description: 'Always true.' }) },
          { title: 'SpaceAccessSummaryItem' },
        ),
      ),
    },
    {
      description: 'The spaces that the caller may enter, which are all that the caller learns of.',
      example: { projects: [{ project_id: EXAMPLE.id, can_access: true }] },
    },
  ),
)

export const SpaceAccess = component(
  'SpaceAccess',
  closed(
    { role_ids: RoleIds },
    {
      description:
        'The roles that may enter a space. With none, whoever holds any role may. Its creator, and whoever holds ' +
        '`org.manage` or `space.members.manage`, always may.',
      example: { role_ids: [EXAMPLE_ROLE_ID] },
    },
  ),
)
