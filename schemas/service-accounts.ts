import { type Static, Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, timestamp, uuid, visibleText } from './component.ts'
import { EXAMPLE_ROLE_ID, RoleIds } from './role-ids.ts'

const EXAMPLE = {
  id: '018e1234-abcd-7000-8000-000000000060',
  organization_id: '018e1234-abcd-7000-8000-000000000000',
  user_id: '018e1234-abcd-7000-8000-000000000061',
  name: 'Drafting assistant',
  created_by: '018e1234-abcd-7000-8000-000000000050',
  created_at: '2024-03-01T10:00:00.000Z',
  provider: 'openrouter',
  openrouter_model: 'meta-llama/llama-3.3-70b-instruct',
  cursor_default_repo_url: null,
  cursor_default_ref: null,
  role_ids: [EXAMPLE_ROLE_ID],
  expires_at: null,
  last_used_at: null,
}

export const ServiceAccount = component(
  'ServiceAccount',
  closed(
    {
      id: uuid('Service account UUID.'),
      organization_id: uuid('Organization UUID.'),
      user_id: uuid('The user behind it, which is a member, holds its roles and signs its messages.'),
      name: Type.String({ description: 'Display name.' }),
      created_by: uuid('The person who created it.'),
      created_at: timestamp('When it was created.'),
      provider: nullable(Type.String({ description: 'Who runs the AI, or null.' })),
      openrouter_model: nullable(Type.String({ description: 'Its model at OpenRouter, or null.' })),
      cursor_default_repo_url: nullable(Type.String({ description: 'The repository it works in, or null.' })),
      cursor_default_ref: nullable(Type.String({ description: 'The branch, tag or commit it starts from, or null.' })),
      role_ids: RoleIds,
      expires_at: nullable(timestamp('When its token ends, or null for never.')),
      last_used_at: nullable(timestamp('When its token was last used, to the minute, or null for never.')),
    },
    { description: 'AI staff. It proposes automations and never approves them.', example: EXAMPLE },
  ),
)

export const ServiceAccountResponse = component(
  'ServiceAccountResponse',
  closed(
    { service_account: ref(ServiceAccount) },
    { description: 'One service account.', example: { service_account: EXAMPLE } },
  ),
)

export const ServiceAccountListResponse = component(
  'ServiceAccountListResponse',
  closed(
    { service_accounts: Type.Array(ref(ServiceAccount)) },
    { description: 'The service accounts of an organization, oldest first.', example: { service_accounts: [EXAMPLE] } },
  ),
)

export const ServiceAccountTokenResponse = component(
  'ServiceAccountTokenResponse',
  closed(
    {
      service_account: ref(ServiceAccount),
      token: Type.String({ description: 'For the `Authorization` header. It is shown this once.' }),
    },
    {
      description: 'A service account with its new token.',
      example: { service_account: EXAMPLE, token: 'sa_2Vh0…' },
    },
  ),
)

const name = visibleText(200, {
  description: 'Display name; white space around it is stripped.',
  example: 'Drafting assistant',
})

/** A setting that can be cleared, by null or by an empty text. */
function clearable(maxLength: number, description: string) {
  return Type.Optional(nullable(Type.String({ maxLength, description: `${description} An empty one is null.` })))
}

const settings = {
  role_ids: Type.Optional(RoleIds),
  expires_at: Type.Optional(
    nullable(
      Type.String({
        format: 'date-time',
        maxLength: 40,
        description: 'When the token ends; it must lie ahead. Null for never.',
      }),
    ),
  ),
  provider: clearable(100, 'Who runs the AI, or null.'),
  openrouter_model: clearable(200, 'Its model at OpenRouter, or null.'),
  cursor_default_repo_url: clearable(2000, 'The repository it works in, or null.'),
  cursor_default_ref: clearable(300, 'The branch, tag or commit it starts from, or null.'),
}

export const ServiceAccountCreate = component(
  'ServiceAccountCreate',
  closed(
    { name, ...settings },
    {
      description: 'New AI staff, without roles and without an end unless they are given.',
      example: { name: 'Drafting assistant', role_ids: [EXAMPLE_ROLE_ID], provider: 'openrouter' },
    },
  ),
)
export type ServiceAccountCreate = Static<typeof ServiceAccountCreate>

export const ServiceAccountUpdate = component(
  'ServiceAccountUpdate',
  closed(
    { name: Type.Optional(name), ...settings },
    {
      description: 'What to change. What is left out stays as it is; `role_ids` are replaced whole.',
      example: { expires_at: '2999-01-01T00:00:00Z' },
    },
  ),
)
export type ServiceAccountUpdate = Static<typeof ServiceAccountUpdate>
