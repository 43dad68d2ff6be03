import { type Static, Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, timestamp, uuid, visibleText } from './component.ts'
import { StoredPermissions } from './permissions.ts'

export const EXAMPLE_ORGANIZATION = {
  id: '018e1234-abcd-7000-8000-000000000000',
  name: 'Analytical Engines',
  slug: 'analytical-engines',
  open_signups_enabled: false,
  datasets_enabled: false,
  intended_public_url: null,
  public_origin_override: null,
  created_at: '2024-03-01T10:00:00.000Z',
}

const openSignupsEnabled = Type.Boolean({
  description:
    'Whether anybody may register and then wait for approval. It says nothing where the server takes many organizations: ' +
    'there, anybody registers, and joins by invite.',
})

const datasetsEnabled = Type.Boolean({
  description: 'A switch of the workspace around this program, kept for its clients: nothing here depends on it.',
})

const INTENDED_URL =
  'Where its people mean to reach it, or null. Kept for clients: where the server is reached, its operator sets.'

/** What may stand as an intended URL. An empty one is none. */
export const IntendedPublicUrl = Type.String({
  maxLength: 2000,
  pattern: '^(?:https?://[^\\s]+)?$',
  description: `${INTENDED_URL} An empty one is null.`,
  example: 'https://work.example.com',
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
      datasets_enabled: datasetsEnabled,
      intended_public_url: nullable(Type.String({ description: INTENDED_URL })),
      public_origin_override: nullable(Type.String({ description: 'Always null: an origin is set by the operator.' })),
      created_at: timestamp('When it was created.'),
    },
    { description: 'Who owns spaces, members, roles and service accounts.', example: EXAMPLE_ORGANIZATION },
  ),
)
export type Organization = Static<typeof Organization>

export const OrganizationListResponse = component(
  'OrganizationListResponse',
  closed(
    {
      organizations: Type.Array(ref(Organization)),
      can_create_organization: Type.Boolean({
        description: 'Whether the caller may make another one: a person, where the server takes many or has none yet.',
      }),
    },
    {
      description: 'The organizations of the caller, oldest first.',
      example: { organizations: [EXAMPLE_ORGANIZATION], can_create_organization: false },
    },
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

export const OrganizationUpdate = component(
  'OrganizationUpdate',
  closed(
    {
      intended_public_url: Type.Optional(nullable(IntendedPublicUrl)),
      sync_runtime_origin: Type.Optional(
        Type.Boolean({
          description: 'Taken from clients that send it, and without effect: see `public_origin_override`.',
        }),
      ),
    },
    {
      description: 'What to change. What is left out stays as it is.',
      example: { intended_public_url: 'https://work.example.com' },
    },
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
    { open_signups_enabled: openSignupsEnabled, datasets_enabled: datasetsEnabled },
    {
      description: 'What is switched on in an organization.',
      example: { open_signups_enabled: false, datasets_enabled: false },
    },
  ),
)

export const FeaturesResponse = component(
  'FeaturesResponse',
  closed(
    { features: ref(OrganizationFeatures) },
    {
      description: 'The switches of an organization.',
      example: { features: { open_signups_enabled: false, datasets_enabled: false } },
    },
  ),
)

export const FeaturesUpdate = component(
  'FeaturesUpdate',
  closed(
    { open_signups_enabled: Type.Optional(openSignupsEnabled), datasets_enabled: Type.Optional(datasetsEnabled) },
    { description: 'What to change. What is left out stays as it is.', example: { open_signups_enabled: true } },
  ),
)
