import { Type } from '@sinclair/typebox'
import { AutomationKind, AutomationStatus } from './automations.ts'
import { closed, component, nullable, ref, stringEnum, timestamp, uuid } from './component.ts'
import { Digest } from './digest.ts'
import { ErrorDetail } from './errors.ts'
import { nextCursor, PageQuery } from './paging.ts'
import { Change, revisionNumber } from './revisions.ts'

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
      revision: revisionNumber('The proposed revision.'),
      digest: ref(Digest),
      base_digest: nullable(
        Type.String({
          description: 'Of what runs now, to which `changes` are the difference; null where that is everything.',
        }),
      ),
      proposed_by_user_id: nullable(uuid('The person who proposed it, or null.')),
      proposed_by_service_account_id: nullable(uuid('The service account that proposed it, or null.')),
      proposed_by_name: Type.String({ description: 'Their display name.' }),
      proposed_at: timestamp('When this content was proposed.'),
      expires_at: timestamp('When it is rejected by itself, where nobody has decided by then.'),
      note: nullable(Type.String({ description: 'What the proposer says of its intent, or null.' })),
      problems: Type.Array(ref(ErrorDetail), {
        description: 'What keeps it from running, also once it is approved.',
      }),
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
  space_id: Type.Optional(uuid('Only those of this space.')),
  kind: Type.Optional(AutomationKind),
  author_id: Type.Optional(uuid('Only what this person or service account proposes.')),
  automation_id: Type.Optional(uuid('Only that of this automation.')),
})
