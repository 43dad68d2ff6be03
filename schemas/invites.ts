import { type Static, Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, timestamp, uuid } from './component.ts'
import { Email } from './email.ts'
import { EXAMPLE_ORGANIZATION, Organization } from './organizations.ts'

const EXAMPLE_TOKEN = 'inv_3q2-7wAAJx0pJ4mTz8uYbVnKcQsEfGhLrWiXoPd6a1M'

const EXAMPLE = {
  id: '018e1234-abcd-7000-8000-000000000070',
  organization_id: '018e1234-abcd-7000-8000-000000000000',
  email: 'grace@example.com',
  created_by: '018e1234-abcd-7000-8000-000000000050',
  created_at: '2024-03-01T10:00:00.000Z',
  expires_at: '2024-03-08T10:00:00.000Z',
  accepted_at: null,
}

export const Invite = component(
  'Invite',
  closed(
    {
      id: uuid('Invite UUID.'),
      organization_id: uuid('Organization UUID.'),
      email: nullable(Type.String({ description: 'The one account that may accept it, or null for anybody.' })),
      created_by: uuid('The person who made it.'),
      created_at: timestamp('When it was made.'),
      expires_at: timestamp('When it ends: seven days later.'),
      accepted_at: nullable(timestamp('When it was accepted, or null.')),
    },
    { description: 'A way into an organization, for one person.', example: EXAMPLE },
  ),
)
export type Invite = Static<typeof Invite>

export const InviteCreate = component(
  'InviteCreate',
  closed(
    { email: Type.Optional(Email) },
    {
      description: 'A new invite. With `email`, only the account of that address can accept it.',
      example: { email: 'grace@example.com' },
    },
  ),
)

export const InviteCreated = component(
  'InviteCreated',
  closed(
    {
      invite: ref(Invite),
      token: Type.String({
        description: 'Shown this once. Hand it to the person, who registers with it or accepts it.',
      }),
    },
    { description: 'A new invite with its token.', example: { invite: EXAMPLE, token: EXAMPLE_TOKEN } },
  ),
)

export const InviteAccepted = component(
  'InviteAccepted',
  closed(
    {
      ok: Type.Boolean({ description: 'Always true.' }),
      organization_id: uuid('The organization that the caller is a member of now.'),
      organization: ref(Organization),
    },
    {
      description: 'What the caller belongs to now.',
      example: { ok: true, organization_id: EXAMPLE_ORGANIZATION.id, organization: EXAMPLE_ORGANIZATION },
    },
  ),
)

export const InviteTokenParams = closed({
  token: Type.String({
    minLength: 1,
    maxLength: 200,
    pattern: '^[!-~]+$',
    description: 'The token of an invite.',
    example: EXAMPLE_TOKEN,
  }),
})
