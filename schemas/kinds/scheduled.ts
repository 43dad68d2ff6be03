import { type Static, Type } from '@sinclair/typebox'
import { Action } from '../actions/action.ts'
import { MISSED_POLICIES, OVERLAPS, timing } from '../clock.ts'
import { component, ref, stringEnum } from '../component.ts'
import { EXAMPLE_DIGEST } from '../digest.ts'
import { tryOut } from './input.ts'
import type { KindSchema } from './kind.ts'
import { pauseAfterFailures } from './recovery.ts'

const EXAMPLE_CONFIG = { cron: '0 9 * * MON', channel: 'general' }

/** What it does then. */
const effect = {
  channel: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'The channel that `message` is posted to. Short for a `message` action.',
      example: 'general',
    }),
  ),
  message: Type.Optional(
    Type.String({
      maxLength: 10_000,
      description:
        'A Liquid template with `run` and `automation` in scope. Default: a digest of what the automations of the space did ' +
        'since the last run.',
      example: 'Good morning! This is {{ automation.name }}.',
    }),
  ),
  action: Type.Optional(ref(Action)),
}

/** What happens when things go wrong. */
const recovery = {
  overlap: Type.Optional(
    stringEnum(OVERLAPS, {
      description:
        'What happens when it is due, on time, while a run of it is still going: `skip` leaves the new one out, `buffer_one` starts it ' +
        'afterwards, `allow` runs both, `cancel_other` cancels the old one. Default: `skip`.',
      example: 'skip',
    }),
  ),
  missed: Type.Optional(
    stringEnum(MISSED_POLICIES, {
      description:
        'What happens with runs that were due while nothing could run: `one` runs once for all of them, `skip` leaves them ' +
        'out, `all` runs each, the last 100 at most: one after the other, unless `overlap` is `allow`. Default: `one`.',
      example: 'one',
    }),
  ),
  catchup_window_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 31_536_000,
      description: 'How long after its time a missed run is still worth running. Default: 86400, a day.',
      example: 3600,
    }),
  ),
  pause_after_failures: pauseAfterFailures,
}

export const ScheduledConfig = component(
  'ScheduledConfig',
  Type.Object(
    { ...timing, ...effect, ...recovery },
    {
      additionalProperties: true,
      description:
        'When a `scheduled` automation runs, and what it does then: its `action`, or else the `message` in the `channel`. ' +
        'Exactly one of `cron`, `every` and `at` is needed before ' +
        'it can be active. Keys that are not listed here are kept and returned.',
      example: {
        cron: '0 9 * * MON-FRI',
        timezone: 'Europe/Berlin',
        channel: 'general',
        message: 'Good morning! This is {{ automation.name }}.',
      },
    },
  ),
)
export type ScheduledConfig = Static<typeof ScheduledConfig>

/** `scheduled`: by the clock. */
export const scheduledSchema: KindSchema = {
  name: 'scheduled',
  title: 'Scheduled',
  config: ScheduledConfig,
  input: tryOut,
  example: { name: 'Weekly digest', config: EXAMPLE_CONFIG, status: 'active' },
  automationExample: {
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
    credential_rejected_at: null,
    owner_user_id: '018e1234-abcd-7000-8000-000000000050',
    reviewer_is_member: null,
    rejection: null,
    revision: 1,
    digest: EXAMPLE_DIGEST,
    approved_digest: EXAMPLE_DIGEST,
    pending_revision: null,
    next_run_at: '2024-03-25T09:00:00.000Z',
    problems: [],
    trigger: null,
  },
}
