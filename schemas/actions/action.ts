import type { Static } from '@sinclair/typebox'
import { component, taggedUnion } from '../component.ts'
import { HttpRequestAction } from './http-request.ts'
import { MessageAction } from './message.ts'
import { SocialPostAction } from './social-post.ts'

export const Action = component(
  'Action',
  taggedUnion('type', [MessageAction, HttpRequestAction, SocialPostAction], {
    description: 'What a trigger does.',
    example: { type: 'message', channel: 'general', text: 'Good morning!' },
  }),
)
export type Action = Static<typeof Action>
