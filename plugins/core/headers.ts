import cors from '@fastify/cors'
import fp from 'fastify-plugin'

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
    if (corsOrigin.length > 0) await app.register(cors, { origin: corsOrigin, exposedHeaders: EXPOSED, maxAge: 600 })
  },
  { name: 'headers' },
)
