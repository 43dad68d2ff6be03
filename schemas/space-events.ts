import { Type } from '@sinclair/typebox'
import { closed, component, nullable, stringEnum, timestamp, uuid } from './component.ts'

export const SpaceEventType = component(
  'SpaceEventType',
  stringEnum(
    ['automation.created', 'automation.updated', 'automation.deleted', 'run.created', 'run.updated', 'reset'],
    {
      description:
        'What happened. `reset`: what came after `Last-Event-ID` is not kept any more; read the lists again, and go on from here.',
      example: 'run.updated',
    },
  ),
)

export const SpaceEvent = component(
  'SpaceEvent',
  closed(
    {
      type: Type.Unsafe<string>({ $ref: SpaceEventType.$id }),
      space_id: nullable(uuid('The space; null with `reset`.')),
      automation_id: nullable(uuid('The automation; null with `reset`.')),
      run_id: nullable(uuid('The run, with `run.created` and `run.updated`; else null.')),
      status: nullable(
        Type.String({ description: 'Of the run, or else of the automation, after it (before it was deleted).' }),
      ),
      at: timestamp('When it happened.'),
    },
    {
      description: 'The `data` of one server-sent event.',
      example: {
        type: 'run.updated',
        space_id: '018e1234-abcd-7000-8000-000000000002',
        automation_id: '018e1234-abcd-7000-8000-0000000000a0',
        run_id: '018e1234-abcd-7000-8000-0000000000b0',
        status: 'succeeded',
        at: '2024-03-18T09:00:05.000Z',
      },
    },
  ),
)

export const SpaceEventQuery = closed({
  timeout_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 3600,
      description: 'Ends the stream after so many seconds; 0 answers with what there is. Default: it goes on.',
    }),
  ),
})
