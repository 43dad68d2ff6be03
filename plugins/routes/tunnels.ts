import * as automations from '../../db/queries/automations.ts'
import * as tunnels from '../../db/queries/tunnels.ts'
import { ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { AutomationParams } from '../../schemas/params.ts'
import { TunnelAccessTokenResponse, TunnelResponse, TunnelTokenResponse } from '../../schemas/tunnels.ts'
import { makeAccessToken, makeTunnelToken } from '../../src/automations/tunnel-tokens.ts'
import { ApiError } from '../../src/errors.ts'
import { ACCESS_PATH } from '../../src/tunnels/access.ts'
import type { RoutePlugin } from '../route-plugin.ts'
import { writeObject, written } from '../written.ts'

const TAG = 'Tunnels'

/** The tunnels of automations: how they stand, and who may serve and enter them. */
const routes: RoutePlugin = async (app) => {
  const { db } = app
  const { tunnelsUrl } = app.settings.triggerUrls

  app.get(
    '',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'getTunnel',
        tags: [TAG],
        summary: 'Get a tunnel',
        description: 'Where it is reached, who serves it, and what has passed through it.',
        params: AutomationParams,
        response: { 200: written(TunnelResponse), ...errors(404) },
      },
    },
    async ({ space, params: { automationId: id } }, reply) => {
      const tunnel = await tunnels.show(db, space, id, tunnelsUrl)
      if (tunnel !== undefined) return writeObject(reply, { tunnel })
      const found = await automations.findShown(db, space, id)
      throw new ApiError(found === undefined ? 'automation_not_found' : 'tunnel_not_found')
    },
  )

  app.post(
    '/token',
    {
      config: { permission: 'files.write', peopleOnly: true },
      schema: {
        operationId: 'makeTunnelToken',
        tags: [TAG],
        summary: 'Make the token of its agents',
        description:
          'The one before ends at once, and agents that are connected with it are cut off. It is no part of what is approved.',
        params: AutomationParams,
        response: { 200: ref(TunnelTokenResponse), ...errors(404) },
      },
    },
    async ({ caller, space, params: { automationId: id } }, reply) =>
      reply.code(200).transact((trx) => makeTunnelToken(trx, caller, space, id)),
  )

  app.post(
    '/access-token',
    {
      config: { permission: 'files.write', peopleOnly: true },
      schema: {
        operationId: 'makeTunnelAccessToken',
        tags: [TAG],
        summary: 'Make the token of its visitors',
        description:
          'For a tunnel with `access: token`, whose visitors send it with each request, or open a link once. The one before ends at ' +
          'once, and its visitors are cut off.',
        params: AutomationParams,
        response: { 200: ref(TunnelAccessTokenResponse), ...errors(404) },
      },
    },
    async ({ caller, space, params: { automationId: id } }, reply) =>
      reply.code(200).transact(async (trx) => {
        const { token, subdomain } = await makeAccessToken(trx, caller, space, id)
        const link = new URL(`${ACCESS_PATH}?token=${token}`, tunnelsUrl.replace('*', subdomain))
        return { token, link: link.href }
      }),
  )
}

export default routes
