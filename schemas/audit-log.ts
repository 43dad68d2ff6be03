import { Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, stringEnum, timestamp, uuid } from './component.ts'
import { nextCursor, PageQuery } from './paging.ts'

export const AuditActor = component(
  'AuditActor',
  closed(
    {
      type: stringEnum(['user', 'service_account', 'system'], {
        description: 'A person, AI staff, or the program: by the clock, or for somebody unknown.',
      }),
      id: nullable(uuid('Who; null for the program.')),
    },
    { description: 'Who did something.' },
  ),
)

export const AuditTarget = component(
  'AuditTarget',
  closed(
    {
      type: Type.String({ description: 'What it is, like `automation`.' }),
      id: nullable(uuid('Which one.')),
    },
    { description: 'What something was done to.' },
  ),
)

export const AuditEntry = component(
  'AuditEntry',
  closed(
    {
      id: uuid('Which entry.'),
      sequence: nullable(
        Type.Integer({
          minimum: 1,
          maximum: Number.MAX_SAFE_INTEGER,
          description:
            'Its number in the organization, from 1 without a gap; null until it is sealed, within a second.',
        }),
      ),
      at: timestamp('When.'),
      action: Type.String({ description: 'What was done, like `automation.approved`.' }),
      actor: ref(AuditActor),
      target: ref(AuditTarget),
      space_id: nullable(uuid('The space, or null.')),
      request_id: nullable(Type.String({ description: 'The request, as in its `X-Request-Id`; null for the clock.' })),
      details: Type.Record(Type.String(), Type.Unknown(), {
        description: 'Digests, statuses and names; never a secret.',
      }),
      previous_hash: nullable(
        Type.String({ description: 'The `hash` of the entry before; empty in the first, null until it is sealed.' }),
      ),
      hash: nullable(
        Type.String({
          description:
            'SHA-256 of `previous_hash` and the canonical JSON of the other fields but `id` and `sequence`; null until it is sealed.',
        }),
      ),
    },
    { description: 'One thing that was done.' },
  ),
)

export const AuditLogResponse = component(
  'AuditLogResponse',
  closed(
    {
      entries: Type.Array(ref(AuditEntry)),
      next_cursor: nextCursor(),
    },
    { description: 'Entries, newest first.' },
  ),
)

export const AuditLogQuery = closed({
  action: Type.Optional(
    Type.String({ maxLength: 100, pattern: '^[a-z_]+(\\.[a-z_]+)?$', description: 'Only this action.' }),
  ),
  actor_id: Type.Optional(uuid('Only by this user or service account.')),
  target_id: Type.Optional(uuid('Only to this automation, role, member, ….')),
  ...PageQuery.properties,
})
