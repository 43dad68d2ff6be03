import { type Static, Type } from '@sinclair/typebox'
import { closed, component, ref, timestamp, uuid, visibleText } from './component.ts'
import { StoredPermissions } from './permissions.ts'

const EXAMPLE = {
  id: '018e1234-abcd-7000-8000-000000000000',
  name: 'Analytical Engines',
  slug: 'analytical-engines',
  open_signups_enabled: false,
  created_at: '2024-03-01T10:00:00.000Z',
}

const openSignupsEnabled = Type.Boolean({
  description:
    'Whether anybody may register and then wait for approval. It says nothing where the server takes many organizations: ' +
    'there, anybody registers, and joins by invite.',
})

export const Organization = component(
  'Organization',
  closed(
    {
      id: uuid('Organization UUID.'),
      name: Type.String({ description: 'Display name.' }),
      slug: Type.String({
        description: 'Unique on this server, made of the name: lower-case letters, digits and hyphens.',
      }),
      open_signups_enabled: openSignupsEnabled,
      created_at: timestamp('When it was created.'),
    },
    { description: 'Who owns spaces, members, roles and service accounts.', example: EXAMPLE },
  ),
)
export type Organization = Static<typeof Organization>

export const OrganizationResponse = component(
  'OrganizationResponse',
  closed({ organization: ref(Organization) }, { description: 'One organization.', example: { organization: EXAMPLE } }),
)

export const OrganizationListResponse = component(
  'OrganizationListResponse',
  closed(
    { organizations: Type.Array(ref(Organization)) },
    { description: 'The organizations of the caller, oldest first.', example: { organizations: [EXAMPLE] } },
  ),
)

export const OrganizationCreate = component(
  'OrganizationCreate',
  closed(
    {
      name: visibleText(200, {
        description: 'Display name; white space around it is stripped.',
        example: 'Analytical Engines',
      }),
    },
    { description: 'A new organization, whose Owner the caller becomes.', example: { name: 'Analytical Engines' } },
  ),
)

export const PermissionListResponse = component(
  'PermissionListResponse',
  closed(
    { permissions: StoredPermissions },
    {
      description: 'What the roles of the caller allow in the organization.',
      example: { permissions: ['files.read', 'files.write'] },
    },
  ),
)

export const OrganizationFeatures = component(
  'OrganizationFeatures',
  closed(
    { open_signups_enabled: openSignupsEnabled },
    { description: 'What is switched on in an organization.', example: { open_signups_enabled: false } },
  ),
)

export const FeaturesResponse = component(
  'FeaturesResponse',
  closed(
    { features: ref(OrganizationFeatures) },
    { description: 'The switches of an organization.', example: { features: { open_signups_enabled: false } } },
  ),
)

export const FeaturesUpdate = component(
  'FeaturesUpdate',
  closed(
    { open_signups_enabled: Type.Optional(openSignupsEnabled) },
    { description: 'What to change. What is left out stays as it is.', example: { open_signups_enabled: true } },
  ),
)
