import { type Static, Type } from '@sinclair/typebox'
import { component, stringEnum } from '../component.ts'
import type { KindSchema } from './kind.ts'

export const SOCIAL_PROVIDERS = ['x', 'mastodon', 'bluesky', 'linkedin'] as const

/** Where it posts when the config names no provider. The config stays as it was sent. */
export const DEFAULT_SOCIAL_PROVIDER = 'x'

export const SocialPostConfig = component(
  'SocialPostConfig',
  Type.Object(
    {
      provider: Type.Optional(
        stringEnum(SOCIAL_PROVIDERS, {
          description: `Where it posts. Default: \`${DEFAULT_SOCIAL_PROVIDER}\`.`,
          example: 'mastodon',
        }),
      ),
      default_text: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 10_000,
          description: 'A Liquid template: what is posted when a run brings no text of its own.',
          example: 'We are live!',
        }),
      ),
      schedule: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 500,
          description: 'A cron, as in `ScheduledConfig`, by which it posts by itself.',
          example: '0 9 * * MON',
        }),
      ),
      instance_url: Type.Optional(
        Type.String({
          format: 'uri',
          maxLength: 2048,
          description: 'Mastodon and Bluesky: the server of the account.',
          example: 'https://mastodon.example',
        }),
      ),
      identifier: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 253,
          description: 'Bluesky and LinkedIn: the account that posts, by its handle or URN.',
          example: 'hyperspeed.example.com',
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
