import { type Static, Type } from '@sinclair/typebox'
import { closed, component, nullable, stringEnum, uuid, visibleText } from './component.ts'
import { Email } from './email.ts'
import { IntendedPublicUrl } from './organizations.ts'

const EXAMPLE_REFRESH_TOKEN = 'rt_3q2-7wAAJx0pJ4mTz8uYbVnKcQsEfGhLrWiXoPd6a1M'

const EXAMPLE_SESSION = {
  access_token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMThlMTIzNCJ9.c2lnbmF0dXJl',
  refresh_token: EXAMPLE_REFRESH_TOKEN,
  token_type: 'Bearer',
  expires_in: 900,
}

const displayName = { description: 'Display name; white space around it is stripped.', example: 'Ada Lovelace' }

export const RegisterRequest = component(
  'RegisterRequest',
  closed(
    {
      email: Email,
      password: Type.String({
        minLength: 8,
        maxLength: 1024,
        description: 'The same text is the same password in whatever Unicode form a keyboard sends it (RFC 8265).',
        example: 'correct horse battery staple',
      }),
      name: Type.Optional(
        visibleText(200, {
          ...displayName,
          description: `${displayName.description} By default the part of the email before the @.`,
        }),
      ),
      organization_name: Type.Optional(
        visibleText(200, {
          description:
            'The organization to make, whose Owner the account becomes. The first account must name it; later ones may ' +
            'only where the server takes many organizations.',
          example: 'Analytical Engines',
        }),
      ),
      // Of the organization that `organization_name` makes; without one it says nothing.
      intended_public_url: Type.Optional(IntendedPublicUrl),
      invite_token: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 200,
          description: 'Joins the organization of the invite at once, without roles.',
        }),
      ),
    },
    {
      description: 'A new account.',
      example: {
        email: 'ada@example.com',
        password: 'correct horse battery staple',
        organization_name: 'Analytical Engines',
      },
    },
  ),
)
export type RegisterRequest = Static<typeof RegisterRequest>

export const LoginRequest = component(
  'LoginRequest',
  closed(
    {
      email: Type.String({ maxLength: 254, example: 'ada@example.com' }),
      password: Type.String({ maxLength: 1024, example: 'correct horse battery staple' }),
    },
    {
      description: 'Who is logging in.',
      example: { email: 'ada@example.com', password: 'correct horse battery staple' },
    },
  ),
)
export type LoginRequest = Static<typeof LoginRequest>

export const RefreshRequest = component(
  'RefreshRequest',
  closed(
    { refresh_token: Type.String({ maxLength: 200, example: EXAMPLE_REFRESH_TOKEN }) },
    { description: 'The refresh token that came last.', example: { refresh_token: EXAMPLE_REFRESH_TOKEN } },
  ),
)
export type RefreshRequest = Static<typeof RefreshRequest>

export const TokenResponse = component(
  'TokenResponse',
  closed(
    {
      access_token: Type.String({ description: 'A JWT for the `Authorization` header.' }),
      refresh_token: Type.String({
        description:
          'Good for one refresh within 30 days. Using it again more than 10 seconds later ends the whole session.',
      }),
      token_type: stringEnum(['Bearer']),
      expires_in: Type.Integer({ description: 'Seconds until the access token ends.', example: 900 }),
      signup_pending: Type.Optional(
        Type.Boolean({ description: 'Present and true while the account waits to be let into the organization.' }),
      ),
    },
    { description: 'A session.', example: EXAMPLE_SESSION },
  ),
)
export type TokenResponse = Static<typeof TokenResponse>

export const ConsoleLogin = component(
  'ConsoleLogin',
  closed(
    {
      user: nullable(
        closed(
          {
            id: uuid('User UUID.'),
            email: nullable(Type.String({ description: 'In lower case.' })),
            display_name: Type.String({ description: 'Display name.' }),
          },
          { title: 'ConsoleUser', description: 'Who is logged in; null where nobody is, any more or yet.' },
        ),
      ),
    },
    {
      description: 'Whose the cookie of the console is.',
      example: {
        user: {
          id: '018e1234-abcd-7000-8000-000000000050',
          email: 'ada@example.com',
          display_name: 'Ada Lovelace',
        },
      },
    },
  ),
)
