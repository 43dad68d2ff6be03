import { Type } from '@sinclair/typebox'
import { AutomationConfig, AutomationKind } from './automations.ts'
import { closed, component, nullable, ref, stringEnum, timestamp, uuid } from './component.ts'
import { Decision } from './decisions.ts'
import { Digest } from './digest.ts'
import { nextCursor, PageQuery } from './paging.ts'

/** Revisions of an automation are numbered from 1 on. */
export const revisionNumber = (description: string) => Type.Integer({ minimum: 1, maximum: 2_147_483_647, description })

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
      revision: revisionNumber('Its number; the first is 1.'),
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
      decision: nullable(Decision),
    },
    { description: 'The content of an automation at one time, immutable, and what people decided on it.' },
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

export const RevisionQuery = closed({
  ...PageQuery.properties,
  digest: Type.Optional(ref(Digest)),
})

export const DiffQuery = closed({
  against: Type.Optional(revisionNumber('The revision to compare with; by default the one before.')),
})

export const RevisionDiff = component(
  'RevisionDiff',
  closed(
    {
      revision: revisionNumber('The revision that `after` is of.'),
      against: nullable(
        revisionNumber('The revision that `before` is of; null where the first is compared with nothing.'),
      ),
      changes: Type.Array(ref(Change), { description: 'One entry for each changed path.' }),
    },
    { description: 'What differs between two revisions.' },
  ),
)

export const DiffResponse = component(
  'DiffResponse',
  closed({ diff: ref(RevisionDiff) }, { description: 'The difference between two revisions.' }),
)
