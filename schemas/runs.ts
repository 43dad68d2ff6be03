import { type Static, Type } from '@sinclair/typebox'
import { closed, component, named, nullable, ref, stringEnum, taggedUnion, timestamp, uuid } from './component.ts'
import { Cursor, nextCursor, PageQuery } from './paging.ts'

export const RunStatus = component(
  'RunStatus',
  stringEnum(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'skipped', 'unknown'], {
    description:
      '`skipped`: it was due and not started. `unknown`: it may have had its effect, and is not repeated by itself: a person ' +
      'says what became of it.',
    example: 'succeeded',
  }),
)
export type RunStatus = Static<typeof RunStatus>

export const RunTrigger = component(
  'RunTrigger',
  stringEnum(['schedule', 'manual', 'webhook', 'retry', 'tunnel'], {
    description: 'What set it off.',
    example: 'schedule',
  }),
)
export type RunTrigger = Static<typeof RunTrigger>

export const Run = component(
  'Run',
  closed(
    {
      id: uuid('Run UUID.'),
      organization_id: uuid('Organization UUID.'),
      automation_id: uuid('Automation UUID.'),
      revision: Type.Integer({ description: 'The revision that it runs.' }),
      digest: Type.String({ description: 'The digest of that content, as it was approved.' }),
      trigger: ref(RunTrigger),
      status: ref(RunStatus),
      attempt: Type.Integer({ description: 'How often a worker took it; 0 before the first time.' }),
      scheduled_for: nullable(timestamp('The time on the schedule that it is for; null for other triggers.')),
      started_at: nullable(timestamp('When the latest attempt began, or null.')),
      finished_at: nullable(timestamp('When it ended, or null.')),
      success: nullable(Type.Boolean({ description: 'Null until it succeeded or failed.' })),
      error_message: nullable(Type.String({ description: 'What went wrong, or why it did not start; or null.' })),
      external_ref: nullable(Type.String({ description: 'What the outside calls its effect, or null.' })),
      input: nullable(
        Type.Record(Type.String(), Type.Unknown(), {
          title: 'GivenRunInput',
          description: 'What it was given by whoever asked for it, as it was sent; or null.',
        }),
      ),
      sent_at: nullable(
        timestamp(
          'Of an effect that must not be repeated: just before it was sent. From then on it may have happened. Or null.',
        ),
      ),
      output: nullable(
        Type.Record(Type.String(), Type.Unknown(), {
          title: 'RunOutput',
          description: 'What the action says of its effect; between `sent_at` and the end, what is being sent.',
        }),
      ),
      note: nullable(Type.String({ description: 'Why it ran when it did, where that is not plain; or null.' })),
      requested_by_user_id: nullable(uuid('The person who asked for it, or null.')),
      retry_of_run_id: nullable(uuid('The run that it repeats, or null.')),
      event_id: nullable(uuid('The event of a webhook that it is for, or null.')),
      created_at: timestamp('When it was written.'),
    },
    { description: 'One execution of an automation.' },
  ),
)

/** What a run is given. The components of the kinds say what each takes. */
export const RunInput = named<Record<string, unknown>>('RunInput')

export const RunHappened = component(
  'RunHappened',
  closed(
    {
      outcome: stringEnum(['happened'], { description: 'It had its effect, and counts as succeeded.' }),
      external_ref: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 1000,
          description: 'What the outside calls the effect.',
          example: 'ch_3NG8Du2eZvKYlo2C1a2b3c4d',
        }),
      ),
    },
    { description: 'The run had its effect.', example: { outcome: 'happened' } },
  ),
)

export const RunDidNotHappen = component(
  'RunDidNotHappen',
  closed(
    { outcome: stringEnum(['did_not'], { description: 'It had none, and counts as failed.' }) },
    { description: 'The run had no effect.', example: { outcome: 'did_not' } },
  ),
)

export const RunResolution = component(
  'RunResolution',
  taggedUnion('outcome', [RunHappened, RunDidNotHappen], {
    description: 'What became of a run that nobody knows the end of.',
    example: { outcome: 'happened' },
  }),
)
export type RunResolution = Static<typeof RunResolution>

export const RunResponse = component(
  'RunResponse',
  closed(
    {
      run: ref(Run),
      tweet_id: Type.Optional(
        Type.String({
          description: 'Of a post that was asked for: what the network calls it; empty while it has none.',
        }),
      ),
      error: Type.Optional(
        nullable(Type.String({ description: 'Of a post that was asked for: what went wrong, or null.' })),
      ),
    },
    { description: 'One run.' },
  ),
)

export const RunListResponse = component(
  'RunListResponse',
  closed(
    {
      runs: Type.Array(ref(Run)),
      next_cursor: nextCursor(),
    },
    { description: 'Runs, newest first.' },
  ),
)

export const RunQuery = closed({
  status: Type.Optional(ref(RunStatus)),
  limit: PageQuery.properties.limit,
  cursor: Type.Optional(ref(Cursor)),
})
