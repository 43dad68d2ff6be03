import { type Static, Type } from '@sinclair/typebox'
import { closed } from '../component.ts'

const MadeUpEvent = closed(
  {
    type: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'What happened.', example: 'invoice.paid' }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ maxLength: 100 }), Type.String({ maxLength: 1000 }), {
        maxProperties: 60,
        description: 'The headers that it would come with, in lower case.',
      }),
    ),
    body: Type.Optional(
      Type.Unknown({ description: 'What it would say.', example: { customer: 'Ada', amount: 1200 } }),
    ),
  },
  {
    title: 'MadeUpEvent',
    description:
      'To try an automation out: an event that nobody sent. Templates see it as `event`, with `event.made_up` true.',
    example: { type: 'invoice.paid', body: { customer: 'Ada', amount: 1200 } },
  },
)

/** An event that somebody made up, to see what a run makes of it. */
export type MadeUpEvent = Static<typeof MadeUpEvent>

/** The input of kinds that can be tried out. */
export const tryOut = { event: Type.Optional(MadeUpEvent) }
