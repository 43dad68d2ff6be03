import { type Static, Type } from '@sinclair/typebox'
import { closed, component, stringEnum } from '../component.ts'

export const MessageAction = component(
  'MessageAction',
  closed(
    {
      type: stringEnum(['message'], { description: 'Says something in a chat room of the space.' }),
      channel: Type.String({
        minLength: 1,
        maxLength: 100,
        description: 'The name of the room; it is made when missing.',
      }),
      text: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 10_000,
          description: 'A Liquid template. By default a digest of what the automations of the space did.',
        }),
      ),
    },
    {
      description: 'A message in a chat room of the space.',
      example: { type: 'message', channel: 'general', text: 'Good morning from {{ automation.name }}!' },
    },
  ),
)
export type MessageAction = Static<typeof MessageAction>
