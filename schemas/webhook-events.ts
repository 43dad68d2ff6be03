import { type Static, Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, stringEnum, timestamp, uuid } from './component.ts'
import { Cursor, Limit, nextCursor } from './paging.ts'
import { RunStatus } from './runs.ts'

export const EVENT_STATUSES = ['accepted', 'filtered', 'ignored'] as const

const EXAMPLE_ID = '018e1234-abcd-7000-8000-0000000000e0'
const EXAMPLE_RUN_ID = '018e1234-abcd-7000-8000-0000000000b0'

export const WebhookEventStatus = component(
  'WebhookEventStatus',
  stringEnum(EVENT_STATUSES, {
    description:
      '`accepted`: it started a run. `filtered`: `event_types` or `filter` of the config left it out. `ignored`: the ' +
      'automation was paused, or its config not whole.',
    example: 'accepted',
  }),
)
export type WebhookEventStatus = Static<typeof WebhookEventStatus>

export const WebhookEvent = component(
  'WebhookEvent',
  closed(
    {
      id: uuid('Event UUID.'),
      automation_id: uuid('Automation UUID.'),
      event_key: nullable(
        Type.String({
          description:
            'What its sender calls it: under one key there is one event. What comes again after it was `filtered` or ' +
            '`ignored`, and is wanted now, runs, and takes its place. Or null.',
        }),
      ),
      type: nullable(Type.String({ description: 'What happened, as its sender names it; or null.' })),
      status: ref(WebhookEventStatus),
      headers: Type.Record(Type.String(), Type.String(), {
        description: 'The headers that it came with, in lower case; no signature, token or cookie among them.',
      }),
      body: Type.Unknown({
        description:
          'The JSON that it is; of a form its fields as an object, or the JSON in its only field `payload`; else its text as ' +
          'a string; null where it was empty.',
      }),
      body_replaced: Type.Boolean({
        description:
          'Whether U+FFFD stands in the body in place of what can not be stored: U+0000, lone surrogates, and bytes that are ' +
          'no text.',
      }),
      run_id: nullable(uuid('The first run that it set off, or null.')),
      received_at: timestamp('When it came in.'),
    },
    {
      description: 'What came in at the URL of an automation.',
      example: {
        id: EXAMPLE_ID,
        automation_id: '018e1234-abcd-7000-8000-0000000000a0',
        event_key: 'evt_1NG8Du2eZvKYlo2CUI79vXWy',
        type: 'invoice.paid',
        status: 'accepted',
        headers: { 'content-type': 'application/json' },
        body: { id: 'evt_1NG8Du2eZvKYlo2CUI79vXWy', type: 'invoice.paid' },
        body_replaced: false,
        run_id: EXAMPLE_RUN_ID,
        received_at: '2026-11-23T09:58:00.000Z',
      },
    },
  ),
)

export const WebhookEventResponse = component(
  'WebhookEventResponse',
  closed({ event: ref(WebhookEvent) }, { description: 'One event.' }),
)

export const WebhookEventListResponse = component(
  'WebhookEventListResponse',
  closed(
    {
      events: Type.Array(ref(WebhookEvent)),
      next_cursor: nextCursor(),
    },
    { description: 'Events of an automation, newest first.' },
  ),
)

export const WebhookEventQuery = closed({
  status: Type.Optional(ref(WebhookEventStatus)),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
})

export const WebhookReplayResponse = component(
  'WebhookReplayResponse',
  closed(
    { event_id: uuid('The event.'), run_id: uuid('The new run.') },
    { description: 'An event that runs again.', example: { event_id: EXAMPLE_ID, run_id: EXAMPLE_RUN_ID } },
  ),
)

const time = (description: string, example: string) =>
  Type.String({ format: 'date-time', maxLength: 40, description, example })

export const WebhookReplayRange = component(
  'WebhookReplayRange',
  closed(
    {
      from: time('Events that came in at this time or later.', '2026-11-23T09:00:00Z'),
      to: time('Events that came in before this time.', '2026-11-23T10:00:00Z'),
      status: Type.Optional(ref(WebhookEventStatus)),
      cursor: Type.Optional(Cursor),
    },
    {
      description:
        'Which events are to run again. Without `status`, those that were not `filtered`. Oldest first, 500 at a time.',
      example: { from: '2026-11-23T09:00:00Z', to: '2026-11-23T10:00:00Z', status: 'ignored' },
    },
  ),
)

export const WebhookReplayRangeResponse = component(
  'WebhookReplayRangeResponse',
  closed(
    {
      replayed: Type.Integer({ description: 'How many events run again.' }),
      next_cursor: nextCursor('What to send as `cursor` to go on; null when all of the range runs again.'),
    },
    { description: 'Events that run again.', example: { replayed: 12, next_cursor: null } },
  ),
)

export const WebhookReceipt = component(
  'WebhookReceipt',
  closed(
    {
      event_id: uuid('The event, as it is stored.'),
      run_id: nullable(uuid('The run that it set off; null where it set off none.')),
      duplicate: Type.Boolean({
        description:
          'Whether it came before: then these are the ids of the first time. What came before and set off no run is no ' +
          'duplicate once it sets off one.',
      }),
      run: Type.Optional(
        closed(
          {
            status: ref(RunStatus),
            error_message: nullable(Type.String({ description: 'What went wrong, or null.' })),
            output: nullable(
              Type.Record(Type.String(), Type.Unknown(), { description: 'What the action says of its effect.' }),
            ),
          },
          { description: 'With `response: wait` and status 200: the result of the run.' },
        ),
      ),
    },
    {
      description: 'The event is stored, and its run is queued.',
      example: { event_id: EXAMPLE_ID, run_id: EXAMPLE_RUN_ID, duplicate: false },
    },
  ),
)

export const WebhookChallenge = component(
  'WebhookChallenge',
  closed(
    { challenge: Type.String({ description: 'What was asked.' }) },
    {
      description: "The answer to Slack's `url_verification`.",
      example: { challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY' },
    },
  ),
)
