import { Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, stringEnum, timestamp, uuid } from './component.ts'
import { DIGEST_FORM, Digest, EXAMPLE_DIGEST } from './digest.ts'

export const Approval = component(
  'Approval',
  closed(
    {
      digest: Type.Optional(ref(Digest)),
      base_digest: Type.Optional(
        nullable(
          Type.String({
            ...DIGEST_FORM,
            description:
              'What ran when the reviewer read the difference, as the queue of reviews says it. Where something else runs by now, ' +
              'nothing is approved. Left out: whatever runs.',
          }),
        ),
      ),
    },
    {
      description:
        'The digest that the reviewer saw. Without it (and without `If-Match`) a proposal can be approved only while it is as ' +
        'first submitted.',
      example: { digest: EXAMPLE_DIGEST },
    },
  ),
)

export const Withdrawal = component(
  'Withdrawal',
  closed(
    {
      digest: Type.Optional(ref(Digest)),
    },
    {
      description: 'The digest of what is taken back. Without it, whatever the caller has waiting.',
      example: { digest: EXAMPLE_DIGEST },
    },
  ),
)

/** Written out where it may be null. */
export const Decision = closed(
  {
    outcome: stringEnum(['approved', 'rejected', 'expired', 'withdrawn'], {
      description: '`expired`: nobody decided in time. `withdrawn`: whoever proposed it took it back.',
    }),
    by: nullable(
      uuid('The person who decided, or who took it back, or the service account that did; null with `expired`.'),
    ),
    at: timestamp('When.'),
    reason: nullable(Type.String({ description: 'Why not, for people, or null.' })),
    code: nullable(Type.String({ description: 'Why not, for programs, or null.' })),
    paths: Type.Array(Type.String(), { description: 'JSON pointers to what is wrong.' }),
  },
  { title: 'Decision', description: 'The latest decision on it; null while there is none.' },
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
