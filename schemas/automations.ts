import { type ObjectOptions, type Static, type TObject, type TProperties, Type } from '@sinclair/typebox'
import { closed, component, named, nullable, ref, stringEnum, timestamp, uuid, visibleText } from './component.ts'
import { Digest } from './digest.ts'
import { ErrorDetail } from './errors.ts'
import { Cursor, Limit } from './paging.ts'

// What all kinds have in common. What differs from kind to kind is made of their own schemas: automation-kinds.ts.

export const STATUSES = ['draft', 'pending_approval', 'active', 'paused', 'rejected'] as const
export const SETTABLE_STATUSES = ['draft', 'pending_approval', 'active', 'paused'] as const

/** The name of a kind. */
export const AutomationKind = named<string>('AutomationKind')
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

/** What a kind says of an automation; keys that it does not know are kept. */
export const AutomationConfig = named<Record<string, unknown>>('AutomationConfig')
export type AutomationConfig = Static<typeof AutomationConfig>

export const PendingRevision = component(
  'PendingRevision',
  nullable(
    closed(
      {
        revision: Type.Integer({ description: 'Its number.' }),
        digest: ref(Digest),
        name: Type.String({ description: 'Display name.' }),
        config: AutomationConfig,
        description: nullable(Type.String({ description: 'What it is meant to do, or null.' })),
        proposed_by_user_id: nullable(uuid('The person who proposed it, or null.')),
        proposed_by_service_account_id: nullable(uuid('The service account that proposed it, or null.')),
        proposed_at: timestamp('When it was proposed.'),
      },
      {
        description: 'A change to what is active or paused that waits for a person, beside what runs; or null.',
      },
    ),
  ),
)

export const AutomationRejection = component(
  'AutomationRejection',
  nullable(
    closed(
      {
        code: nullable(Type.String({ description: 'For programs.' })),
        paths: Type.Array(Type.String(), { description: 'JSON pointers to what is wrong.' }),
      },
      {
        description: 'What the reviewer said beside the reason, for AI staff to correct itself; or null.',
      },
    ),
  ),
)

export const AutomationTrigger = component(
  'AutomationTrigger',
  nullable(
    closed(
      {
        url: Type.String({
          description:
            'Where its events come in, which stays the same; or its visitors, which follows its `subdomain`.',
        }),
      },
      { description: 'Where it is set off from outside; null for a kind that is not.' },
    ),
  ),
)

/** What every automation says of itself, whatever its kind. */
const shared = {
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
  credential_rejected_at: nullable(
    timestamp('When the network said that it does not accept the credential, or null. Nothing is sent with it again.'),
  ),
  owner_user_id: nullable(
    uuid('The person who answers for it: who made it, or who approved what AI staff proposed. Null until then.'),
  ),
  reviewer_is_member: nullable(
    Type.Boolean({ description: 'Whether the reviewer still belongs to the organization; null without a review.' }),
  ),
  rejection: ref(AutomationRejection),
  revision: Type.Integer({ description: 'The number of the revision that is shown and, while active, runs.' }),
  digest: ref(Digest),
  approved_digest: nullable(
    Type.String({
      description: 'The `digest` of the content that a person let run, or null. Only while both agree it runs.',
    }),
  ),
  pending_revision: ref(PendingRevision),
  next_run_at: nullable(timestamp('When it runs next by the clock, or null where nothing is planned.')),
  problems: Type.Array(ref(ErrorDetail), {
    description:
      'What keeps it from running, by its config: while there is any, nothing of it is due and no run begins, whatever its status.',
  }),
  trigger: ref(AutomationTrigger),
}

/**
 * An automation of one kind. All of it is written out, because clients that check what they get (zod) take no union of parts
 * that are put together by `allOf`.
 */
export function automationSchema<K extends TProperties>(own: K, options: ObjectOptions) {
  return closed({ ...shared, ...own }, options)
}

type Shared = Static<TObject<typeof shared>>

/** An automation of one of the kinds there are, told apart by `kind`. */
export const Automation = named<Shared & { kind: string; config: AutomationConfig }>('Automation')

export const AutomationResponse = component(
  'AutomationResponse',
  closed({ automation: Automation }, { description: 'One automation.' }),
)

export const AutomationListResponse = component(
  'AutomationListResponse',
  closed(
    {
      automations: Type.Array(Automation),
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
const secretText = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description })
const oauthToken = (more = '') =>
  secretText(
    16_384,
    `OAuth token in plain text, stored encrypted and never returned. Not available to service accounts.${more}`,
  )
/** With what a network gives the next token, beside the first. */
const REFRESH = {
  oauth_refresh_token: secretText(
    16_384,
    'With `oauth_token`: what the next token is asked for with (X). Never returned.',
  ),
  oauth_client_id: secretText(1024, 'With `oauth_token`: the app that it was given to (X). Never returned.'),
  oauth_client_secret: secretText(
    4096,
    'With `oauth_token`: the secret of that app, where it has one. Never returned.',
  ),
}
const { oauth_refresh_token, oauth_client_id, oauth_client_secret } = REFRESH

/** What a new automation says of itself, whatever its kind. */
export const creation = {
  name: displayName,
  status: Type.Optional(ref(SettableAutomationStatus)),
  description: Type.Optional(Type.String(description)),
  oauth_token: Type.Optional(oauthToken()),
  oauth_refresh_token: Type.Optional(oauth_refresh_token),
  oauth_client_id: Type.Optional(oauth_client_id),
  oauth_client_secret: Type.Optional(oauth_client_secret),
}

/** A new automation of one of the kinds there are, told apart by `kind`. */
export const AutomationCreate = named<{
  name: string
  kind: string
  config?: AutomationConfig
  status?: SettableAutomationStatus
  description?: string
  oauth_token?: string
  oauth_refresh_token?: string
  oauth_client_id?: string
  oauth_client_secret?: string
}>('AutomationCreate')
export type AutomationCreate = Static<typeof AutomationCreate>

export const AutomationUpdate = component(
  'AutomationUpdate',
  closed(
    {
      name: Type.Optional(displayName),
      config: Type.Optional(AutomationConfig),
      status: Type.Optional(ref(SettableAutomationStatus)),
      description: Type.Optional(nullable(Type.String(description))),
      oauth_token: Type.Optional(
        nullable(
          oauthToken(' It is the whole credential with the three below: null, and another one, removes all of it.'),
        ),
      ),
      oauth_refresh_token: Type.Optional(nullable(oauth_refresh_token)),
      oauth_client_id: Type.Optional(nullable(oauth_client_id)),
      oauth_client_secret: Type.Optional(nullable(oauth_client_secret)),
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
  kind: Type.Optional(AutomationKind),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(ref(Cursor)),
  author_id: Type.Optional(
    uuid('Only what this person or service account made, or proposes a change of that waits now.'),
  ),
  digest: Type.Optional(ref(Digest)),
})
export type AutomationQuery = Static<typeof AutomationQuery>
