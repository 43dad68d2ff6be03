import { type Static, Type } from '@sinclair/typebox'
import { closed, component, nullable, stringEnum, timestamp, uuid, visibleText } from './component.ts'

export const Me = component(
  'Me',
  closed(
    {
      id: uuid('User UUID.'),
      email: nullable(Type.String({ description: 'In lower case; null for a service account.' })),
      display_name: Type.String({ description: 'Display name.' }),
      created_at: timestamp('When the account was created.'),
      service_account: nullable(
        closed(
          {
            id: uuid('Service account UUID.'),
            organization_id: uuid('Organization UUID.'),
            pending_proposals: Type.Integer({ description: 'How many of its proposals wait for a person.' }),
          },
          { title: 'OwnServiceAccount', description: 'Which service account is asking; null for people.' },
        ),
      ),
      signup_request: nullable(
        closed(
          {
            id: uuid('Sign-up request UUID.'),
            organization_id: uuid('The organization that they wait to be let into.'),
            status: stringEnum(['pending']),
          },
          { title: 'OwnSignupRequest', description: 'What the account waits for, or null.' },
        ),
      ),
      signup_pending: Type.Boolean({ description: 'Whether the account waits to be let into the organization.' }),
    },
    {
      description: 'The caller.',
      example: {
        id: '018e1234-abcd-7000-8000-000000000050',
        email: 'ada@example.com',
        display_name: 'Ada Lovelace',
        created_at: '2024-03-01T10:00:00.000Z',
        service_account: null,
        signup_request: null,
        signup_pending: false,
      },
    },
  ),
)
export type Me = Static<typeof Me>

export const MeUpdate = component(
  'MeUpdate',
  closed(
    {
      display_name: Type.Optional(
        visibleText(200, {
          description: 'Display name; white space around it is stripped.',
          example: 'Ada King',
        }),
      ),
    },
    { description: 'What to change. What is left out stays as it is.', example: { display_name: 'Ada King' } },
  ),
)
