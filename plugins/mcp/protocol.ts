import { type AuthInfo, createMcpHandler, type Server } from '@modelcontextprotocol/server'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createToolServer } from './server.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions.ts'

/** What answers the requests of the protocol. */
export type Protocol = { handler: ReturnType<typeof createMcpHandler>; subscriptions: Subscriptions }

/** Makes the server of one request. */
export type CreateServer = (app: FastifyInstance, request: FastifyRequest, isModern: boolean) => Server

/** Makes that, by default with the tools of AI staff. With this file the library of the protocol is loaded. */
export function speak(app: FastifyInstance, createServer: CreateServer = createToolServer): Protocol {
  const handler = createMcpHandler(({ authInfo, era }) => createServer(app, askerOf(authInfo), era === 'modern'), {
    onerror: (error) => app.log.debug({ err: error }, 'mcp'),
  })
  return { handler, subscriptions: createSubscriptions(app, (request) => createServer(app, request, true)) }
}

/** Who asks travels along with the request: nothing of it is believed twice. */
function askerOf(authInfo: AuthInfo | undefined): FastifyRequest {
  const { request } = (authInfo?.extra ?? {}) as { request?: FastifyRequest }
  if (request === undefined) throw new Error('this request did not come by HTTP')
  return request
}
