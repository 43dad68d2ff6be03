import { type Static, Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, stringEnum, timestamp, uuid } from './component.ts'

const EXAMPLE = {
  id: '018e1234-abcd-7000-8000-000000000080',
  organization_id: '018e1234-abcd-7000-8000-000000000000',
  user_id: '018e1234-abcd-7000-8000-000000000051',
  email: 'grace@example.com',
  display_name: 'Grace Hopper',
  status: 'pending',
  created_at: '2024-03-01T10:00:00.000Z',
  resolved_at: null,
  resolved_by_user_id: null,
}

export const SignupRequest = component(
  'SignupRequest',
  closed(
    {
      id: uuid('Sign-up request UUID.'),
      organization_id: uuid('Organization UUID.'),
      user_id: uuid('The account that waits.'),
      email: Type.String({ description: 'Its email, in lower case. Nobody has checked that it is theirs.' }),
      display_name: Type.String({ description: 'Its display name.' }),
      status: stringEnum(['pending', 'approved', 'denied'], { description: 'What has become of it.' }),
      created_at: timestamp('When it was made.'),
      resolved_at: nullable(timestamp('When it was decided, or null.')),
      resolved_by_user_id: nullable(uuid('The person who decided, or null.')),
    },
    { description: 'Somebody who registered and waits to be let in.', example: EXAMPLE },
  ),
)
export type SignupRequest = Static<typeof SignupRequest>

export const SignupRequestResponse = component(
  'SignupRequestResponse',
  closed(
    { signup_request: ref(SignupRequest) },
    { description: 'One sign-up request.', example: { signup_request: EXAMPLE } },
  ),
)

export const SignupRequestListResponse = component(
  'SignupRequestListResponse',
  closed(
    { signup_requests: Type.Array(ref(SignupRequest)) },
    { description: 'Who waits to be let in, longest first.', example: { signup_requests: [EXAMPLE] } },
  ),
)
