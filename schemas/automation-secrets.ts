import { type Static, Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, stringEnum, timestamp, uuid } from './component.ts'

export const SecretChange = component(
  'SecretChange',
  closed(
    {
      secret: Type.Optional(
        Type.String({
          minLength: 8,
          maxLength: 512,
          pattern: '^[\\x21-\\x7e](?:[\\x20-\\x7e]*[\\x21-\\x7e])?$',
          writeOnly: true,
          description:
            'The secret that the other side made. Left out, one is made here. For Standard Webhooks it is `whsec_` and ' +
            '24 to 64 bytes in base64. A token may begin with `Bearer`, which is no part of it.',
          example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
        }),
      ),
      grace_seconds: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 604_800,
          description: 'How long the secret before this one stays valid. Default: 86400, a day.',
          example: 3600,
        }),
      ),
    },
    { description: 'Another secret, given or to be made.', example: { grace_seconds: 3600 } },
  ),
)
export type SecretChange = Static<typeof SecretChange>

export const SecretResponse = component(
  'SecretResponse',
  closed(
    {
      secret: Type.String({ description: 'The secret. It is shown this once.' }),
      previous_valid_until: nullable(timestamp('Until when the one before stays valid; null where there was none.')),
    },
    {
      description: 'The secret that holds from now on.',
      example: { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', previous_valid_until: '2026-11-24T09:58:00.000Z' },
    },
  ),
)

export const SECRET_NAME_PATTERN = '^[a-z][a-z0-9_]{0,63}$'

export const NamedSecretChange = component(
  'NamedSecretChange',
  closed(
    {
      value: Type.String({
        minLength: 1,
        maxLength: 16_384,
        writeOnly: true,
        description: 'The value, of 16,384 bytes of UTF-8 at the most. It is stored encrypted and never returned.',
        example: 'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
      }),
    },
    { description: 'The value of a secret.', example: { value: 'sk_live_4eC39HqLyjWDarjtT1zdp7dc' } },
  ),
)

const EXAMPLE_SECRET = {
  name: 'stripe_key',
  version: 2,
  state: 'in_use',
  set_by_user_id: '018e1234-abcd-7000-8000-000000000050',
  set_at: '2026-11-23T09:58:00.000Z',
}

export const NamedSecret = component(
  'NamedSecret',
  closed(
    {
      name: Type.String({ description: 'How templates call it: `{{ secrets.name }}`.' }),
      version: Type.Integer({ description: 'Counts the values that it has had. Part of the digest of what uses it.' }),
      state: stringEnum(['in_use', 'proposed', 'unused'], {
        description:
          '`in_use`: by the content that is shown. `proposed`: by a change that waits for a person. `unused`: by neither, yet.',
      }),
      set_by_user_id: nullable(uuid('The person who set it, or null.')),
      set_at: timestamp('When it was set.'),
    },
    { description: 'A secret of an automation, without its value.', example: EXAMPLE_SECRET },
  ),
)

export const NamedSecretResponse = component(
  'NamedSecretResponse',
  closed({ secret: ref(NamedSecret) }, { description: 'One secret, without its value.' }),
)

export const NamedSecretListResponse = component(
  'NamedSecretListResponse',
  closed(
    { secrets: Type.Array(ref(NamedSecret)) },
    {
      description: 'The named secrets of an automation, by name and version, without their values.',
      example: { secrets: [EXAMPLE_SECRET] },
    },
  ),
)
