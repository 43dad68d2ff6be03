import { Type } from '@sinclair/typebox'
import { closed, component, nullable, ref, stringEnum, timestamp, uuid } from './component.ts'

export const TunnelAgent = component(
  'TunnelAgent',
  closed(
    {
      id: Type.String({ description: 'Made by the agent when it starts.' }),
      name: nullable(
        Type.String({ description: 'What it calls itself, which is the name of its machine by default.' }),
      ),
      version: nullable(Type.String({ description: 'Of the agent.' })),
      address: Type.String({ description: 'Where it dials in from.' }),
      target: Type.String({ description: 'Where the service is that it leads to, as seen from the agent.' }),
      connected_at: timestamp('Since when it is connected.'),
      sessions: Type.Integer({ description: 'Connections that it keeps.' }),
      servers: Type.Integer({ description: 'On how many servers.' }),
      round_trip_ms: nullable(Type.Number({ description: 'How long a question to it and the answer take; or null.' })),
      is_healthy: nullable(
        Type.Boolean({ description: 'What the last health check found; null where there has been none.' }),
      ),
      health_status: nullable(
        Type.Integer({ description: 'What the service answered to it; null where it did not answer.' }),
      ),
      health_checked_at: nullable(timestamp('When that was, or null.')),
    },
    { description: 'A program beside a service, which carries the requests of visitors to it.' },
  ),
)

export const Tunnel = component(
  'Tunnel',
  closed(
    {
      url: Type.String({ description: 'Where visitors come in.', example: 'http://staging.localhost:8081' }),
      state: stringEnum(['connected', 'disconnected', 'paused'], {
        description:
          'Whether an agent is connected. `paused`: agents are not let in, because the automation is not active, or not whole.',
      }),
      token_set_at: nullable(timestamp('When the token of its agents was made; null without one.')),
      access_token_set_at: nullable(timestamp('When the token of its visitors was made; null without one.')),
      run_id: nullable(uuid('The run that lasts while agents are connected, and half a minute longer; or null.')),
      agents: Type.Array(ref(TunnelAgent), { description: 'The agents that are connected.' }),
      requests: Type.Integer({ description: 'Requests that came in since it was made.' }),
      bytes_in: Type.Integer({ description: 'Bytes of what visitors sent, without headers.' }),
      bytes_out: Type.Integer({ description: 'Bytes of what they got, without headers.' }),
    },
    { description: 'How a tunnel stands. The counters are a few seconds behind.' },
  ),
)

export const TunnelResponse = component(
  'TunnelResponse',
  closed({ tunnel: ref(Tunnel) }, { description: 'The tunnel of an automation.' }),
)

export const TunnelTokenResponse = component(
  'TunnelTokenResponse',
  closed(
    {
      token: Type.String({
        description: 'The token. It is shown this once.',
        example: 'tun_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      }),
    },
    { description: 'What agents show from now on; those with the token before are cut off.' },
  ),
)

export const TunnelAccessTokenResponse = component(
  'TunnelAccessTokenResponse',
  closed(
    {
      token: Type.String({
        description: 'The token, which programs send as the header `Tunnel-Access-Token`. It is shown this once.',
        example: 'vis_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      }),
      link: Type.String({
        description: 'A link for people: whoever opens it in a browser is let in there for 30 days.',
        example:
          'http://staging.localhost:8081/.well-known/tunnel-access?token=vis_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      }),
    },
    { description: 'What visitors show from now on; those with the token before are cut off.' },
  ),
)
