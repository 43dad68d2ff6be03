import { type Static, Type } from '@sinclair/typebox'
import { closed, component, stringEnum, uuid } from '../component.ts'

export const SocialPostAction = component(
  'SocialPostAction',
  closed(
    {
      type: stringEnum(['social_post'], { description: 'Posts by another automation of the space.' }),
      automation_id: uuid(
        'The automation by which it posts: its network, and its credential. A person must have let it run.',
      ),
      text: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 10_000,
          description: 'A Liquid template. By default the text of that automation, filled in for this run.',
        }),
      ),
    },
    {
      description: 'A post on a social network, by an automation of the space that a person let run.',
      example: {
        type: 'social_post',
        automation_id: '01a21895-74c7-75e7-8ec5-8ef63681ac67',
        text: 'New: {{ event.body.title }}',
      },
    },
  ),
)
export type SocialPostAction = Static<typeof SocialPostAction>
