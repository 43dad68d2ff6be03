import { type Static, Type } from '@sinclair/typebox'
import { component } from '../component.ts'
import { POST_PROPERTIES } from '../social.ts'
import type { KindSchema } from './kind.ts'

export const SocialPostConfig = component(
  'SocialPostConfig',
  Type.Object(
    {
      ...POST_PROPERTIES,
      schedule: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 500,
          description: 'A cron, as in `ScheduledConfig`, by which it posts by itself.',
          example: '0 9 * * MON',
        }),
      ),
      timezone: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 100,
          description: 'The IANA time zone of `schedule`. Default: UTC.',
          example: 'Europe/Berlin',
        }),
      ),
    },
    {
      additionalProperties: true,
      description:
        'What a `social_post` automation posts, and where. The credential is the `oauth_token` of the automation. Keys that ' +
        'are not listed here are kept and returned.',
      example: { provider: 'mastodon', instance_url: 'https://mastodon.example', default_text: 'We are live!' },
    },
  ),
)
export type SocialPostConfig = Static<typeof SocialPostConfig>

/** `social_post`: a post on a social network. */
export const socialPostSchema: KindSchema = {
  name: 'social_post',
  title: 'SocialPost',
  config: SocialPostConfig,
  input: {
    text: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 10_000,
        description: 'What to post instead of `default_text`, as it stands here.',
        example: 'We are live!',
      }),
    ),
  },
  example: {
    name: 'Launch announcement',
    config: { provider: 'mastodon', instance_url: 'https://mastodon.example', default_text: 'We are live!' },
  },
}
