import { type Static, Type } from '@sinclair/typebox'
import { component, stringEnum } from '../component.ts'
import type { KindSchema } from './kind.ts'

export const ReverseTunnelConfig = component(
  'ReverseTunnelConfig',
  Type.Object(
    {
      protocol: Type.Optional(stringEnum(['http'], { description: 'What it carries. Default: `http`.' })),
      subdomain: Type.Optional(
        Type.String({
          pattern: '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$',
          maxLength: 63,
          description:
            'The first label of its host name (RFC 1035), of which there is one in an installation. One is made when it is left out.',
          example: 'staging',
        }),
      ),
      access: Type.Optional(
        stringEnum(['public', 'token'], {
          description: 'Who may come in: everybody, or who has the access token. Default: `token`.',
          example: 'token',
        }),
      ),
      allowed_paths: Type.Optional(
        Type.Array(Type.String({ pattern: '^/', maxLength: 2048 }), {
          minItems: 1,
          maxItems: 100,
          description:
            'What the paths of requests begin with, in whole segments: `/hooks` lets `/hooks/a` in, and not `/hooks2`. Default: any path.',
          example: ['/hooks/'],
        }),
      ),
      health_check: Type.Optional(
        Type.Object(
          {
            path: Type.String({
              pattern: '^/',
              maxLength: 2048,
              description: 'What is asked for.',
              example: '/healthz',
            }),
            interval_seconds: Type.Optional(
              Type.Integer({ minimum: 5, maximum: 86_400, description: 'How often. Default: 30.', example: 30 }),
            ),
          },
          { additionalProperties: true, description: 'How the service behind the tunnel is looked after.' },
        ),
      ),
      idle_timeout_seconds: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 86_400,
          description:
            'An upgraded connection (WebSocket), or a stream of events, on which nothing passes for so long is cut. Default: none is.',
          example: 300,
        }),
      ),
      max_streams: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 10_000,
          description: 'Requests and upgraded connections at a time, for each server. Default: 100.',
          example: 100,
        }),
      ),
      requests_per_minute: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          description:
            'Of one visitor (an IPv4 address, or the /64 of an IPv6 one), for each server. Default: any number.',
          example: 600,
        }),
      ),
      allowed_networks: Type.Optional(
        Type.Array(Type.String({ minLength: 2, maxLength: 50 }), {
          minItems: 1,
          maxItems: 100,
          description: 'Addresses and networks that visitors may come from. Default: any.',
          example: ['203.0.113.0/24'],
        }),
      ),
      host_header: Type.Optional(
        stringEnum(['keep', 'rewrite'], {
          description:
            'What `Host` the service sees: that of the visitor, or that of the address which the agent was given. Default: `keep`.',
          example: 'keep',
        }),
      ),
    },
    {
      additionalProperties: true,
      description:
        'What a `reverse_tunnel` automation exposes, and to whom. Keys that are not listed here are kept and returned.',
      example: { protocol: 'http', subdomain: 'staging', access: 'token', allowed_paths: ['/hooks/'] },
    },
  ),
)
export type ReverseTunnelConfig = Static<typeof ReverseTunnelConfig>

/** `reverse_tunnel`: a service behind NAT. */
export const reverseTunnelSchema: KindSchema = {
  name: 'reverse_tunnel',
  title: 'ReverseTunnel',
  config: ReverseTunnelConfig,
  input: {},
  example: { name: 'Staging preview', config: { protocol: 'http', subdomain: 'staging', access: 'token' } },
}
