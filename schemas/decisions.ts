import { Type } from '@sinclair/typebox'
import { closed, component, ref } from './component.ts'
import { Digest, EXAMPLE_DIGEST } from './digest.ts'

export const Approval = component(
  'Approval',
  closed(
    {
      digest: Type.Optional(ref(Digest)),
    },
    {
      description:
        'The digest that the reviewer saw. Without it (and without `If-Match`) a proposal can be approved only while it is as ' +
        'first submitted.',
      example: { digest: EXAMPLE_DIGEST },
    },
  ),
)

export const Rejection = component(
  'Rejection',
  closed(
    {
      reason: Type.Optional(Type.String({ minLength: 1, maxLength: 4000, description: 'For people.' })),
      code: Type.Optional(
        Type.String({
          maxLength: 64,
          pattern: '^[a-z][a-z0-9_]*$',
          description: 'For programs: snake_case, of your own choosing.',
        }),
      ),
      paths: Type.Optional(
        Type.Array(Type.String({ maxLength: 1000, pattern: '^(/[^/]*)*$' }), {
          maxItems: 50,
          description: 'JSON pointers to what is wrong, into the object: `/config/cron`.',
        }),
      ),
    },
    {
      description: 'Why not.',
      example: { reason: 'Nine is too early for the team', code: 'wrong_time', paths: ['/config/cron'] },
    },
  ),
)
