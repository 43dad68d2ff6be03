import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, stringEnum, taggedUnion, timestamp, uuid, visibleText } from './component.ts'
import { Digest, EXAMPLE_DIGEST } from './digest.ts'
import { ReverseTunnelConfig } from './kinds/reverse-tunnel.ts'
import { ScheduledConfig } from './kinds/scheduled.ts'
import { SocialPostConfig } from './kinds/social-post.ts'
import { WebhookConfig } from './kinds/webhook.ts'
import { Cursor, Limit } from './paging.ts'

export const KINDS = ['social_post', 'reverse_tunnel', 'scheduled', 'webhook'] as const
export const STATUSES = ['draft', 'pending_approval', 'active', 'paused', 'rejected'] as const
export const SETTABLE_STATUSES = ['draft', 'pending_approval', 'active', 'paused'] as const

const EXAMPLE_CONFIG = { cron: '0 9 * * MON', channel: 'general' }

export const AutomationKind = component(
  'AutomationKind',
  stringEnum(KINDS, { description: 'What triggers an automation, and what its `config` holds.', example: 'scheduled' }),
)
export type AutomationKind = Static<typeof AutomationKind>

export const AutomationStatus = component(
  'AutomationStatus',
  stringEnum(STATUSES, { description: 'Where an automation stands in its life.', example: 'active' }),
)
export type AutomationStatus = Static<typeof AutomationStatus>

export const SettableAutomationStatus = component(
  'SettableAutomationStatus',
  stringEnum(SETTABLE_STATUSES, {
    description: 'A status that a person may set. `rejected` comes from a review alone.',
    example: 'draft',
  }),
)
export type SettableAutomationStatus = Static<typeof SettableAutomationStatus>

export const AutomationConfig = component(
  'AutomationConfig',
  Type.Record(Type.String(), Type.Unknown(), {
    description:
      'Kind-specific configuration: what `ScheduledConfig`, `WebhookConfig`, `SocialPostConfig` or `ReverseTunnelConfig` ' +
      'says. Keys that the kind does not know are kept and returned; those that it knows must be as it says. A draft may be ' +
      'unfinished; what becomes `active` must be whole. ' +
      'In what AI staff proposed, `proposal_note` tells the reviewer its intent.',
    example: EXAMPLE_CONFIG,
  }),
)
export type AutomationConfig = Static<typeof AutomationConfig>

const PendingRevision = closed(
  {
    revision: Type.Integer({ description: 'Its number.' }),
    digest: ref(Digest),
    name: Type.String({ description: 'Display name.' }),
    config: ref(AutomationConfig),
    description: nullable(Type.String({ description: 'What it is meant to do, or null.' })),
    proposed_by_user_id: nullable(uuid('The person who proposed it, or null.')),
    proposed_by_service_account_id: nullable(uuid('The service account that proposed it, or null.')),
    proposed_at: timestamp('When it was proposed.'),
  },
  {
    title: 'PendingRevision',
    description: 'A change to what is active or paused that waits for a person, beside what runs; or null.',
  },
)

const AutomationRejection = closed(
  {
    code: nullable(Type.String({ description: 'For programs.' })),
    paths: Type.Array(Type.String(), { description: 'JSON pointers to what is wrong.' }),
  },
  {
    title: 'AutomationRejection',
    description: 'What the reviewer said beside the reason, for AI staff to correct itself; or null.',
  },
)

/** Open, where other answers are closed: it is one part of what an automation is. */
export const AutomationBase = component(
  'AutomationBase',
  Type.Object(
    {
      id: uuid('Automation UUID.'),
      organization_id: uuid('Organization UUID.'),
      space_id: uuid('Space UUID.'),
      name: Type.String({ description: 'Display name.' }),
      status: ref(AutomationStatus),
      created_by_user_id: nullable(uuid('The person who created it, or null.')),
      created_by_service_account_id: nullable(uuid('The service account that created it, or null.')),
      reviewed_by_user_id: nullable(uuid('The person who last reviewed it, or null.')),
      reviewed_at: nullable(timestamp('When it was last reviewed, or null.')),
      rejection_reason: nullable(Type.String({ description: 'Why it was rejected, or null.' })),
      last_run_at: nullable(timestamp('The most recent execution, or null.')),
      last_error: nullable(Type.String({ description: 'What went wrong in the most recent failed run, or null.' })),
      created_at: timestamp('When it was created.'),
      updated_at: timestamp('When it last changed.'),
      description: nullable(Type.String({ description: 'What it is meant to do, or null.' })),
      has_oauth_token: Type.Boolean({ description: 'Whether a credential is stored. It never comes back.' }),
      owner_user_id: nullable(
        uuid('The person who answers for it: who made it, or who approved what AI staff proposed. Null until then.'),
      ),
      reviewer_is_member: nullable(
        Type.Boolean({ description: 'Whether the reviewer still belongs to the organization; null without a review.' }),
      ),
      rejection: nullable(AutomationRejection),
      revision: Type.Integer({ description: 'The number of the revision that is shown and, while active, runs.' }),
      digest: ref(Digest),
      approved_digest: nullable(
        Type.String({
          description: 'The `digest` of the content that a person let run, or null. Only while both agree it runs.',
        }),
      ),
      pending_revision: nullable(PendingRevision),
      next_run_at: nullable(timestamp('When it runs next by the clock, or null where nothing is planned.')),
      trigger: nullable(
        closed(
          { url: Type.String({ description: 'Where its events come in. It stays the same.' }) },
          {
            title: 'AutomationTrigger',
            description: 'Where it is set off from outside: for a `webhook`; null for the others.',
          },
        ),
      ),
    },
    { description: 'What every automation has, of whatever kind.' },
  ),
)

/** An automation of one kind, whose config is typed. */
function automationOf<const K extends AutomationKind>(
  name: string,
  kind: K,
  config: TSchema & { $id: string },
  example?: object,
) {
  const own = Type.Object({ kind: stringEnum([kind]), config: ref(config) })
  return component(
    name,
    Type.Unsafe<Static<typeof AutomationBase> & { kind: K; config: AutomationConfig }>({
      allOf: [{ $ref: AutomationBase.$id }, own],
      description: `An automation of the kind \`${kind}\`.`,
      ...(example === undefined ? {} : { example }),
    }),
  )
}

export const ScheduledAutomation = automationOf('ScheduledAutomation', 'scheduled', ScheduledConfig, {
  id: '018e1234-abcd-7000-8000-0000000000a0',
  organization_id: '018e1234-abcd-7000-8000-000000000000',
  space_id: '018e1234-abcd-7000-8000-000000000002',
  name: 'Weekly digest',
  kind: 'scheduled',
  config: EXAMPLE_CONFIG,
  status: 'active',
  created_by_user_id: '018e1234-abcd-7000-8000-000000000050',
  created_by_service_account_id: null,
  reviewed_by_user_id: null,
  reviewed_at: null,
  rejection_reason: null,
  last_run_at: '2024-03-18T09:00:00.000Z',
  last_error: null,
  created_at: '2024-03-01T10:00:00.000Z',
  updated_at: '2024-03-18T09:00:05.000Z',
  description: null,
  has_oauth_token: false,
  owner_user_id: '018e1234-abcd-7000-8000-000000000050',
  reviewer_is_member: null,
  rejection: null,
  revision: 1,
  digest: EXAMPLE_DIGEST,
  approved_digest: EXAMPLE_DIGEST,
  pending_revision: null,
  next_run_at: '2024-03-25T09:00:00.000Z',
  trigger: null,
})
export const WebhookAutomation = automationOf('WebhookAutomation', 'webhook', WebhookConfig)
export const SocialPostAutomation = automationOf('SocialPostAutomation', 'social_post', SocialPostConfig)
export const ReverseTunnelAutomation = automationOf('ReverseTunnelAutomation', 'reverse_tunnel', ReverseTunnelConfig)

export const Automation = component(
  'Automation',
  taggedUnion('kind', [ScheduledAutomation, WebhookAutomation, SocialPostAutomation, ReverseTunnelAutomation], {
    description: 'A workflow definition of a space. Its `kind` says what its `config` is.',
  }),
)

export const AutomationResponse = component(
  'AutomationResponse',
  closed({ automation: ref(Automation) }, { description: 'One automation.' }),
)

export const AutomationListResponse = component(
  'AutomationListResponse',
  closed(
    {
      automations: Type.Array(ref(Automation)),
      next_cursor: Type.Optional(
        nullable(
          Type.String({ description: 'With `limit`: what to send as `cursor` for the next page; null on the last.' }),
        ),
      ),
    },
    { description: 'Automations of a space, newest `updated_at` first.' },
  ),
)

const displayName = visibleText(200, {
  description: 'Display name; white space around it is stripped.',
  example: 'Weekly digest',
})
const description = { maxLength: 4000, description: 'What it is meant to do, for people.' }
const oauthToken = (more = '') =>
  Type.String({
    minLength: 1,
    maxLength: 16_384,
    description: `OAuth token in plain text, stored encrypted and never returned. Not available to service accounts.${more}`,
  })

/** A new automation of one kind. */
function creationOf<const K extends AutomationKind>(
  name: string,
  kind: K,
  config: TSchema & { $id: string },
  example: { name: string; config: object; status?: string },
) {
  return component(
    name,
    closed(
      {
        name: displayName,
        kind: stringEnum([kind]),
        config: Type.Optional(Type.Unsafe<AutomationConfig>({ $ref: config.$id })),
        status: Type.Optional(ref(SettableAutomationStatus)),
        description: Type.Optional(Type.String(description)),
        oauth_token: Type.Optional(oauthToken()),
      },
      { description: `A new automation of the kind \`${kind}\`.`, example: { kind, ...example } },
    ),
  )
}

export const ScheduledAutomationCreate = creationOf('ScheduledAutomationCreate', 'scheduled', ScheduledConfig, {
  name: 'Weekly digest',
  config: EXAMPLE_CONFIG,
  status: 'active',
})
export const WebhookAutomationCreate = creationOf('WebhookAutomationCreate', 'webhook', WebhookConfig, {
  name: 'Deployments',
  config: { verification: 'github', channel: 'general' },
})
export const SocialPostAutomationCreate = creationOf('SocialPostAutomationCreate', 'social_post', SocialPostConfig, {
  name: 'Launch announcement',
  config: { provider: 'mastodon', instance_url: 'https://mastodon.example', default_text: 'We are live!' },
})
export const ReverseTunnelAutomationCreate = creationOf(
  'ReverseTunnelAutomationCreate',
  'reverse_tunnel',
  ReverseTunnelConfig,
  { name: 'Staging preview', config: { protocol: 'http', subdomain: 'staging', access: 'token' } },
)

export const AutomationCreate = component(
  'AutomationCreate',
  taggedUnion(
    'kind',
    [ScheduledAutomationCreate, WebhookAutomationCreate, SocialPostAutomationCreate, ReverseTunnelAutomationCreate],
    {
      description:
        'A new automation. `config` defaults to `{}` and `status` to `draft`. What a service account creates is always ' +
        '`pending_approval`, and its `description` becomes `config.proposal_note`.',
      example: { name: 'Weekly digest', kind: 'scheduled', config: EXAMPLE_CONFIG, status: 'active' },
    },
  ),
)
export type AutomationCreate = Static<typeof AutomationCreate>

export const AutomationUpdate = component(
  'AutomationUpdate',
  closed(
    {
      name: Type.Optional(displayName),
      config: Type.Optional(ref(AutomationConfig)),
      status: Type.Optional(ref(SettableAutomationStatus)),
      description: Type.Optional(nullable(Type.String(description))),
      oauth_token: Type.Optional(nullable(oauthToken(' Null removes it.'))),
    },
    {
      description: 'What to change. What is left out stays as it is; `config` is replaced whole.',
      example: { status: 'paused' },
    },
  ),
)
export type AutomationUpdate = Static<typeof AutomationUpdate>

export const AutomationQuery = closed({
  status: Type.Optional(ref(AutomationStatus)),
  kind: Type.Optional(ref(AutomationKind)),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(ref(Cursor)),
})
export type AutomationQuery = Static<typeof AutomationQuery>
