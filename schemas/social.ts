import { type Static, Type } from '@sinclair/typebox'
import { stringEnum } from './component.ts'

export const SOCIAL_PROVIDERS = ['x', 'mastodon', 'bluesky', 'linkedin'] as const

/** Where it posts when the config names no provider. The config stays as it was sent. */
export const DEFAULT_SOCIAL_PROVIDER = 'x'

/** What a config says of a post: on which network, and what. */
export const POST_PROPERTIES = {
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
  made_with_ai: Type.Optional(Type.Boolean({ description: 'X: says that AI made the post.' })),
  paid_partnership: Type.Optional(Type.Boolean({ description: 'X: says that somebody paid for the post.' })),
  visibility: Type.Optional(
    stringEnum(['public', 'unlisted', 'private'], {
      description: 'Mastodon: who sees the post. Default: as the account has it.',
    }),
  ),
  language: Type.Optional(
    Type.String({
      pattern: '^[a-z]{2,3}$',
      maxLength: 3,
      description: 'Mastodon: the language of the post (ISO 639).',
      example: 'en',
    }),
  ),
  spoiler_text: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1000, description: 'Mastodon: a warning that the post stands behind.' }),
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
}

const PostConfig = Type.Object(POST_PROPERTIES)
export type PostConfig = Static<typeof PostConfig>
