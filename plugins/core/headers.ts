import cors from '@fastify/cors'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const EXPOSED = ['etag', 'location', 'retry-after', 'x-request-id', 'idempotency-replayed']

/** Headers of every answer. Those that only matter to pages that a browser shows are set where pages are. */
export default fp<{ corsOrigin: string[] }>(
  async (app, { corsOrigin }) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', request.id)
      reply.header('x-content-type-options', 'nosniff')
      // Answers hold tokens, and what only their reader may see.
      reply.header('cache-control', 'no-store')
    })
    if (corsOrigin.length === 0) return
    const options = { origin: corsOrigin, methods: METHODS, exposedHeaders: EXPOSED, maxAge: 600 }
    await app.register(cors, {
      // An OPTIONS that asks for nothing is refused like any other method, in the shape of every error.
      delegator: (request, done) => done(null, { ...options, preflight: isPreflight(request) }),
    })
  },
  { name: 'headers' },
)

/** What a browser sends before a request that a page could not make without leave (Fetch, CORS-preflight request). */
function isPreflight({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined
}
