import { type Static, Type } from '@sinclair/typebox'
import { closed, component, nullable, timestamp } from './component.ts'

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
            '24 to 64 bytes in base64.',
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
