import { type Static, Type } from '@sinclair/typebox'
import { AutomationConfig, AutomationKind, AutomationStatus } from './automations.ts'
import { type Component, closed, component, named, nullable, ref, stringEnum, timestamp, uuid } from './component.ts'
import { Digest, EXAMPLE_DIGEST } from './digest.ts'
import type { KindSchema } from './kinds/kind.ts'
import { nextCursor, PageQuery } from './paging.ts'

const number = (description: string) => Type.Integer({ minimum: 1, maximum: 2_147_483_647, description })

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

export const Change = component(
  'Change',
  closed(
    {
      path: Type.String({
        description: 'JSON pointer: `/name`, `/config/cron`, `/description`, `/credential_version`.',
      }),
      op: stringEnum(['add', 'remove', 'replace'], { description: 'What became of it.' }),
      before: Type.Optional(Type.Unknown({ description: 'What stood there; absent with `add`.' })),
      after: Type.Optional(Type.Unknown({ description: 'What stands there; absent with `remove`.' })),
    },
    {
      description: 'One place at which two contents differ.',
      example: { path: '/config/cron', op: 'replace', before: '0 9 * * MON', after: '0 8 * * MON' },
    },
  ),
)

export const Revision = component(
  'Revision',
  closed(
    {
      revision: number('Its number; the first is 1.'),
      digest: ref(Digest),
      name: Type.String({ description: 'Display name.' }),
      kind: AutomationKind,
      config: AutomationConfig,
      description: nullable(Type.String({ description: 'What it is meant to do, or null.' })),
      credential_version: nullable(
        Type.Integer({ description: 'Which of the credentials of the automation it uses; null without one.' }),
      ),
      secret_versions: Type.Record(Type.String(), Type.Integer(), {
        title: 'SecretVersions',
        description: 'Which version of each named secret it uses, by name.',
      }),
      authored_by_user_id: nullable(uuid('The person who wrote it, or null.')),
      authored_by_service_account_id: nullable(uuid('The service account that wrote it, or null.')),
      created_at: timestamp('When it was written.'),
    },
    { description: 'The content of an automation at one time. Immutable.' },
  ),
)

export const RevisionResponse = component(
  'RevisionResponse',
  closed({ revision: ref(Revision) }, { description: 'One revision.' }),
)

export const RevisionListResponse = component(
  'RevisionListResponse',
  closed(
    {
      revisions: Type.Array(ref(Revision)),
      next_cursor: nextCursor(),
    },
    { description: 'Revisions of an automation, newest first.' },
  ),
)

export const DiffQuery = closed({
  against: Type.Optional(number('The revision to compare with; by default the one before.')),
})

export const RevisionDiff = component(
  'RevisionDiff',
  closed(
    {
      revision: number('The revision that `after` is of.'),
      against: nullable(number('The revision that `before` is of; null where the first is compared with nothing.')),
      changes: Type.Array(ref(Change), { description: 'One entry for each changed path.' }),
    },
    { description: 'What differs between two revisions.' },
  ),
)

export const DiffResponse = component(
  'DiffResponse',
  closed({ diff: ref(RevisionDiff) }, { description: 'The difference between two revisions.' }),
)

export const Review = component(
  'Review',
  closed(
    {
      automation_id: uuid('The automation.'),
      space_id: uuid('Its space.'),
      space_name: Type.String({ description: 'The name of its space.' }),
      name: Type.String({ description: 'The proposed name.' }),
      kind: AutomationKind,
      status: ref(AutomationStatus),
      revision: number('The proposed revision.'),
      digest: ref(Digest),
      proposed_by_user_id: nullable(uuid('The person who proposed it, or null.')),
      proposed_by_service_account_id: nullable(uuid('The service account that proposed it, or null.')),
      proposed_by_name: Type.String({ description: 'Their display name.' }),
      proposed_at: timestamp('When this content was proposed.'),
      note: nullable(Type.String({ description: 'What the proposer says of its intent, or null.' })),
      changes: Type.Array(ref(Change), {
        description: 'The difference to what runs now; of what never ran, everything.',
      }),
      warnings: Type.Array(Type.String(), { description: 'What a reviewer should know, whatever it is run with.' }),
    },
    { description: 'A proposal that waits for a person.' },
  ),
)

export const ReviewListResponse = component(
  'ReviewListResponse',
  closed(
    {
      reviews: Type.Array(ref(Review)),
      next_cursor: nextCursor(),
    },
    { description: 'Proposals of the spaces that the caller may enter, oldest first.' },
  ),
)

export const ReviewQuery = closed({
  status: Type.Optional(stringEnum(['pending'], { description: 'Only what waits.' })),
  ...PageQuery.properties,
})

const policy = (kinds: number) => ({
  require_digest_on_approval: Type.Boolean({
    description: 'Every approval must name the digest (or send `If-Match`), also of what is as first submitted.',
  }),
  approver_must_differ_from_editor: Type.Boolean({
    description: 'Nobody lets run what they wrote themselves: four eyes for people too.',
  }),
  max_pending_per_service_account: Type.Integer({
    minimum: 0,
    maximum: 10_000,
    description: 'How many proposals of one service account may wait at the same time.',
  }),
  kinds_allowed_for_service_accounts: Type.Array(AutomationKind, {
    maxItems: kinds,
    uniqueItems: true,
    description: 'The kinds that service accounts may propose.',
  }),
  proposal_expires_after_days: Type.Integer({
    minimum: 1,
    maximum: 3650,
    description: 'A proposal that nobody decided on by then is rejected with the code `expired`.',
  }),
})

type Policy = Static<ReturnType<typeof closed<ReturnType<typeof policy>>>>

/** How an organization reviews. */
export const AutomationPolicy = named<Policy>('AutomationPolicy')

/** What to change of it. */
export const AutomationPolicyUpdate = named<Partial<Policy>>('AutomationPolicyUpdate')

/** The components of the policy: it knows which kinds there are. */
export function policyComponents(kinds: readonly KindSchema[]): Component[] {
  const properties = policy(kinds.length)
  const example = {
    require_digest_on_approval: false,
    approver_must_differ_from_editor: false,
    max_pending_per_service_account: 50,
    kinds_allowed_for_service_accounts: kinds.map(({ name }) => name),
    proposal_expires_after_days: 30,
  }
  return [
    component('AutomationPolicy', closed(properties, { description: 'How an organization reviews.', example })),
    component(
      'AutomationPolicyUpdate',
      Type.Partial(closed(properties), {
        additionalProperties: false,
        description: 'What to change; what is left out stays.',
        example: { require_digest_on_approval: true },
      }),
    ),
  ]
}

export const AutomationPolicyResponse = component(
  'AutomationPolicyResponse',
  closed({ policy: AutomationPolicy }, { description: 'The policy in force.' }),
)
